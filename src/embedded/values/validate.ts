import type { JSONValue, Value } from 'convex/values';
import { compareValues } from './compare.ts';
import { displayValue } from './display.ts';
import { DeveloperError } from './errors.ts';
import { tryDecodeId } from './ids.ts';
import { isConvexObject, valueFromJson } from './value.ts';
import type { ConvexObject } from './value.ts';

/** The name of the table with this number, as the component that validates sees it; null when it knows none. */
export type TableResolver = (table: number) => string | null;

/** The first thing that is wrong with a value. */
interface Fault {
	/** Where, from the root: `.items[2].name`; empty for the root. */
	readonly path: string;
	/** The validator there, as source: `v.string()`. */
	readonly expected: string;
	/** The value there, as Convex shows it. */
	readonly got: string;
	/** The whole fault in Convex's words. */
	readonly message: string;
}

export interface Validator {
	/** Null when the value fits. */
	check(value: Value | undefined): Fault | null;
	/** The validator as source: `v.object({name: v.string()})`. */
	readonly source: string;
}

/** A fault on its way up: `path` grows at the front, the words are made at the root. */
interface Raw {
	path: string;
	readonly expected: string;
	readonly got: string;
	readonly words: (context: string) => string;
}

interface Node {
	readonly source: string;
	readonly check: (value: Value) => Raw | null;
}

/**
 * Compiles validator JSON, as `exportArgs()`, `exportReturns()` and a schema's `export()` give it, into a checker.
 * Throws a DeveloperError when the JSON is no validator.
 */
export function compileValidator(json: JSONValue, resolve: TableResolver): Validator {
	const node = compile(json, resolve);
	return {
		source: node.source,
		check(value) {
			// A function that returns nothing returns null; a missing root never reaches the nodes.
			const raw = node.check(value ?? null);
			if (raw === null) return null;
			const { path, expected, got } = raw;
			return { path, expected, got, message: raw.words(path === '' ? '' : `Path: ${path}`) };
		}
	};
}

function noMatch(value: Value, source: string): Raw {
	const got = displayValue(value);
	return {
		path: '',
		expected: source,
		got,
		words: (context) => `Value does not match validator.\n${context}\nValue: ${got}\nValidator: ${source}`
	};
}

function within(raw: Raw, step: string): Raw {
	raw.path = step + raw.path;
	return raw;
}

function leaf(source: string, fits: (value: Value) => boolean): Node {
	return { source, check: (value) => (fits(value) ? null : noMatch(value, source)) };
}

function compile(json: JSONValue, resolve: TableResolver): Node {
	const shape = fieldsOf(json);
	switch (shape.type) {
		case 'null':
			return leaf('v.null()', (value) => value === null);
		case 'number':
			return leaf('v.float64()', (value) => typeof value === 'number');
		case 'bigint':
			return leaf('v.int64()', (value) => typeof value === 'bigint');
		case 'commitTs':
			return leaf('v.commitTs()', (value) => typeof value === 'bigint' || isPlaceholder(value));
		case 'boolean':
			return leaf('v.boolean()', (value) => typeof value === 'boolean');
		case 'string':
			return leaf('v.string()', (value) => typeof value === 'string');
		case 'bytes':
			return leaf('v.bytes()', (value) => value instanceof ArrayBuffer);
		case 'any':
			return { source: 'v.any()', check: () => null };
		case 'literal':
			return compileLiteral(shape.value);
		case 'id':
			return compileId(shape.tableName, resolve);
		case 'array':
			return compileArray(compile(required(shape.value), resolve));
		case 'record':
			return compileRecord(
				compile(fieldType(shape.keys).type, resolve),
				compile(fieldType(shape.values).type, resolve)
			);
		case 'object':
			return compileObject(shape.value, resolve);
		case 'union':
			return compileUnion(shape.value, resolve);
		default:
			throw new DeveloperError('InvalidValidator', `Unknown validator type ${JSON.stringify(shape.type)}.`);
	}
}

function compileLiteral(json: JSONValue | undefined): Node {
	const literal = valueFromJson(required(json));
	const text =
		typeof literal === 'bigint'
			? '<bigint>'
			: typeof literal === 'number'
				? displayValue(literal)
				: JSON.stringify(literal);
	const source = `v.literal(${text})`;
	return {
		source,
		check(value) {
			if (value === literal && literal !== 0) return null;
			if (compareValues(value, literal) === 0) return null;
			const got = displayValue(value);
			const words = (context: string) => `\`${got}\` does not match literal validator \`${source}\`.${context}`;
			return { path: '', expected: source, got, words };
		}
	};
}

