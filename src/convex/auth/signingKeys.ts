/** The signing keys as Better Auth's JWT plugin asks for them. */
import { symmetricDecrypt } from 'better-auth/crypto';
import type { JwtOptions } from 'better-auth/plugins/jwt';
import type { AuthBackend } from './options.ts';

type Keys = NonNullable<JwtOptions['adapter']>;
type Key = Awaited<ReturnType<NonNullable<Keys['createJwk']>>>;

const CLOCK_MS = 60_000;

/**
 * Keys of another `secret` than today's, as after a restore without keys, sign nothing: they are shown as expired, so that
 * the plugin makes a new one, and go on verifying the tokens that are out.
 */
export function signingKeys(secret: string, backend: Pick<AuthBackend, 'keepKey'>): Keys {
	let unopened: string[] = [];
	return {
		getJwks: async ({ context }) => {
			const keys = await context.adapter.findMany<Key>({ model: 'jwks' });
			const opened = await Promise.all(keys.map((key) => opens(secret, key)));
			unopened = keys.filter((_, index) => !opened[index]).map(({ id }) => id);
			// The plugin may have looked at the clock before it asked.
			const expiresAt = new Date(Date.now() - CLOCK_MS);
			return keys.map((key, index) => (opened[index] ? key : { ...key, expiresAt: key.expiresAt ?? expiresAt }));
		},
		createJwk: async (made) => {
			const kept = await backend.keepKey({ ...made, createdAt: Date.now() }, unopened);
			const { id, publicKey, privateKey, createdAt } = kept;
			return { ...made, id, publicKey, privateKey, createdAt: new Date(createdAt) };
		}
	};
}

async function opens(secret: string, { privateKey }: Key): Promise<boolean> {
	try {
		await symmetricDecrypt({ key: secret, data: JSON.parse(privateKey) });
		return true;
	} catch {
		return false;
	}
}
