/** Who may vouch for users: the providers of `auth.config`, and their public keys. */
import { createLocalJWKSet, createRemoteJWKSet } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { AuthenticationFailure } from './failure.ts';

const customJwt = z.object({
	type: z.literal('customJwt'),
	applicationID: z.string().nullish(),
	issuer: z.string(),
	jwks: z.string(),
	algorithm: z.enum(['RS256', 'ES256'])
});
const openIdConnect = z.object({ applicationID: z.string(), domain: z.string() });
const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

const OIDC_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
const FETCH_TIMEOUT_MS = 10_000;
/** A JWKS is fetched again after this, or earlier (but not more often than the cooldown) when a key is unknown. */
const KEYS_MAX_AGE_MS = 10 * 60_000;
const KEYS_COOLDOWN_MS = 30_000;

export interface Provider {
	readonly kind: 'customJwt' | 'oidc';
	/** With protocol, without trailing slash. */
	readonly issuer: string;
	/** The `aud` that a token must name; null when any will do. */
	readonly audience: string | null;
	readonly algorithms: readonly string[];
	/** Fetches the keys on first use, and keeps them. */
	keys(): Promise<JWTVerifyGetKey>;
}

/** `accounts.example.com/` and `https://accounts.example.com` are the same issuer. */
export function normalizeIssuer(issuer: string): string {
	const withProtocol = /^https?:\/\//.test(issuer) ? issuer : `https://${issuer}`;
	return withProtocol.replace(/\/+$/, '');
}

/** Reads the providers as the engine evaluated them (CLI JSON). Throws a sentence for one that it cannot use. */
export function parseProviders(configured: readonly unknown[]): Provider[] {
	return configured.map((provider) => {
		const custom = customJwt.safeParse(provider);
		if (custom.success) return customProvider(custom.data);
		const oidc = openIdConnect.safeParse(provider);
		if (oidc.success) return oidcProvider(oidc.data);
		throw new AuthenticationFailure(
			'An auth provider of auth.config is neither customJwt nor OpenID Connect.',
			'InvalidAuthConfig'
		);
	});
}

function customProvider({ applicationID, issuer, jwks, algorithm }: z.infer<typeof customJwt>): Provider {
	const keys = once(async () => (jwks.startsWith('data:') ? localKeys(jwks) : remoteKeys(jwks)));
	return {
		kind: 'customJwt',
		issuer: normalizeIssuer(issuer),
		audience: applicationID ?? null,
		algorithms: [algorithm],
		keys
	};
}

function oidcProvider({ applicationID, domain }: z.infer<typeof openIdConnect>): Provider {
	const issuer = normalizeIssuer(domain);
	const keys = once(async () => {
		const document = discovery.parse(await fetchJson(`${issuer}/.well-known/openid-configuration`));
		if (normalizeIssuer(document.issuer) !== issuer) throw new Error('its discovery document names another issuer');
		return remoteKeys(document.jwks_uri);
	});
	return { kind: 'oidc', issuer, audience: applicationID, algorithms: OIDC_ALGORITHMS, keys };
}

async function localKeys(dataUri: string): Promise<JWTVerifyGetKey> {
	return createLocalJWKSet(keySet.parse(await fetchJson(dataUri)));
}

function remoteKeys(url: string): JWTVerifyGetKey {
	return createRemoteJWKSet(new URL(url), {
		timeoutDuration: FETCH_TIMEOUT_MS,
		cooldownDuration: KEYS_COOLDOWN_MS,
		cacheMaxAge: KEYS_MAX_AGE_MS
	});
}

async function fetchJson(url: string): Promise<unknown> {
	const response = await fetch(url, {
		headers: { accept: 'application/json' },
		signal: AbortSignal.timeout(FETCH_TIMEOUT_MS)
	});
	if (!response.ok) throw new Error(`it answered ${response.status}`);
	return await response.json();
}

/** Keeps the first success; a failure is tried again next time. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
	let made: Promise<T> | null = null;
	return () => {
		made ??= make().catch((error: unknown) => {
			made = null;
			throw error;
		});
		return made;
	};
}
