'use node';
/**
 * The provider's side of OAuth: where its endpoints are, what is asked of them through `oauth4webapi`, and what their
 * refusals mean. Every request goes through lib/http.ts. Nothing is sent twice: a code and a refresh token may be good
 * for one use only.
 *
 * `INTEGRATION_BASE_URL_<PROVIDER>` puts another issuer in the provider's place (an emulator, a proxy); its endpoints are
 * then read from its `/.well-known/openid-configuration`.
 */
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { OAUTH_PROVIDERS } from '../../lib/config/oauth.ts';
import type { OAuthProvider, OAuthProviderId } from '../../lib/config/oauth.ts';
import type { Identity } from './contract.ts';
import { IntegrationError } from './errors.ts';
import { createHttpClient } from './http.ts';
import { isRetried } from './retry.ts';

/** Who we are to the provider. */
export interface OAuthClient {
	readonly clientId: string;
	readonly clientSecret: string;
}

/** What is sealed for a connection that signs in by OAuth. */
export const tokenSet = z.object({
	accessToken: z.string(),
	/** null: the provider gave none, so that access ends with the token. */
	refreshToken: z.string().nullable(),
	/** From when on a new access token is fetched, and when this one ends; null: it does not end. ms since 1970. */
	renewAt: z.number().nullable(),
	expiresAt: z.number().nullable(),
	scopes: z.array(z.string()),
	/** The client that the tokens were given to; no other can renew them. */
	clientId: z.string(),
	identity: z.object({ subject: z.string(), name: z.string() }).nullable()
});
export type TokenSet = z.infer<typeof tokenSet>;

const DEADLINE_MS = 15_000;
/** New tokens are fetched this long before the old ones end, or after three quarters of a shorter life. */
const AHEAD_MS = 5 * 60_000;

interface Transport {
	readonly [oauth.customFetch]: typeof fetch;
	readonly [oauth.allowInsecureRequests]: boolean;
}

/** A provider as one client sees it. */
export class OAuthExchange {
	readonly provider: OAuthProvider;
	readonly #client: OAuthClient;
	readonly #server: oauth.AuthorizationServer;
	readonly #options: Transport;

	private constructor(
		provider: OAuthProvider,
		client: OAuthClient,
		server: oauth.AuthorizationServer,
		options: Transport
	) {
		this.provider = provider;
		this.#client = client;
		this.#server = server;
		this.#options = options;
	}

	/** Throws when the address is refused, or the replaced issuer does not say where its endpoints are. */
	static async open(id: OAuthProviderId, client: OAuthClient, secrets: readonly string[] = []): Promise<OAuthExchange> {
		const provider = OAUTH_PROVIDERS[id];
		const replaced = process.env[`INTEGRATION_BASE_URL_${id.toUpperCase()}`];
		const allowPrivate = process.env.PLUMBLINE_ALLOW_PRIVATE_HOSTS === '1';
		const http = createHttpClient({
			integrationId: id,
			baseUrl: replaced ? replaced : undefined,
			allowedHosts: replaced ? null : [new URL(provider.tokenEndpoint).host],
			allowPrivate,
			secrets: [client.clientSecret, ...secrets],
			tries: 1,
			deadlineMs: DEADLINE_MS
		});
		const options = { [oauth.customFetch]: http.fetch, [oauth.allowInsecureRequests]: allowPrivate };
		const server = replaced ? await discover(provider, new URL(replaced), options) : serverOf(provider);
		return new OAuthExchange(provider, client, server, options);
	}

	/** Where the browser goes to ask for access. */
	async authorizationUrl(ask: {
		readonly redirectUri: string;
		readonly scopes: readonly string[];
		readonly state: string;
		readonly verifier: string;
	}): Promise<string> {
		const url = new URL(this.#server.authorization_endpoint ?? '');
		const parameters = {
			...this.provider.parameters,
			client_id: this.#client.clientId,
			redirect_uri: ask.redirectUri,
			response_type: 'code',
			scope: ask.scopes.join(' '),
			state: ask.state,
			code_challenge: await oauth.calculatePKCECodeChallenge(ask.verifier),
			code_challenge_method: 'S256'
		};
		for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
		return url.href;
	}

	/** Turns what the provider sent back with the browser into tokens. Throws IntegrationError. */
	async redeem(
		answer: URLSearchParams,
		expected: { readonly state: string; readonly verifier: string; readonly redirectUri: string },
		now: number
	): Promise<TokenSet> {
		const client = { client_id: this.#client.clientId };
		const parameters = await this.#told('answer', async () =>
			oauth.validateAuthResponse(this.#server, client, answer, expected.state)
		);
		return await this.#told('code', async () => {
			const response = await oauth.authorizationCodeGrantRequest(
				this.#server,
				client,
				oauth.ClientSecretPost(this.#client.clientSecret),
				parameters,
				expected.redirectUri,
				expected.verifier,
				this.#options
			);
			const tokens = await oauth.processAuthorizationCodeResponse(this.#server, client, response);
			return this.#tokenSet(tokens, { refreshToken: null, scopes: [], identity: identityIn(tokens) }, now);
		});
	}

	/** Fetches new tokens. What the answer does not say again stays as it was. Throws IntegrationError; `auth`: for good. */
	async refresh(held: TokenSet & { readonly refreshToken: string }, now: number): Promise<TokenSet> {
		const client = { client_id: this.#client.clientId };
		return await this.#told('refresh', async () => {
			const response = await oauth.refreshTokenGrantRequest(
				this.#server,
				client,
				oauth.ClientSecretPost(this.#client.clientSecret),
				held.refreshToken,
				this.#options
			);
			return this.#tokenSet(await oauth.processRefreshTokenResponse(this.#server, client, response), held, now);
		});
	}

	#tokenSet(
		tokens: oauth.TokenEndpointResponse,
		before: Pick<TokenSet, 'refreshToken' | 'scopes' | 'identity'>,
		now: number
	): TokenSet {
		const lifetime = tokens.expires_in === undefined ? null : tokens.expires_in * 1000;
		return {
			accessToken: tokens.access_token,
			refreshToken: tokens.refresh_token ?? before.refreshToken,
			renewAt: lifetime === null ? null : now + lifetime - Math.min(AHEAD_MS, lifetime / 4),
			expiresAt: lifetime === null ? null : now + lifetime,
			scopes: tokens.scope?.split(/\s+/).filter(Boolean) ?? [...before.scopes],
			clientId: this.#client.clientId,
			identity: before.identity
		};
	}

	async #told<Answer>(purpose: Purpose, ask: () => Promise<Answer>): Promise<Answer> {
		try {
			return await ask();
		} catch (error) {
			throw refusal(error, this.provider.name, purpose);
		}
	}
}

