import { z } from 'zod';
import type { Signer } from '../engine/secret.ts';

const PURPOSE = 'upload';

const shape = z.object({ component: z.string(), expires: z.number() });

/** An URL that takes uploads of a component until the given time (milliseconds since 1970), any number of them. */
export function uploadUrl(signer: Signer, cloudUrl: string, component: string, expires: number): string {
	const token = signer.seal(PURPOSE, JSON.stringify({ component, expires }));
	return `${cloudUrl}/api/storage/upload?token=${token}`;
}

/** The component that a token allows uploads to, or why it does not. */
export function readUploadToken(
	signer: Signer,
	token: string,
	now: number
): { readonly component: string } | 'invalid' | 'expired' {
	const payload = signer.open(PURPOSE, token);
	if (payload === null) return 'invalid';
	const parsed = shape.safeParse(parseJson(payload));
	if (!parsed.success) return 'invalid';
	const { component, expires } = parsed.data;
	return expires > now ? { component } : 'expired';
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
