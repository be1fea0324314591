import fc from 'fast-check';
import type { Value } from 'convex/values';

const fieldName = fc
	.string({ minLength: 1, maxLength: 4, unit: 'grapheme-ascii' })
	.filter((name) => !name.startsWith('$') && name !== '__proto__');

const leaf: fc.Arbitrary<Value> = fc.oneof(
	fc.constant(null),
	fc.boolean(),
	fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
	fc.constantFrom(
		-129n,
		-128n,
		-1n,
		0n,
		1n,
		127n,
		128n,
		255n,
		256n,
		32_767n,
		32_768n,
		-32_769n,
		2n ** 31n,
		-(2n ** 31n) - 1n
	),
	fc.double(),
	fc.constantFrom(-0, 0, NaN, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE),
	fc.integer({ min: -3, max: 3 }),
	fc.string({ unit: 'binary', maxLength: 6 }),
	fc.constantFrom('', '\0', '\0\0', 'a\0', 'a\0b', 'a', 'ab', '\u{ffff}', '\u{10000}', 'é'),
	fc.uint8Array({ maxLength: 6 }).map((bytes) => Uint8Array.from(bytes).buffer),
	fc.constantFrom([0], [0, 255], [255], []).map((bytes) => Uint8Array.from(bytes).buffer)
);

/** Any Convex value, with the edges of every type. For tests. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 3, depthIdentifier: 'value' },
		{ weight: 5, arbitrary: leaf },
		{ weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
		{ weight: 1, arbitrary: fc.dictionary(fieldName, tie('value'), { maxKeys: 3, noNullPrototype: true }) }
	)
})).value;

export const valueOrUndefined: fc.Arbitrary<Value | undefined> = fc.oneof(
	{ weight: 9, arbitrary: anyValue },
	{ weight: 1, arbitrary: fc.constant(undefined) }
);
