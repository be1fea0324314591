import type { Value } from 'convex/values';

/**
 * Convex's total order over values, written for being read: types in a fixed order, then within the type. Independent of
 * the embedded deployment's own comparison and of its byte keys, which are checked against it.
 */
export function order(a: Value | undefined, b: Value | undefined): number {
	const [left, right] = [rank(a), rank(b)];
	if (left !== right) return left - right;
	if (typeof a === 'bigint' && typeof b === 'bigint') return Number(a > b) - Number(a < b);
	if (typeof a === 'number' && typeof b === 'number') return orderOfLists(bits(a), bits(b), byNumber);
	if (typeof a === 'string' && typeof b === 'string') return orderOfLists(utf8(a), utf8(b), byNumber);
	if (a instanceof ArrayBuffer && b instanceof ArrayBuffer)
		return orderOfLists([...new Uint8Array(a)], [...new Uint8Array(b)], byNumber);
	if (Array.isArray(a) && Array.isArray(b)) return orderOfLists(a, b, order);
	if (isObject(a) && isObject(b)) return orderOfLists(pairs(a), pairs(b), order);
	return 0;
}

export type ObjectValue = { [field: string]: Value | undefined };

export function isObject(value: Value | undefined): value is ObjectValue {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ArrayBuffer);
}

/** The value at a dotted path, or undefined. */
export function at(object: ObjectValue, path: string): Value | undefined {
	return path
		.split('.')
		.reduce<Value | undefined>(
			(inside, name) => (isObject(inside) && Object.hasOwn(inside, name) ? inside[name] : undefined),
			object
		);
}

function rank(value: Value | undefined): number {
	if (value === undefined) return 0;
	if (value === null) return 1;
	if (typeof value === 'bigint') return 2;
	if (typeof value === 'number') return 3;
	if (typeof value === 'boolean') return value ? 5 : 4;
	if (typeof value === 'string') return 6;
	if (value instanceof ArrayBuffer) return 7;
	return Array.isArray(value) ? 8 : 9;
}

/** IEEE 754's total order: the bits as a number without a sign, with negative ones turned around. */
function bits(value: number): number[] {
	const view = new DataView(new ArrayBuffer(8));
	view.setFloat64(0, value);
	const negative = view.getUint8(0) >= 0x80;
	return [...new Uint8Array(view.buffer)].map((byte, i) => (negative ? byte ^ 0xff : i === 0 ? byte | 0x80 : byte));
}

function utf8(text: string): number[] {
	return [...new TextEncoder().encode(text)];
}

function pairs(object: ObjectValue): Value[] {
	return Object.entries(object)
		.filter(([, value]) => value !== undefined)
		.sort(([a], [b]) => order(a, b))
		.flatMap(([name, value]) => [name, value ?? null]);
}

function byNumber(a: number, b: number): number {
	return a - b;
}

function orderOfLists<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): number {
	for (const [i, left] of a.entries()) {
		const right = b[i];
		if (right === undefined) return 1;
		const sign = compare(left, right);
		if (sign !== 0) return sign;
	}
	return a.length - b.length;
}
