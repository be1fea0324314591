'use node';
/**
 * The access token of one connection, kept fresh. However many actions and requests need it at once, the provider is
 * asked once: inside an action they share one promise, between actions a lease in the store (oauthTokens.ts), because
 * a refresh token may be good for a single use. Who does not get the lease reads the store again.
 *
 * The provider's "no" is believed only when the store still holds what was sent. If a renewal was cut off between the
 * provider's answer and the store, its token is lost: the next "no" says so, once, and nobody asks again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { IntegrationError } from './errors.ts';
import type { Bearer } from './http.ts';
import type { TokenSet } from './oauth.ts';

/** What a store answers to somebody who wants to renew the tokens he has seen. */
export type Turn =
	| { readonly state: 'yours'; readonly fence: number; readonly interrupted: boolean }
	/** Somebody else is at it, until then at most. */
	| { readonly state: 'taken'; readonly until: number }
	/** The store holds others by now. */
	| { readonly state: 'newer'; readonly held: HeldTokens }
	/** The provider has refused them for good. */
	| { readonly state: 'refused'; readonly sentence: string };

export interface HeldTokens {
	readonly tokens: TokenSet;
	/** What the store compares. */
	readonly version: string;
}

/** Where the tokens of a connection are kept. */
export interface TokenStore {
	begin(version: string): Promise<Turn>;
	/** Stores what the provider gave. What the store held was replaced meanwhile: that one comes back. */
	save(version: string, tokens: TokenSet): Promise<HeldTokens>;
	/** The provider says no. Anything but `refused`: go on with that. */
	refuse(fence: number, version: string, sentence: string): Promise<Turn>;
	/** Renewing failed for now. `doubtful`: the provider may have given new tokens all the same. */
	release(fence: number, doubtful: boolean): Promise<void>;
}

export interface TokenSourceOptions {
	readonly held: HeldTokens;
	readonly store: TokenStore;
	/** Asks the provider. Throws `auth` when the refresh token is no longer good. */
	readonly refresh: (tokens: TokenSet & { readonly refreshToken: string }) => Promise<TokenSet>;
	readonly now?: () => number;
	readonly sleep?: (ms: number) => Promise<void>;
}

const LOOK_AGAIN_MS = 250;
/** Longer than any lease; then something is wrong that waiting does not mend. */
const LONGEST_WAIT_MS = 120_000;
const INTERRUPTED =
	'A renewal of the access was cut off before its answer could be stored, and the provider does not accept the earlier one again. Reconnect to go on; what was fetched is kept.';

export class TokenSource implements Bearer {
	readonly #options: TokenSourceOptions;
	readonly #now: () => number;
	#held: HeldTokens;
	#renewal: Promise<string> | null = null;

	constructor(options: TokenSourceOptions) {
		this.#options = options;
		this.#now = options.now ?? Date.now;
		this.#held = options.held;
	}

	async token(): Promise<string> {
		const { accessToken, renewAt } = this.#held.tokens;
		if (renewAt === null || this.#now() < renewAt) return accessToken;
		return await this.#renew(null);
	}

	async renew(refused: string): Promise<string> {
		// Another request was refused with the same token, and has renewed it by now.
		if (this.#held.tokens.accessToken !== refused) return this.#held.tokens.accessToken;
		return await this.#renew(refused);
	}

	#renew(refused: string | null): Promise<string> {
		this.#renewal ??= this.#untilFresh(refused).finally(() => (this.#renewal = null));
		return this.#renewal;
	}

	async #untilFresh(refused: string | null): Promise<string> {
		const fresh = ({ accessToken, renewAt }: TokenSet) =>
			accessToken !== refused && (renewAt === null || this.#now() < renewAt);
		const giveUpAt = this.#now() + LONGEST_WAIT_MS;
		const { store, sleep = (ms) => delay(ms) } = this.#options;
		while (!fresh(this.#held.tokens)) {
			const turn = await store.begin(this.#held.version);
			if (turn.state === 'refused') throw new IntegrationError('auth', turn.sentence);
			if (turn.state === 'newer') this.#held = turn.held;
			if (turn.state === 'taken') await sleep(Math.min(LOOK_AGAIN_MS, Math.max(1, turn.until - this.#now())));
			const token = turn.state === 'yours' ? await this.#ask(turn, refused !== null) : null;
			if (token !== null) return token;
			if (this.#now() > giveUpAt)
				throw new IntegrationError('timeout', 'The access could not be renewed in time. The next sync tries again.');
		}
		return this.#held.tokens.accessToken;
	}

	/** Asks the provider in the name of all. null: the store has something to say after all. */
	async #ask(turn: { readonly fence: number; readonly interrupted: boolean }, forced: boolean): Promise<string | null> {
		const { store, refresh } = this.#options;
		const { tokens, version } = this.#held;
		const { fence } = turn;
		try {
			const { refreshToken } = tokens;
			if (refreshToken === null)
				throw new IntegrationError(
					'auth',
					'The access has run out, and the provider gave no means to renew it. Reconnect.'
				);
			const renewed = await refresh({ ...tokens, refreshToken });
			this.#held = await store.save(version, renewed);
			return this.#held.tokens.accessToken;
		} catch (error) {
			if (!(error instanceof IntegrationError)) throw error;
			if (error.kind !== 'auth') {
				await store.release(fence, error.kind !== 'config');
				// It was renewed ahead of its end: until then it is good.
				const { expiresAt } = tokens;
				if (!forced && error.kind !== 'config' && (expiresAt === null || this.#now() < expiresAt))
					return tokens.accessToken;
				throw error;
			}
			const sentence = turn.interrupted ? INTERRUPTED : error.message;
			const answer = await store.refuse(fence, version, sentence);
			if (answer.state === 'refused') throw new IntegrationError('auth', answer.sentence);
			if (answer.state === 'newer') this.#held = answer.held;
			return null;
		}
	}
}

/** A token that cannot be renewed: of a sign-in that has only just happened. */
export function fixedBearer(accessToken: string): Bearer {
	const refused = new IntegrationError(
		'auth',
		'The provider does not accept the access it has just given. Sign in again, and allow everything that is asked for.'
	);
	return { token: async () => accessToken, renew: () => Promise.reject(refused) };
}
