/** From the claims of a verified token to what `ctx.auth.getUserIdentity()` returns. */
import type { JWTPayload } from 'jose';

/** Standard OpenID Connect claims and their names in Convex. */
const PROFILE = new Map([
	['name', 'name'],
	['given_name', 'givenName'],
	['family_name', 'familyName'],
	['nickname', 'nickname'],
	['preferred_username', 'preferredUsername'],
	['profile', 'profileUrl'],
	['picture', 'pictureUrl'],
	['website', 'websiteUrl'],
	['email', 'email'],
	['email_verified', 'emailVerified'],
	['gender', 'gender'],
	['birthdate', 'birthday'],
	['zoneinfo', 'timezone'],
	['locale', 'language'],
	['phone_number', 'phoneNumber'],
	['phone_number_verified', 'phoneNumberVerified'],
	['address', 'address']
]);

/** Claims about the token rather than the person: they change with each refresh, and would spoil shared answers. */
const HOUSEKEEPING = new Set(['iss', 'sub', 'exp', 'iat', 'nbf', 'jti', 'fva']);

/**
 * Convex JSON text: `tokenIdentifier` (`issuer|subject`), `issuer`, `subject`, the profile under Convex's names for
 * OpenID Connect, and every other claim as it is; a custom JWT's nested objects are flattened with dots.
 */
export function identityAttributes(
	issuer: string,
	subject: string,
	claims: JWTPayload,
	kind: 'oidc' | 'customJwt'
): string {
	const attributes = new Map<string, unknown>();
	for (const [name, value] of Object.entries(claims)) {
		if (HOUSEKEEPING.has(name) || value === undefined || value === null) continue;
		const profileName = kind === 'oidc' ? PROFILE.get(name) : undefined;
		if (profileName !== undefined) attributes.set(profileName, value);
		else if (kind === 'oidc' && name === 'updated_at') attributes.set('updatedAt', String(value));
		else if (kind === 'customJwt') flatten(name, value, attributes);
		else attributes.set(name, value);
	}
	attributes.set('tokenIdentifier', `${issuer}|${subject}`).set('issuer', issuer).set('subject', subject);
	return JSON.stringify(Object.fromEntries([...attributes].filter(([name]) => !name.startsWith('$'))));
}

function flatten(name: string, value: unknown, into: Map<string, unknown>): void {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		into.set(name, value);
		return;
	}
	for (const [inner, nested] of Object.entries(value)) flatten(`${name}.${inner}`, nested, into);
}
