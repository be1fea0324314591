import { randomBytes } from 'node:crypto';

/** Sixteen hex digits that name one request in error texts and logs. */
export function newRequestId(): string {
	return randomBytes(8).toString('hex');
}
