/** Random values from small pools, so that documents, ranges and validators meet. */
import fc from 'fast-check';
import type { Value } from 'convex/values';

/** What stands for an id, and for the creation time of a document. */
export const id = fc.nat(14).map((place) => `#${place}`);
export const time = fc.nat(14).map((place) => `@${place}`);

const bytes = (...of: number[]) => Uint8Array.from(of).buffer;
const plain: fc.Arbitrary<Value> = fc.oneof(
	{ weight: 6, arbitrary: fc.integer({ min: -2, max: 3 }) },
	{ weight: 2, arbitrary: fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 0.5, 1e21, Number.MIN_VALUE) },
	{ weight: 3, arbitrary: fc.constantFrom(-1n, 0n, 1n, 127n, 128n, -129n, 2n ** 63n - 1n, -(2n ** 63n), 70_000n) },
	{
		weight: 3,
		arbitrary: fc.constantFrom('', 'a', 'b', 'ab', 'a\0', '\0', 'é', '\u{ffff}', '\u{10000}', 'Z')
	},
	{ weight: 2, arbitrary: fc.constantFrom(true, false) },
	{ weight: 1, arbitrary: fc.constant(null) },
	{ weight: 1, arbitrary: fc.constantFrom(bytes(), bytes(0), bytes(0, 255), bytes(255), bytes(1)) }
);

/** Texts that are searched. */
const words = fc.constantFrom('a', 'ab', 'a b', 'B ab é', 'abc, a; a', 'zé Z', 'bc abc');

/** Values of one kind of program. */
export interface Values {
	readonly leaf: fc.Arbitrary<Value>;
	readonly value: fc.Arbitrary<Value>;
	/** Of a new document, or to be changed in one. */
	readonly fields: fc.Arbitrary<Record<string, Value>>;
}

/** With ids among them, also in fields that are indexed and searched, or without. */
function valuesWith(ids: boolean): Values {
	const leaf = ids ? fc.oneof({ weight: 16, arbitrary: plain }, { weight: 1, arbitrary: id }) : plain;
	const value: fc.Arbitrary<Value> = fc.oneof(
		{ weight: 8, arbitrary: leaf },
		{ weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }) },
		{ weight: 1, arbitrary: fc.dictionary(fc.constantFrom('x', 'y', 'xy', ''), leaf, dictionary(2)) }
	);
	const inner = fc.oneof(
		{ weight: 3, arbitrary: fc.record({ x: leaf }, { noNullPrototype: true }) },
		{
			weight: 1,
			arbitrary: fc.record({ x: leaf, y: fc.record({ z: leaf }, { noNullPrototype: true }) }, { noNullPrototype: true })
		},
		{ weight: 1, arbitrary: value }
	);
	const fields: fc.Arbitrary<Record<string, Value>> = fc.oneof(
		{
			weight: 8,
			arbitrary: fc.record(
				{ a: value, b: value, c: fc.oneof(leaf, words), o: inner, ref: ids ? fc.oneof(id, leaf) : leaf },
				{ requiredKeys: ['a'], noNullPrototype: true }
			)
		},
		{
			weight: 4,
			arbitrary: fc.record(
				{ a: fc.integer({ min: -2, max: 3 }), b: fc.constantFrom('a', 'b') },
				{ requiredKeys: ['a'], noNullPrototype: true }
			)
		},
		{ weight: 1, arbitrary: fc.record({ _id: id, a: leaf }, { noNullPrototype: true }) },
		{ weight: 1, arbitrary: fc.record({ _other: leaf }, { noNullPrototype: true }) },
		{ weight: 1, arbitrary: fc.constant({}) }
	);
	return { leaf, value, fields };
}

export const WITH_IDS = valuesWith(true);
export const WITHOUT_IDS = valuesWith(false);

/** A value, or undefined as the empty list. */
export function maybe(of: fc.Arbitrary<Value>): fc.Arbitrary<[] | [Value]> {
	return fc.oneof(
		{ weight: 9, arbitrary: of.map((one): [Value] => [one]) },
		{ weight: 1, arbitrary: fc.constant<[]>([]) }
	);
}

export function dictionary(maxKeys: number) {
	return { maxKeys, noNullPrototype: true };
}
