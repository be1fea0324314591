import { pooledRandom } from './values/randomPool.ts';

/** Sixteen hex digits that name one request in error texts and logs. */
export function newRequestId(): string {
	return Buffer.from(pooledRandom(8)).toString('hex');
}
