import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeId, encodeId, idLength, isId, tryDecodeId } from './ids.ts';

const tableNumber = fc.oneof(
	fc.integer({ min: 1, max: 200 }),
	fc.integer({ min: 10_001, max: 20_000 }),
	fc.integer({ min: 1, max: 0xffff_ffff })
);
const internalId = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('document ids', () => {
	test('round trip', () => {
		fc.assert(
			fc.property(tableNumber, internalId, (table, internal) => {
				const text = encodeId(table, internal);
				expect(text).toMatch(/^[0-9a-hjkmnp-tv-z]+$/);
				expect(text).toHaveLength(idLength(table));
				const decoded = decodeId(text);
				expect(decoded.table).toBe(table);
				expect([...decoded.internal]).toEqual([...internal]);
			}),
			{ numRuns: 2000 }
		);
	});

	test('user tables have 32 characters, system tables 31', () => {
		expect(idLength(10_001)).toBe(32);
		expect(idLength(1)).toBe(31);
	});

	test('an id with one character changed is refused, or is another id written in its only form', () => {
		fc.assert(
			fc.property(
				tableNumber,
				internalId,
				fc.nat(),
				fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyzilouABC-é'),
				(table, internal, at, character) => {
					const text = encodeId(table, internal);
					const i = at % text.length;
					const forged = text.slice(0, i) + character + text.slice(i + 1);
					const decoded = tryDecodeId(forged);
					if (typeof decoded !== 'string') expect(encodeId(decoded.table, decoded.internal)).toBe(forged);
					// Fletcher-16 modulo 256 catches every change of one character.
					if (forged !== text) expect(typeof decoded).toBe('string');
				}
			),
			{ numRuns: 2000 }
		);
	});

	test('ids order as their bytes', () => {
		fc.assert(
			fc.property(internalId, internalId, (a, b) => {
				const [x, y] = [encodeId(10_001, a), encodeId(10_001, b)];
				expect(Math.sign(Buffer.compare(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
			})
		);
	});

	test.each([
		['', 'Unable to decode ID: Invalid ID length 0'],
		['short', 'Unable to decode ID: Invalid ID length 5'],
		['u'.repeat(32), "Unable to decode ID: ID wasn't valid base32"],
		['0'.repeat(32), 'Unable to decode ID: Invalid table number']
	])('refuses %j in words', (text, words) => {
		expect(() => decodeId(text)).toThrow(words);
		expect(isId(text)).toBe(false);
	});
});
