/** Starts somebody else's stateful emulator of a service on loopback. */
import { createEmulator } from 'emulate';
import { choosePort } from '../../scripts/product/ports.ts';

export interface RunningEmulator {
	/** Base URL, `http://127.0.0.1:<port>`. */
	readonly url: string;
	close(): Promise<void>;
}

/** The token the GitHub emulator knows as its user `octocat`. */
export const GITHUB_TOKEN = 'emulated-github-token';
/** A key in the shape of a Stripe test key; the Stripe emulator takes any. */
export const STRIPE_KEY = ['rk', 'test', 'emulated'].join('_');

/** The OAuth client that the Google emulator knows, and the two people who have accounts there. */
export const GOOGLE_CLIENT = { id: 'plumbline.apps.example.com', secret: 'emulated-google-secret' };
export const GOOGLE_USERS = ['ada@example.com', 'bob@example.com'] as const;

export interface GoogleEmulator extends RunningEmulator {
	/** Takes back every refresh token that was given. (It takes any access token for one of its own, given or not.) */
	revoke(): void;
}

/** A port on which nothing listens. */
export function freePort(): Promise<number> {
	return choosePort('PORT', null, 28_000 + Math.floor(Math.random() * 2_000), '127.0.0.1');
}

/** Google's sign-in, with real consent pages; `redirectUris` are what its client has registered. */
export async function startGoogle(redirectUris: readonly string[], wanted?: number): Promise<GoogleEmulator> {
	const port = wanted ?? (await freePort());
	// What it says of itself has to be what it is reached by.
	const url = `http://127.0.0.1:${port}`;
	const emulator = await createEmulator({
		service: 'google',
		port,
		baseUrl: url,
		seed: {
			google: {
				users: GOOGLE_USERS.map((email) => ({ email, name: email.split('@')[0] })),
				oauth_clients: [
					{
						client_id: GOOGLE_CLIENT.id,
						client_secret: GOOGLE_CLIENT.secret,
						name: 'Plumbline',
						redirect_uris: [...redirectUris]
					}
				]
			}
		}
	});
	return {
		url,
		close: () => emulator.close(),
		revoke: () => emulator.reset()
	};
}

/** Starts an empty emulator; `port` 0 takes a free one. */
export async function startEmulator(service: 'github' | 'stripe', port = 0): Promise<RunningEmulator> {
	const seed = {
		tokens: { [GITHUB_TOKEN]: { login: 'octocat', scopes: ['repo'] } },
		...(service === 'github' ? { github: { users: [{ login: 'octocat', name: 'The Octocat' }] } } : {})
	};
	const emulator = await createEmulator({ service, port, seed });
	const { port: bound } = new URL(emulator.url);
	return { url: `http://127.0.0.1:${bound}`, close: () => emulator.close() };
}
