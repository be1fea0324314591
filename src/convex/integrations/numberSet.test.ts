import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packNumbers, unpackNumbers } from './numberSet.ts';

describe('packed numbers', () => {
	it('come back as they were', () => {
		const span = fc.constantFrom(10, 1_000, 300_000);
		const sets = span.chain((max) => fc.uniqueArray(fc.integer({ min: 0, max }), { maxLength: 400 }));
		fc.assert(
			fc.property(sets, (numbers) => {
				const set = new Set(numbers);
				expect(unpackNumbers(packNumbers(set))).toEqual(new Set([...set].toSorted((a, b) => a - b)));
			})
		);
	});
	it('are short whether they lie close or far apart', () => {
		const close = new Set(Array.from({ length: 20_000 }, (_, index) => 500_000 + index));
		expect(packNumbers(close).length).toBeLessThan(3_500);
		expect(packNumbers(new Set([1, 900_000])).length).toBeLessThan(20);
		expect(unpackNumbers(packNumbers(close))).toEqual(close);
	});
	it.each(['', 'else 1', 'bits ? AA', 'bits 1 ***', 'gaps 1 ?'])('are not made of %j', (text) => {
		expect(unpackNumbers(text)).toBeNull();
	});
});
