import { pooledRandom } from '../values/randomPool.ts';

/** 128 bits. The same seed gives the same numbers. */
export type Seed = readonly [number, number, number, number];

/** A seed that nobody can guess. */
export function freshSeed(): Seed {
	const [a = 0, b = 0, c = 0, d = 1] = new Uint32Array(pooledRandom(16).slice().buffer);
	return [a, b, c, d];
}

/**
 * Numbers in [0, 1) with 32 bits each, by Chris Doty-Humphrey's sfc32 (PractRand). What `Math.random` gives within one
 * query or mutation: fixed by the call's seed, so that a call can be repeated. Not for secrets.
 */
export function seededRandom([first, second, third, fourth]: Seed): () => number {
	let a = first | 0;
	let b = second | 0;
	let c = third | 0;
	let counter = fourth | 0;
	const next = (): number => {
		const result = (((a + b) | 0) + counter) | 0;
		counter = (counter + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = ((c << 21) | (c >>> 11)) + result;
		return (result >>> 0) / 2 ** 32;
	};
	// The first results still show the seed.
	for (let round = 0; round < 12; round++) next();
	return next;
}
