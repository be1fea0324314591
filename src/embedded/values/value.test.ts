import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convexToJson } from 'convex/values';
import type { Value } from 'convex/values';
import { compareValues } from './compare.ts';
import { anyValue } from './testValues.ts';
import {
	encodeFields,
	parseValue,
	patchFromJson,
	stringifyValue,
	valueAtPath,
	valueOrUndefinedFromJson
} from './value.ts';

describe('Convex JSON text', () => {
	test('every value survives the round trip, and says what the Convex client would say', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const text = stringifyValue(value);
				expect(compareValues(parseValue(text), value)).toBe(0);
				expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(convexToJson(value))));
			}),
			{ numRuns: 2000 }
		);
	});

	test.each<[string, unknown, string]>([
		['a function', () => 1, 'function is not a supported Convex type'],
		['a symbol', [Symbol('x')], 'symbol is not a supported Convex type'],
		['undefined in a list', [undefined], 'undefined is not a supported Convex type'],
		['a bigint over 64 bits', 2n ** 63n, 'does not fit'],
		['a bigint below 64 bits', -(2n ** 63n) - 1n, 'does not fit'],
		['a $ field', { a: { $b: 1 } }, "starts with '$'"],
		['a control character in a name', { 'a\n': 1 }, 'invalid character'],
		['an endless name', { ['x'.repeat(1025)]: 1 }, 'Field name is too long'],
		['deep nesting', Array.from({ length: 70 }).reduce<Value>((inner) => [inner], 1), 'too nested']
	])('refuses %s', (_, value, words) => {
		// What user code hands over at run time is not bound by types.
		const fields: Record<string, Value> = {};
		Object.defineProperty(fields, 'value', { value, enumerable: true });
		expect(() => encodeFields(fields, () => 0n)).toThrow(words);
	});

	test('undefined stands in ranges and patches, and nowhere else', () => {
		expect(valueOrUndefinedFromJson({ $undefined: null })).toBeUndefined();
		expect(patchFromJson({ a: { $undefined: null }, b: null })).toEqual({ a: undefined, b: null });
		expect(() => parseValue('{"a":{"$undefined":null}}')).toThrow();
		expect(() => patchFromJson([])).toThrow('must be an object');
		expect(() => patchFromJson(JSON.parse('{"__proto__":1}'))).toThrow('__proto__');
	});

	test('paths end at what is no object', () => {
		const document = { a: { b: [1], c: null } };
		expect(valueAtPath(document, ['a', 'b'])).toEqual([1]);
		expect(valueAtPath(document, ['a', 'c', 'd'])).toBeUndefined();
		expect(valueAtPath(document, ['a', 'b', '0'])).toBeUndefined();
		expect(valueAtPath(document, ['toString'])).toBeUndefined();
	});
});
