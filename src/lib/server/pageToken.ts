/**
 * Tokens for the deployment, made from the session cookie by Better Auth and kept until shortly before they end. A kept
 * token opens nothing by itself: the deployment looks the session up with every call.
 */
import { createHash } from 'node:crypto';
import type { Handle, RequestEvent } from '@sveltejs/kit';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { callAuth } from './authProxy.ts';

const MAX_KEPT = 5_000;
/** A token that ends sooner is not handed out any more. */
const MARGIN_MS = 60_000;
const SESSION_COOKIE = /^(?:__Secure-)?plumbline\.session_token$/;

const answerSchema = z.object({ token: z.string() });

interface Kept {
	readonly token: string;
	readonly endsAt: number;
}
/** By the hash of the cookie, the oldest first. */
const kept = new Map<string, Kept>();

function keyOf(event: RequestEvent): string | null {
	const cookie = event.cookies.getAll().find(({ name }) => SESSION_COOKIE.test(name));
	return cookie ? createHash('sha256').update(cookie.value).digest('base64') : null;
}

/**
 * Gives every request `locals.convexToken`, which fetches the token when it is first asked for, and hands on the cookies
 * that Better Auth sets meanwhile: it prolongs a session that is used.
 */
export const giveToken: Handle = async ({ event, resolve }) => {
	const cookies: string[] = [];
	event.locals.authCookies = cookies;
	let once: Promise<string | null> | null = null;
	event.locals.convexToken = (fresh = false) => {
		if (fresh) once = null;
		return (once ??= tokenOf(event, fresh, cookies));
	};
	const response = await resolve(event);
	for (const cookie of cookies) response.headers.append('set-cookie', cookie);
	return response;
};

async function tokenOf(event: RequestEvent, fresh: boolean, cookies: string[]): Promise<string | null> {
	const key = keyOf(event);
	if (key === null) return null;
	const held = kept.get(key);
	if (held && !fresh && held.endsAt - MARGIN_MS > Date.now()) return held.token;
	kept.delete(key);
	const response = await callAuth(event, { method: 'GET', path: '/token' });
	cookies.push(...response.headers.getSetCookie());
	if (!response.ok) return null;
	const { token } = answerSchema.parse(await response.json());
	kept.set(key, { token, endsAt: (decodeJwt(token).exp ?? 0) * 1_000 });
	for (const oldest of kept.keys()) {
		if (kept.size <= MAX_KEPT) break;
		kept.delete(oldest);
	}
	return token;
}