function compileId(table: JSONValue | undefined, resolve: TableResolver): Node {
	if (typeof table !== 'string') throw new DeveloperError('InvalidValidator', 'An id validator needs a table name.');
	const source = `v.id("${table}")`;
	return {
		source,
		check(value) {
			const id = typeof value === 'string' ? tryDecodeId(value) : '';
			const found = typeof id === 'string' ? null : resolve(id.table);
			if (found === table) return null;
			if (found === null) return noMatch(value, source);
			const got = displayValue(value);
			const owner = found.startsWith('_') ? 'a system table' : `table \`${found}\``;
			const words = (context: string) =>
				`Found ID ${got} from ${owner}, which does not match the table name in validator \`${source}\`.${context}`;
			return { path: '', expected: source, got, words };
		}
	};
}

function compileArray(element: Node): Node {
	const source = `v.array(${element.source})`;
	return {
		source,
		check(value) {
			if (!Array.isArray(value)) return noMatch(value, source);
			for (let i = 0; i < value.length; i++) {
				const raw = element.check(value[i] ?? null);
				if (raw !== null) return within(raw, `[${i}]`);
			}
			return null;
		}
	};
}

function compileRecord(keys: Node, values: Node): Node {
	const source = `v.record(${keys.source}, ${values.source})`;
	return {
		source,
		check(value) {
			if (!isConvexObject(value)) return noMatch(value, source);
			for (const [key, field] of Object.entries(value)) {
				if (field === undefined) continue;
				const badKey = keys.check(key);
				if (badKey !== null) return within(badKey, '.keys()');
				const badValue = values.check(field);
				if (badValue !== null) return within(badValue, '.values()');
			}
			return null;
		}
	};
}

function compileObject(json: JSONValue | undefined, resolve: TableResolver): Node {
	const fields = Object.entries(fieldsOf(required(json)))
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, field]) => {
			const { type, optional } = fieldType(field);
			return { name, optional, node: compile(type, resolve) };
		});
	const known = new Set(fields.map((field) => field.name));
	const sources = fields.map(
		({ name, optional, node }) => `${name}: ${optional ? `v.optional(${node.source})` : node.source}`
	);
	const source = `v.object({${sources.join(', ')}})`;
	const wrong = (object: ConvexObject, sentence: string): Raw => {
		const got = displayValue(object);
		const words = (context: string) => `${sentence}\n${context}\nObject: ${got}\nValidator: ${source}`;
		return { path: '', expected: source, got, words };
	};
	return {
		source,
		check(value) {
			if (!isConvexObject(value)) return noMatch(value, source);
			for (const { name, optional, node } of fields) {
				const field = Object.hasOwn(value, name) ? value[name] : undefined;
				if (field !== undefined) {
					const raw = node.check(field);
					if (raw !== null) return within(raw, `.${name}`);
				} else if (!optional) {
					return wrong(
						value,
						`Object is missing the required field \`${name}\`. Consider wrapping the field validator in \`v.optional(...)\` if this is expected.`
					);
				}
			}
			for (const name of Object.keys(value)) {
				if (!known.has(name) && value[name] !== undefined) {
					return wrong(value, `Object contains extra field \`${name}\` that is not in the validator.`);
				}
			}
			return null;
		}
	};
}

function compileUnion(json: JSONValue | undefined, resolve: TableResolver): Node {
	if (!Array.isArray(json)) throw new DeveloperError('InvalidValidator', 'A union validator needs a list of members.');
	const members = json.map((member) => compile(member, resolve));
	const source = `v.union(${members.map((member) => member.source).join(', ')})`;
	const [only] = members;
	// The fault of a single member says more than "no member fits".
	if (only !== undefined && members.length === 1) return { source, check: only.check };
	return leaf(source, (value) => members.some((member) => member.check(value) === null));
}

function fieldType(json: JSONValue | undefined): { type: JSONValue; optional: boolean } {
	const whole = required(json);
	const field = fieldsOf(whole);
	// Record keys are bare validators; fields and record values are wrapped.
	if (field.fieldType === undefined) return { type: whole, optional: false };
	return { type: field.fieldType, optional: field.optional === true };
}

function isPlaceholder(value: Value): boolean {
	return (
		typeof value === 'object' &&
		value !== null &&
		!isConvexObject(value) &&
		!Array.isArray(value) &&
		!(value instanceof ArrayBuffer)
	);
}

function fieldsOf(json: JSONValue): { [key: string]: JSONValue | undefined } {
	if (typeof json !== 'object' || json === null || Array.isArray(json)) {
		throw new DeveloperError('InvalidValidator', 'A validator must be an object.');
	}
	return json;
}

function required(json: JSONValue | undefined): JSONValue {
	if (json === undefined) throw new DeveloperError('InvalidValidator', 'A validator lacks one of its parts.');
	return json;
}
