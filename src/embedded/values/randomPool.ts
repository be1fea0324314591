import { randomFillSync } from 'node:crypto';

/** Asking the system for a few bytes costs as much as for a few thousand. */
const POOL_SIZE = 8192;

let pool = randomFillSync(new Uint8Array(POOL_SIZE));
let used = 0;

/** Random bytes that nobody can guess and that are given once, at most a few thousand. */
export function pooledRandom(length: number): Uint8Array {
	if (used + length > POOL_SIZE) {
		pool = randomFillSync(new Uint8Array(POOL_SIZE));
		used = 0;
	}
	return pool.subarray(used, (used += length));
}
