import fc from 'fast-check';
import { convexToJson } from 'convex/values';
import type { Value } from 'convex/values';
import { expect, test } from 'vitest';
import { parseValue } from '../values/value.ts';
import { exportLine, importLine } from './json.ts';

const leaf: fc.Arbitrary<Value> = fc.oneof(
	fc.constant(null),
	fc.boolean(),
	fc.double(),
	fc.integer(),
	fc.constantFrom(-0, NaN, Infinity, 1e21, 5e-324, 2 ** 53, -(2 ** 63)),
	fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
	fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
	fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes).buffer)
);
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_ ]{0,6}$/);
const value = fc.letrec<{ value: Value }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 3 },
		leaf,
		fc.array(tie('value'), { maxLength: 4 }),
		fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true })
	)
})).value;

test('every value comes back from an export as it was', () => {
	fc.assert(
		fc.property(value, (field) => {
			const json = JSON.stringify(convexToJson({ field }));
			const line = exportLine(json);
			expect(line).not.toContain('\n');
			expect(parseValue(importLine(line, true))).toEqual({ field });
		})
	);
});

test.each([
	['{"a":5.0,"b":5,"c":-0.0,"d":1e3}', { a: 5, b: 5n, c: -0, d: 1000 }],
	['{"big":18446744073709551615}', { big: 2 ** 64 }]
])('%s is read as Convex reads it', (line, expected) => {
	expect(parseValue(importLine(line, true))).toEqual(expected);
});

test('numbers that people write are floats', () => {
	expect(parseValue(importLine('{"a":5,"b":-0}', false))).toEqual({ a: 5, b: -0 });
});