/** What is being done when something goes wrong: reading what came back with the browser, or asking for tokens. */
type Purpose = 'answer' | 'code' | 'refresh';

function serverOf({ issuer, authorizationEndpoint, tokenEndpoint }: OAuthProvider): oauth.AuthorizationServer {
	return { issuer, authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint };
}

async function discover(provider: OAuthProvider, issuer: URL, options: Transport): Promise<oauth.AuthorizationServer> {
	try {
		const response = await oauth.discoveryRequest(issuer, options);
		const server = await oauth.processDiscoveryResponse(issuer, response);
		if (!server.authorization_endpoint || !server.token_endpoint) throw new Error('endpoints are missing');
		return server;
	} catch (error) {
		if (error instanceof IntegrationError) throw error;
		const message = `${issuer.origin}, which stands in for ${provider.name}, does not say where its endpoints are.`;
		throw new IntegrationError('config', message, {}, error);
	}
}

/** Who signed in. The token came from the provider itself over a checked connection, so its signature adds nothing. */
function identityIn(tokens: oauth.TokenEndpointResponse): Identity | null {
	const claims = oauth.getValidatedIdTokenClaims(tokens);
	if (!claims) return null;
	const name = [claims['email'], claims['name']].find((claim) => typeof claim === 'string');
	return { subject: claims.sub, name: typeof name === 'string' ? name : claims.sub };
}

/** What a refusal means for a person. Nothing of what the provider says is repeated but its short error code. */
function refusal(error: unknown, name: string, purpose: Purpose): IntegrationError {
	if (error instanceof IntegrationError) return error;
	if (error instanceof oauth.AuthorizationResponseError) {
		if (error.error === 'access_denied')
			return new IntegrationError(
				'permission',
				`Access was declined at ${name}, so nothing was connected. Start again and allow it to go on.`
			);
		return new IntegrationError('bad_response', `${name} did not give access (${codeOf(error.error)}). Start again.`);
	}
	if (error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError) {
		const code = error instanceof oauth.ResponseBodyError ? error.error : 'invalid_client';
		if (code === 'invalid_grant' && purpose === 'refresh')
			return new IntegrationError(
				'auth',
				`${name} no longer accepts this connection: access was revoked or has run out. Reconnect to go on; what was fetched is kept.`
			);
		if (code === 'invalid_grant')
			return new IntegrationError(
				'auth',
				`${name} did not accept the answer of this sign-in: it was used already, took too long, or belongs to another one. Start again.`
			);
		if (code === 'invalid_client' || code === 'unauthorized_client')
			return new IntegrationError(
				'config',
				`${name} does not accept Plumbline’s OAuth client. Check its id and secret in Settings, OAuth apps.`
			);
		if (error.status < 500)
			return new IntegrationError('bad_response', `${name} refused the request for tokens (${codeOf(code)}).`);
	}
	const response = responseOf(error);
	if (response !== null && isRetried(response.status))
		return new IntegrationError('unreachable', `${name} is out of order for now. The next sync tries again.`);
	if (purpose === 'answer')
		return new IntegrationError(
			'bad_response',
			`The answer does not come from ${name}, or not for this sign-in. Nothing was connected; start again.`
		);
	return new IntegrationError('bad_response', `${name} answered with something that is no token.`, {}, error);
}

function codeOf(text: string): string {
	return /^[a-z0-9_]{1,40}$/.test(text) ? text : 'for a reason that is not known';
}

function responseOf(error: unknown): Response | null {
	if (error instanceof oauth.ResponseBodyError) return error.response;
	return error instanceof Error && error.cause instanceof Response ? error.cause : null;
}
