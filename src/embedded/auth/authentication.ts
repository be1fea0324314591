/** Who is calling: reads the credentials of a request or a sync message. */
import type { Identity } from '../engine/types.ts';
import type { AdminKey } from './adminKey.ts';
import { AuthenticationFailure } from './failure.ts';
import { parseProviders } from './providers.ts';
import type { Provider } from './providers.ts';
import { verifyToken } from './token.ts';

export interface Caller {
	readonly identity: Identity;
	/** Milliseconds since the epoch; null for an identity that does not expire. */
	readonly expiresAt: number | null;
}

/** What an Authenticate message of the sync protocol carries. */
export type Credentials =
	| { readonly tokenType: 'None' }
	| { readonly tokenType: 'User'; readonly value: string }
	| {
			readonly tokenType: 'Admin';
			readonly value: string;
			readonly impersonating?: Readonly<Record<string, unknown>> | null;
	  };

const NOBODY: Caller = { identity: { kind: 'none' }, expiresAt: null };

export class Authentication {
	readonly #adminKey: AdminKey;
	readonly #configured: () => Promise<readonly unknown[]>;
	#providers: Promise<Provider[]> | null = null;

	/** `configured` reads the providers of auth.config as they were evaluated (CLI JSON). */
	constructor(adminKey: AdminKey, configured: () => Promise<readonly unknown[]>) {
		this.#adminKey = adminKey;
		this.#configured = configured;
	}

	/** The providers may have changed: read them again before the next token. */
	forgetProviders(): void {
		this.#providers = null;
	}

	/** Reads an Authorization header: none, `Bearer <token>` or `Convex <admin key>`. */
	async fromHeader(header: string | undefined): Promise<Caller> {
		if (header === undefined || header === '') return NOBODY;
		const space = header.indexOf(' ');
		const scheme = header.slice(0, space).toLowerCase();
		const credentials = header.slice(space + 1).trim();
		if (scheme === 'bearer') return this.#user(credentials);
		if (scheme === 'convex') return { identity: this.#adminKey.identify(credentials), expiresAt: null };
		throw new AuthenticationFailure(
			'The Authorization header must begin with `Bearer ` or `Convex `.',
			'InvalidAuthHeader'
		);
	}

	/** Reads an Authenticate message. `takesAdminKey`: whether the key counts for who sent it. */
	async fromMessage(message: Credentials, takesAdminKey: boolean): Promise<Caller> {
		switch (message.tokenType) {
			case 'None':
				return NOBODY;
			case 'User':
				return this.#user(message.value);
			case 'Admin':
				if (!takesAdminKey)
					throw new AuthenticationFailure('A page cannot show an admin key here.', 'AdminKeyFromPage');
				return { identity: this.#adminKey.impersonate(message.value, message.impersonating), expiresAt: null };
		}
	}

	async #user(token: string): Promise<Caller> {
		this.#providers ??= this.#configured().then(parseProviders);
		const providers = await this.#providers.catch((error: unknown) => {
			this.#providers = null;
			throw error;
		});
		const { attributes, expiresAt } = await verifyToken(token, providers);
		return { identity: { kind: 'user', attributes }, expiresAt };
	}
}
