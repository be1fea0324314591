import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshSeed, seededRandom, type Seed } from './random.ts';

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const seeds: fc.Arbitrary<Seed> = fc.tuple(word, word, word, word);
const take = (seed: Seed, count: number) => {
	const random = seededRandom(seed);
	return Array.from({ length: count }, () => random());
};

describe('seededRandom', () => {
	it('repeats itself for the same seed, and stays within [0, 1)', () => {
		fc.assert(
			fc.property(seeds, (seed) => {
				const numbers = take(seed, 50);
				expect(take(seed, 50)).toEqual(numbers);
				expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
			})
		);
	});

	it('differs between calls', () => {
		expect(take(freshSeed(), 8)).not.toEqual(take(freshSeed(), 8));
	});

	it('is spread evenly: each tenth gets about a tenth', () => {
		const counts = new Array<number>(10).fill(0);
		for (const number of take([1, 2, 3, 4], 100_000)) counts[Math.floor(number * 10)]! += 1;
		for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
	});
});
