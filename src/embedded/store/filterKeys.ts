import { hash } from 'node:crypto';
import type { Value } from 'convex/values';
import { encodeKey } from '../values/keys.ts';
import { valueAtPath } from '../values/value.ts';
import type { ConvexObject } from '../values/value.ts';
import type { IndexEntry } from './tableEntry.ts';

/** Keys of values that are this long or longer are kept as their hash. */
const HASHED = 32;

/** A value as search and vector indexes filter by it: equal values and no others have equal bytes. */
export function filterKey(value: Value | undefined): Uint8Array {
	const key = encodeKey([value]);
	return key.length < HASHED ? key : hash('sha256', key, 'buffer');
}

/** The filter fields of a document, each after its length in one byte. */
export function filterKeys(index: IndexEntry, fields: ConvexObject): Uint8Array {
	const parts: Uint8Array[] = [];
	for (const path of index.paths.slice(1)) {
		const key = filterKey(valueAtPath(fields, path));
		parts.push(Uint8Array.of(key.length), key);
	}
	return Buffer.concat(parts);
}

/** What one filter field must be: any of the given keys. `field` counts the filter fields of the index. */
export interface KeyFilter {
	readonly field: number;
	readonly anyOf: readonly Uint8Array[];
}

/** Takes apart what `filterKeys` wrote at `start`, and says where it ends. */
export function readFilterKeys(
	index: IndexEntry,
	bytes: Uint8Array,
	start: number
): { readonly keys: readonly Uint8Array[]; readonly end: number } {
	const keys: Uint8Array[] = [];
	let at = start;
	for (let field = 1; field < index.paths.length; field++) {
		const end = at + 1 + (bytes[at] ?? 0);
		keys.push(bytes.subarray(at + 1, end));
		at = end;
	}
	return { keys, end: at };
}

export function matchesFilter(keys: readonly Uint8Array[], { field, anyOf }: KeyFilter): boolean {
	const key = keys[field];
	return key !== undefined && anyOf.some((wanted) => Buffer.compare(wanted, key) === 0);
}
