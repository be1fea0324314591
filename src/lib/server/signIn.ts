/** The browser's part in signing in at an OAuth provider: a cookie of its own, without which no answer counts. */
import { randomBytes } from 'node:crypto';
import type { Cookies } from '@sveltejs/kit';

const COOKIE = 'plumbline-oauth';
/** Longer than a sign-in may take (convex/oauthStore.ts). */
const MAX_AGE_S = 3_600;

/** The browser's value, made when it has none yet. Scripts cannot read it, and no other site can have it sent along. */
export function browserValue(cookies: Cookies, secure: boolean): string {
	const value = cookies.get(COOKIE) || randomBytes(32).toString('base64url');
	// `lax`: the provider sends the browser back here, which is a navigation that another site begins.
	cookies.set(COOKIE, value, { path: '/oauth', httpOnly: true, sameSite: 'lax', secure, maxAge: MAX_AGE_S });
	return value;
}

/** The browser's value, or '' when it has none, which is no browser's. */
export function knownBrowserValue(cookies: Cookies): string {
	return cookies.get(COOKIE) ?? '';
}
