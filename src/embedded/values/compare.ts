import type { Value } from 'convex/values';
import { CommitTsPlaceholder } from 'convex/values';
import { isConvexObject } from './value.ts';

/**
 * Convex's total order over values: undefined < null < int64 < float64 < false < true < string < bytes < array < object.
 * Strings compare as UTF-8, floats by IEEE 754 total order (-0 < 0, NaN last). Negative, zero or positive.
 */
export function compareValues(a: Value | undefined, b: Value | undefined): number {
	const rank = rankOf(a) - rankOf(b);
	if (rank !== 0) return rank;
	if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
	if (typeof a === 'number' && typeof b === 'number') return compareFloats(a, b);
	if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
	if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) return Buffer.compare(new Uint8Array(a), new Uint8Array(b));
	if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b);
	if (isConvexObject(a) && isConvexObject(b)) return compareArrays(flatten(a), flatten(b));
	return 0;
}

/** Order of two strings by their UTF-8 bytes. */
function compareStrings(a: string, b: string): number {
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const x = a.charCodeAt(i);
		const y = b.charCodeAt(i);
		if (x === y) continue;
		// Surrogates sort below U+E000 in UTF-16 and above it in UTF-8.
		return x < 0xd800 || y < 0xd800 ? x - y : Buffer.compare(Buffer.from(a), Buffer.from(b));
	}
	return a.length - b.length;
}

function compareFloats(a: number, b: number): number {
	if (a < b) return -1;
	if (a > b) return 1;
	if (a === b) return a !== 0 ? 0 : Number(Object.is(b, -0)) - Number(Object.is(a, -0));
	return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareArrays(a: readonly (Value | undefined)[], b: readonly (Value | undefined)[]): number {
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const order = compareValues(a[i], b[i]);
		if (order !== 0) return order;
	}
	return a.length - b.length;
}

function flatten(object: { readonly [field: string]: Value | undefined }): Value[] {
	const flat: Value[] = [];
	for (const name of Object.keys(object).sort()) {
		const value = object[name];
		if (value !== undefined) flat.push(name, value);
	}
	return flat;
}

function rankOf(value: Value | undefined): number {
	switch (typeof value) {
		case 'undefined':
			return 0;
		case 'bigint':
			return 2;
		case 'number':
			return 3;
		case 'boolean':
			return value ? 5 : 4;
		case 'string':
			return 6;
		default:
			if (value === null) return 1;
			if (value instanceof ArrayBuffer) return 7;
			if (Array.isArray(value)) return 8;
			return value instanceof CommitTsPlaceholder ? 2 : 9;
	}
}
