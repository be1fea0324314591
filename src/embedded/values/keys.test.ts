import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareValues as convexCompare } from 'convex/values';
import { compareValues } from './compare.ts';
import { compareKeys, encodeKey, inc, keyAfter, prefixRange, rangeContains } from './keys.ts';
import { anyValue, valueOrUndefined } from './testValues.ts';

const hex = (key: Uint8Array) => Buffer.from(key).toString('hex');

describe('ordered keys', () => {
	test('bytes compare as the values do', () => {
		fc.assert(
			fc.property(valueOrUndefined, valueOrUndefined, (a, b) => {
				expect(Math.sign(compareKeys(encodeKey([a]), encodeKey([b])))).toBe(Math.sign(compareValues(a, b)));
			}),
			{ numRuns: 5000 }
		);
	});

	test('the order is that of the Convex client', () => {
		fc.assert(
			fc.property(valueOrUndefined, valueOrUndefined, (a, b) => {
				expect(Math.sign(compareValues(a, b))).toBe(Math.sign(convexCompare(a, b)));
			}),
			{ numRuns: 3000 }
		);
	});

	test('keys of several values compare value by value', () => {
		const several = fc.array(valueOrUndefined, { minLength: 2, maxLength: 2 });
		fc.assert(
			fc.property(several, several, (a, b) => {
				const expected = compareValues(a[0], b[0]) || compareValues(a[1], b[1]);
				expect(Math.sign(compareKeys(encodeKey(a), encodeKey(b)))).toBe(Math.sign(expected));
			}),
			{ numRuns: 3000 }
		);
	});

	test('a prefix range holds exactly the keys that start with the values', () => {
		fc.assert(
			fc.property(valueOrUndefined, valueOrUndefined, valueOrUndefined, (first, other, second) => {
				const range = prefixRange([first]);
				expect(rangeContains(range, encodeKey([first, second]))).toBe(true);
				expect(rangeContains(range, encodeKey([other, second]))).toBe(compareValues(first, other) === 0);
			})
		);
	});

	test('a string with a zero byte does not equal the shorter string', () => {
		expect(rangeContains(prefixRange(['']), encodeKey(['\0', 1]))).toBe(false);
		expect(rangeContains(prefixRange(['a']), encodeKey(['a\0b']))).toBe(false);
	});

	test('types follow each other in Convex order', () => {
		const ordered = [
			undefined,
			null,
			-1n,
			0n,
			1n,
			-Infinity,
			-1,
			-0,
			0,
			1,
			Infinity,
			NaN,
			false,
			true,
			'',
			'a',
			'\u{ffff}',
			'\u{10000}',
			new ArrayBuffer(0),
			[],
			[1],
			{},
			{ a: 1 }
		];
		const keys = ordered.map((value) => encodeKey([value]));
		expect(keys.toSorted(compareKeys).map(hex)).toEqual(keys.map(hex));
	});

	test.each([
		[undefined, '01'],
		[null, '03'],
		[0n, '08'],
		[1n, '0901'],
		[127n, '097f'],
		[128n, '0a0080'],
		[-1n, '07ff'],
		[-129n, '06ff7f'],
		[2n ** 63n - 1n, '0c7fffffffffffffff'],
		[1, '0dbff0000000000000'],
		[-1, '0d400fffffffffffff'],
		[NaN, '0dfff8000000000000'],
		[false, '0e'],
		[true, '0f'],
		['a\0b', '106100ff6200'],
		[Uint8Array.of(0, 1).buffer, '1100ff0100'],
		[[null, 'x'], '120310780000'],
		[{ b: true, a: 0n }, '156100086200' + '0f00']
	])('layout of %s', (value, expected) => {
		expect(hex(encodeKey([value]))).toBe(expected);
	});

	test('inc is the end of a prefix, keyAfter the very next key', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const key = encodeKey([value]);
				expect(compareKeys(key, keyAfter(key))).toBeLessThan(0);
				expect(compareKeys(keyAfter(key), inc(key))).toBeLessThan(0);
			})
		);
	});
});
