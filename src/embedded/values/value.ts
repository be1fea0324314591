import { CommitTsPlaceholder, convexToJson, jsonToConvex } from 'convex/values';
import type { JSONValue, Value } from 'convex/values';
import { checkArrayLength, checkFieldCount, checkNesting, MAX_FIELD_NAME } from './bounds.ts';
import { DeveloperError } from './errors.ts';

export type ConvexObject = { readonly [field: string]: Value | undefined };

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** True for the plain objects that Convex stores as objects (not arrays, bytes, or the commit timestamp placeholder). */
export function isConvexObject(value: unknown): value is ConvexObject {
	return (
		typeof value === 'object' &&
		value !== null &&
		!Array.isArray(value) &&
		!(value instanceof ArrayBuffer) &&
		!(value instanceof CommitTsPlaceholder)
	);
}

/** Parses Convex JSON text. Throws a DeveloperError when the text is not a Convex value. */
export function parseValue(json: string): Value {
	const parsed: JSONValue = JSON.parse(json);
	return valueFromJson(parsed);
}

/** As `jsonToConvex`, with the fault as a DeveloperError. */
export function valueFromJson(json: JSONValue): Value {
	try {
		return jsonToConvex(json);
	} catch (error) {
		throw new DeveloperError('InvalidValue', error instanceof Error ? error.message : String(error));
	}
}

/** As `valueFromJson`, where `{"$undefined": null}` stands for undefined: what ranges, filters and patches carry. */
export function valueOrUndefinedFromJson(json: JSONValue): Value | undefined {
	return isUndefinedToken(json) ? undefined : valueFromJson(json);
}

/** The fields of a patch: a field that is `{"$undefined": null}` is present and undefined. */
export function patchFromJson(json: JSONValue): Record<string, Value | undefined> {
	if (typeof json !== 'object' || json === null || Array.isArray(json)) {
		throw new DeveloperError('InvalidValue', 'A document must be an object.');
	}
	const fields: Record<string, Value | undefined> = {};
	for (const [name, value] of Object.entries(json)) {
		checkFieldName(name);
		if (value !== undefined) fields[name] = valueOrUndefinedFromJson(value);
	}
	return fields;
}

function isUndefinedToken(json: JSONValue): boolean {
	return (
		typeof json === 'object' &&
		json !== null &&
		!Array.isArray(json) &&
		json.$undefined === null &&
		Object.keys(json).length === 1
	);
}

/**
 * Checks that a value can be stored and says how to write it: `plain` values are the same in JSON and in Convex JSON,
 * `encoded` ones hold bigints, bytes or special floats, `commitTs` ones hold the commit timestamp placeholder.
 */
type Encoding = 'plain' | 'encoded' | 'commitTs';

const knownFieldNames = new Set<string>();

/** Throws a DeveloperError when `name` cannot name a field. */
export function checkFieldName(name: string): void {
	if (knownFieldNames.has(name)) return;
	if (name.length > MAX_FIELD_NAME) {
		throw new DeveloperError('InvalidValue', `Field name is too long (${name.length} > maximum ${MAX_FIELD_NAME})`);
	}
	if (name.startsWith('$')) {
		throw new DeveloperError('InvalidValue', `Field name ${name} starts with '$', which is reserved.`);
	}
	// Assigning it would set the prototype and lose the field without a word.
	if (name === '__proto__') throw new DeveloperError('InvalidValue', 'Field name __proto__ is not supported.');
	for (let i = 0; i < name.length; i++) {
		const code = name.charCodeAt(i);
		if (code < 32 || code >= 127) {
			throw new DeveloperError(
				'InvalidValue',
				`Field name ${name} has invalid character '${name[i]}': Field names can only contain non-control ASCII characters`
			);
		}
	}
	if (knownFieldNames.size < 10_000) knownFieldNames.add(name);
}

function encodingOf(value: unknown, depth: number): Encoding {
	switch (typeof value) {
		case 'string':
		case 'boolean':
			return 'plain';
		case 'number':
			return Number.isFinite(value) && !Object.is(value, -0) ? 'plain' : 'encoded';
		case 'bigint':
			if (value > MAX_INT64 || value < MIN_INT64) {
				throw new DeveloperError('InvalidValue', `BigInt ${value} does not fit into a 64-bit signed integer.`);
			}
			return 'encoded';
		case 'object':
			break;
		default:
			throw new DeveloperError('InvalidValue', `${typeof value} is not a supported Convex type.`);
	}
	if (value === null) return 'plain';
	if (value instanceof ArrayBuffer) return 'encoded';
	if (value instanceof CommitTsPlaceholder) return 'commitTs';
	checkNesting(depth + 1);
	let encoding: Encoding = 'plain';
	const add = (child: Encoding) => {
		if (child !== 'plain' && encoding !== 'commitTs') encoding = child;
	};
	if (Array.isArray(value)) {
		checkArrayLength(value.length);
		for (const element of value) add(encodingOf(element, depth + 1));
		return encoding;
	}
	let count = 0;
	for (const [name, field] of Object.entries(value)) {
		if (field === undefined) continue;
		count++;
		checkFieldName(name);
		add(encodingOf(field, depth + 1));
	}
	checkFieldCount(count);
	return encoding;
}

function resolveCommitTs(value: Value, ts: bigint): Value {
	if (value instanceof CommitTsPlaceholder) return ts;
	if (Array.isArray(value)) return value.map((element) => resolveCommitTs(element, ts));
	if (!isConvexObject(value)) return value;
	const fields: Record<string, Value> = {};
	for (const [name, field] of Object.entries(value)) {
		if (field !== undefined) fields[name] = resolveCommitTs(field, ts);
	}
	return fields;
}

/** Convex JSON text of a value. Undefined fields are dropped. Throws a DeveloperError for what Convex cannot store. */
export function stringifyValue(value: Value): string {
	return JSON.stringify(encodingOf(value, 0) === 'plain' ? value : convexToJson(value));
}

/**
 * Checks the fields of a document and replaces commit timestamp placeholders. Returns the fields to index and their
 * Convex JSON text; the fields are the given object where nothing had to change.
 */
export function encodeFields(fields: ConvexObject, commitTs: () => bigint): { fields: ConvexObject; json: string } {
	const encoding = encodingOf(fields, 0);
	if (encoding === 'plain') return { fields, json: JSON.stringify(fields) };
	const defined: Record<string, Value> = {};
	for (const [name, value] of Object.entries(fields)) {
		if (value !== undefined) defined[name] = encoding === 'commitTs' ? resolveCommitTs(value, commitTs()) : value;
	}
	return { fields: defined, json: JSON.stringify(convexToJson(defined)) };
}

/** The value at a dotted path (`a.b`, split), or undefined when some part is absent or no object. */
export function valueAtPath(object: ConvexObject, path: readonly string[]): Value | undefined {
	let current: Value | undefined = object;
	for (const name of path) {
		if (!isConvexObject(current) || !Object.hasOwn(current, name)) return undefined;
		current = current[name];
	}
	return current;
}
