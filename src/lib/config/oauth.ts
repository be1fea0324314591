/** Who gives out access by OAuth 2, as far as everybody, the browser included, may know. */

export type OAuthProviderId = 'google';

/** One provider serves a family of integrations: one OAuth client, one redirect URI, many scopes. */
export interface OAuthProvider {
	readonly id: OAuthProviderId;
	readonly name: string;
	/** Issuer identifier: what `iss` says in answers and identity tokens. `INTEGRATION_BASE_URL_<ID>` replaces it. */
	readonly issuer: string;
	readonly authorizationEndpoint: string;
	readonly tokenEndpoint: string;
	/** Asked for besides what the metrics need, to say whose account it is. */
	readonly identityScopes: readonly string[];
	/** Further parameters of the authorization request. */
	readonly parameters: Readonly<Record<string, string>>;
	/** Where an operator makes the OAuth client. */
	readonly clientsUrl: string;
}

export const OAUTH_PROVIDERS: Readonly<Record<OAuthProviderId, OAuthProvider>> = {
	google: {
		id: 'google',
		name: 'Google',
		issuer: 'https://accounts.google.com',
		authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
		tokenEndpoint: 'https://oauth2.googleapis.com/token',
		identityScopes: ['openid', 'email'],
		// Google gives a refresh token only to who asks for offline access, and again only after asking the person again.
		parameters: { access_type: 'offline', prompt: 'consent' },
		clientsUrl: 'https://console.cloud.google.com/apis/credentials'
	}
};

/** The provider of that id, or null. */
export function oauthProviderOf(id: string): OAuthProvider | null {
	return Object.values(OAUTH_PROVIDERS).find((provider) => provider.id === id) ?? null;
}

/** The path to which a provider sends people back; each provider has its own, so none can answer for another. */
export function callbackPath(provider: OAuthProviderId): `/oauth/${OAuthProviderId}/callback` {
	return `/oauth/${provider}/callback`;
}

/** Names of the environment variables that hold a provider's client id and secret. */
export function clientVariables(provider: OAuthProviderId): { readonly id: string; readonly secret: string } {
	const prefix = `PLUMBLINE_${provider.toUpperCase()}`;
	return { id: `${prefix}_CLIENT_ID`, secret: `${prefix}_CLIENT_SECRET` };
}
