import type { JSONValue, Value } from 'convex/values';
import type { KeyRange } from '../store/types.ts';
import { displayValue } from './display.ts';
import { DeveloperError } from './errors.ts';
import { encodeKey, inc } from './keys.ts';
import { valueOrUndefinedFromJson } from './value.ts';

/** One comparison of `withIndex(name, q => …)`. */
export interface RangeExpression {
	readonly type: 'Eq' | 'Gt' | 'Gte' | 'Lt' | 'Lte';
	readonly fieldPath: string;
	readonly value: Value | undefined;
}

const TYPES = ['Eq', 'Gt', 'Gte', 'Lt', 'Lte'] as const;

/** Reads the `range` of a query's IndexRange source, as `convex/server` sends it. */
export function parseRange(json: JSONValue): RangeExpression[] {
	if (!Array.isArray(json))
		throw new DeveloperError('InvalidIndexRange', 'An index range must be a list of comparisons.');
	return json.map((item) => {
		const expression = typeof item === 'object' && item !== null && !Array.isArray(item) ? item : {};
		const type = TYPES.find((known) => known === expression.type);
		const { fieldPath, value } = expression;
		if (type === undefined || typeof fieldPath !== 'string' || value === undefined) {
			throw new DeveloperError(
				'InvalidIndexRange',
				'A comparison of an index range needs a type, a field and a value.'
			);
		}
		return { type, fieldPath, value: valueOrUndefinedFromJson(value) };
	});
}

interface Bound {
	readonly value: Value | undefined;
	readonly inclusive: boolean;
}

interface SplitRange {
	readonly equalities: ReadonlyMap<string, Value | undefined>;
	readonly field: string | null;
	readonly lower: Bound | null;
	readonly upper: Bound | null;
}

/**
 * The keys that satisfy every expression. `index` (`table.by_day`) is for error texts; `fields` are the index's field
 * paths with the appended `_creationTime` and without `_id`. Throws a DeveloperError when the expressions do not
 * follow the order of the fields: equalities on a prefix, then at most one field with bounds.
 */
export function rangeFromExpressions(
	index: string,
	fields: readonly string[],
	expressions: readonly RangeExpression[]
): KeyRange {
	const split = splitRange(index, expressions);
	const allFields = [...fields, '_id'];
	const used = [...split.equalities.keys(), ...(split.field === null ? [] : [split.field])];
	for (const path of used) {
		if (!allFields.includes(path)) {
			throw new DeveloperError(
				'FieldNotInIndex',
				`The index range included a comparison with ${JSON.stringify(path)}, but ${index} with fields ${list(allFields)} doesn't index this field. For more information see https://docs.convex.dev/using/indexes.`
			);
		}
	}
	const equalityPaths = [...split.equalities.keys()].sort((a, b) => allFields.indexOf(a) - allFields.indexOf(b));
	const paths = split.field === null ? equalityPaths : [...equalityPaths, split.field];
	const wrong = paths.find((path, i) => path !== allFields[i]);
	if (wrong !== undefined) {
		throw new DeveloperError(
			'InvalidIndexRange',
			`Tried to query index ${index} but the query didn't use the index fields in order.\nIndex fields: ${list(allFields)}\nQuery fields: ${list(paths)}\nFirst incorrect field: ${wrong}\nFor more information see https://docs.convex.dev/using/indexes.`
		);
	}
	const prefix = equalityPaths.map((path) => split.equalities.get(path));
	const prefixKey = encodeKey(prefix);
	return { lower: lowerKey(prefix, prefixKey, split.lower), upper: upperKey(prefix, prefixKey, split.upper) };
}

function lowerKey(prefix: readonly (Value | undefined)[], prefixKey: Uint8Array, bound: Bound | null): Uint8Array {
	if (bound === null) return prefixKey;
	const key = encodeKey([...prefix, bound.value]);
	return bound.inclusive ? key : inc(key);
}

function upperKey(prefix: readonly (Value | undefined)[], prefixKey: Uint8Array, bound: Bound | null): Uint8Array {
	if (bound === null) return inc(prefixKey);
	const key = encodeKey([...prefix, bound.value]);
	return bound.inclusive ? inc(key) : key;
}

function splitRange(index: string, expressions: readonly RangeExpression[]): SplitRange {
	const equalities = new Map<string, Value | undefined>();
	let field: string | null = null;
	let lower: Bound | null = null;
	let upper: Bound | null = null;
	for (const { type, fieldPath, value } of expressions) {
		if (type === 'Eq') {
			if (equalities.has(fieldPath)) throw alreadyDefined('equality', fieldPath, '==', equalities.get(fieldPath));
			equalities.set(fieldPath, value);
			continue;
		}
		const isLower = type === 'Gt' || type === 'Gte';
		const inclusive = type === 'Gte' || type === 'Lte';
		if ((isLower ? lower : upper) !== null) {
			throw alreadyDefined(
				isLower ? 'lower' : 'upper',
				fieldPath,
				`${isLower ? '>' : '<'}${inclusive ? '=' : ''}`,
				value
			);
		}
		if (field !== null && field !== fieldPath) {
			throw new DeveloperError(
				'BoundsOnMultipleFields',
				`Upper and lower bounds in \`range\` can only be applied to a single index field. This query against index ${index} attempted to set a range bound on both ${JSON.stringify(field)} and ${JSON.stringify(fieldPath)}. Consider using \`filter\` instead. See https://docs.convex.dev/using/indexes for more info.`
			);
		}
		field = fieldPath;
		if (isLower) lower = { value, inclusive };
		else upper = { value, inclusive };
	}
	if (field !== null && equalities.has(field)) throw alreadyDefined('inequality', field, '==', equalities.get(field));
	return { equalities, field, lower, upper };
}

function alreadyDefined(kind: string, path: string, comparator: string, value: Value | undefined): DeveloperError {
	return new DeveloperError(
		'AlreadyDefinedBound',
		`Already defined ${kind} bound in index range. Can't add ${JSON.stringify(path)} ${comparator} ${displayValue(value)}.`
	);
}

function list(paths: readonly string[]): string {
	return `[${paths.map((path) => JSON.stringify(path)).join(', ')}]`;
}
