import { valueAtPath } from '../values/value.ts';
import type { ConvexObject } from '../values/value.ts';
import type { IndexEntry } from './tableEntry.ts';
import { filterKeys, readFilterKeys } from './filterKeys.ts';

/**
 * A vector index has one entry for each document whose field is a list of as many floats as the index has dimensions:
 *
 *     filter keys · the vector at length one (float32, little endian) · internal id (16)
 *
 * Other documents are not in the index, as in the backend.
 */
const ID_LENGTH = 16;

export function vectorKeys(index: IndexEntry, fields: ConvexObject, internal: Uint8Array): Uint8Array[] {
	const value = valueAtPath(fields, index.paths[0] ?? []);
	if (!Array.isArray(value) || value.length !== index.dimensions) return [];
	const vector = new Float32Array(value.length);
	for (const [i, element] of value.entries()) {
		if (typeof element !== 'number') return [];
		vector[i] = element;
	}
	return [Buffer.concat([filterKeys(index, fields), new Uint8Array(normalized(vector).buffer), internal])];
}

/** The vector at length one; one of length zero, or whose length is no number, as it is. */
export function normalized(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
	let square = 0;
	for (const x of vector) square += x * x;
	const length = Math.sqrt(square);
	if (!(length > Number.EPSILON) || Math.abs(length - 1) < 1e-6) return vector;
	return vector.map((x) => x / length);
}

export interface VectorEntry {
	readonly filters: readonly Uint8Array[];
	/** Bytes of the vector. */
	readonly vector: Uint8Array;
	readonly internal: Uint8Array;
}

export function readVector(index: IndexEntry, key: Uint8Array): VectorEntry {
	const { keys, end } = readFilterKeys(index, key, 0);
	return { filters: keys, vector: key.subarray(end, -ID_LENGTH), internal: key.subarray(-ID_LENGTH) };
}
