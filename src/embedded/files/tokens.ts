import type { Signer } from '../engine/secret.ts';

const PURPOSE = 'upload';

/** A token that allows uploads until the given time (milliseconds since 1970). */
export function uploadToken(signer: Signer, expires: number): string {
	return signer.seal(PURPOSE, String(expires));
}

/** Whether a token is ours and has not expired. */
export function uploadAllowed(signer: Signer, token: string, now: number): boolean {
	const payload = signer.open(PURPOSE, token);
	return payload !== null && Number(payload) > now;
}
