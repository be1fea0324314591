import { convexToJson, getConvexSize } from 'convex/values';
import type { Value } from 'convex/values';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayBytes } from './bounds.ts';
import { measureJson, mayExceed } from './measure.ts';

const leaf: fc.Arbitrary<Value> = fc.oneof(
	fc.constant(null),
	fc.boolean(),
	fc.double(),
	fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
	fc.string({ unit: 'grapheme' }),
	fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0001', 'é', '€', '😀', '$', 'a') }),
	fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes).buffer)
);
const fieldName = fc.string({ unit: fc.constantFrom('a', 'B', '_', '"', '\\', ' ', '~'), maxLength: 5 });
const { value } = fc.letrec<{ value: Value }>((tie) => ({
	value: fc.oneof(
		{ depthSize: 'small' },
		leaf,
		fc.array(tie('value'), { maxLength: 5 }),
		fc.dictionary(fieldName, tie('value'), { maxKeys: 5, noNullPrototype: true })
	)
}));

function nestingOf(of: Value): number {
	if (Array.isArray(of)) return 1 + Math.max(0, ...of.map(nestingOf));
	if (typeof of !== 'object' || of === null || of instanceof ArrayBuffer) return 0;
	return 1 + Math.max(0, ...Object.values(of).map((field) => nestingOf(field ?? null)));
}

function isPlain(of: Value): boolean {
	if (typeof of === 'bigint' || of instanceof ArrayBuffer) return false;
	if (typeof of === 'number') return Number.isFinite(of) && !Object.is(of, -0);
	if (typeof of !== 'object' || of === null) return true;
	return Object.entries(of).every(([name, field]) => !name.startsWith('_') && isPlain(field ?? null));
}

describe('measureJson', () => {
	it('says what Convex counts of any value', () => {
		fc.assert(
			fc.property(value, (of) => {
				const text = JSON.stringify(convexToJson(of));
				const size = getConvexSize(of);
				expect(measureJson(text)).toEqual({ size, nesting: nestingOf(of), plain: isPlain(of) });
				expect(mayExceed(text.length, size - 1)).toBe(true);
			}),
			{ numRuns: 1_000 }
		);
	});

	it('accepts up to each bound and refuses beyond it', () => {
		const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
		const list = (length: number): string => JSON.stringify(Array.from({ length }, () => 0));
		const object = (length: number): string =>
			JSON.stringify(Object.fromEntries(Array.from({ length }, (_, i) => [`f${i}`, null])));
		expect(measureJson(nested(64)).nesting).toBe(64);
		expect(() => measureJson(nested(65))).toThrow('Value is too nested (nested 65 levels deep > maximum nesting 64)');
		expect(measureJson(list(8_192)).size).toBe(2 + 9 * 8_192);
		expect(() => measureJson(list(8_193))).toThrow('Array length is too long (8193 > maximum length 8192)');
		expect(() => measureJson(JSON.stringify({ '€': 1 }))).toThrow('has invalid character');
		expect(() => measureJson(JSON.stringify({ a: { $x: 1 } }))).toThrow(
			"Field name $x starts with '$', which is reserved."
		);
		expect(() => measureJson(JSON.stringify({ ['f'.repeat(1_025)]: 1 }))).toThrow(
			'Field name is too long (1025 > maximum 1024)'
		);
		expect(() => measureJson(JSON.stringify(['\ud800']))).toThrow('lone surrogate');
		expect(measureJson(JSON.stringify({ ['f'.repeat(1_024)]: '\ud83d\ude00' })).size).toBe(2 + 1_025 + 6);
		expect(measureJson(object(1_024)).nesting).toBe(1);
		expect(() => measureJson(object(1_025))).toThrow('Object has too many fields (1025 > maximum number 1024)');
	});
});

it('prints bytes as Convex does', () => {
	expect([0, 1, 1024, 1 << 20, 16 << 20, 1_300_000].map(displayBytes)).toEqual([
		'0 B',
		'1 B',
		'1 KiB',
		'1 MiB',
		'16 MiB',
		'1.24 MiB'
	]);
});
