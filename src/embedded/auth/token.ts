/** Verifies a user's token against the configured providers. */
import { decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { AuthenticationFailure } from './failure.ts';
import { identityAttributes } from './identity.ts';
import { normalizeIssuer } from './providers.ts';
import type { Provider } from './providers.ts';

const CLOCK_TOLERANCE_S = 5;

export interface VerifiedToken {
	/** Convex JSON text of the identity. */
	readonly attributes: string;
	/** Milliseconds since the epoch. */
	readonly expiresAt: number;
}

/** Throws an AuthenticationFailure that says what is wrong with the token, without repeating it. */
export async function verifyToken(token: string, providers: readonly Provider[]): Promise<VerifiedToken> {
	const claims = unverifiedClaims(token);
	const provider = providers.find((candidate) => matches(candidate, claims));
	if (!provider) throw new AuthenticationFailure(noProvider(providers), 'NoAuthProvider');
	const keys = await provider.keys().catch((error: unknown) => {
		throw new AuthenticationFailure(
			`The keys of ${provider.issuer} could not be fetched: ${sentence(error)}.`,
			'AuthProviderDiscoveryFailed'
		);
	});
	try {
		const { payload } = await jwtVerify(token, keys, {
			algorithms: [...provider.algorithms],
			clockTolerance: CLOCK_TOLERANCE_S,
			requiredClaims: ['iss', 'sub', 'exp']
		});
		if (payload.sub === undefined || payload.exp === undefined || payload.iss === undefined)
			throw new Error('a claim is missing');
		return {
			attributes: identityAttributes(payload.iss, payload.sub, payload, provider.kind),
			expiresAt: (payload.exp + CLOCK_TOLERANCE_S) * 1000
		};
	} catch (error) {
		const code = error instanceof errors.JWTExpired ? 'ExpiredToken' : 'InvalidAuthHeader';
		throw new AuthenticationFailure(`The token could not be verified: ${sentence(error)}.`, code);
	}
}

function unverifiedClaims(token: string): JWTPayload {
	try {
		return decodeJwt(token);
	} catch {
		throw new AuthenticationFailure(
			'The token is not a JWT: three base64 parts separated by dots.',
			'InvalidAuthHeader'
		);
	}
}

function matches({ issuer, audience }: Provider, { iss, aud }: JWTPayload): boolean {
	if (iss === undefined || normalizeIssuer(iss) !== issuer) return false;
	return audience === null || (Array.isArray(aud) ? aud.includes(audience) : aud === audience);
}

function noProvider(providers: readonly Provider[]): string {
	const known = providers.map(({ issuer, audience }) => `${issuer} (${audience ?? 'any audience'})`);
	const configured = known.length === 0 ? 'none is configured in auth.config' : `configured: ${known.join(', ')}`;
	return `No auth provider found matching the given token; ${configured}.`;
}

function sentence(error: unknown): string {
	return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
