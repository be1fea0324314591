/**
 * API tokens: 256 random bits, of which only a hash is kept, in the shape in which Better Auth's apiKey plugin keeps its
 * keys. The maker's id stands beside it, because a token may never do more than its maker.
 */
import { z } from 'zod';
import { ALL_SCOPES, isScope } from '../../lib/config/permissions.ts';
import type { Scope } from '../../lib/config/permissions.ts';
import { parseJson } from './json.ts';

export const TOKEN_PREFIX = 'plb_';
/** Characters that are kept to tell tokens apart, the prefix included. */
const START_LENGTH = 10;
/** The prefix and 32 bytes as base64url. */
const TOKEN_PATTERN = /^plb_[A-Za-z0-9_-]{43}$/;

/** A new token. Its value is in no table and cannot be had again. */
export function newToken(): string {
	return TOKEN_PREFIX + base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** The characters by which a person recognises a token. */
export function startOf(token: string): string {
	return token.slice(0, START_LENGTH);
}

/** Whether the text looks like a token: anything else is not worth a read. */
export function isToken(text: string): boolean {
	return TOKEN_PATTERN.test(text);
}

/** SHA-256 as base64url without padding: what the apiKey plugin stores. No salt: the token is random. */
export async function hashOf(token: string): Promise<string> {
	return base64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))));
}

function base64Url(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_')
		.replaceAll('=', '');
}

const permissionsShape = z.record(z.string(), z.array(z.string()));
const metadataShape = z.object({ makerId: z.string() });

/** Scopes as the plugin keeps them: actions by resource, as JSON. */
export function encodeScopes(scopes: readonly Scope[]): string {
	const actions: Record<string, string[]> = {};
	for (const scope of ALL_SCOPES.filter((one) => scopes.includes(one))) {
		const [resource = '', action = ''] = scope.split(':');
		actions[resource] = [...(actions[resource] ?? []), action];
	}
	return JSON.stringify(actions);
}

/** The scopes in stored permissions; whatever is none of ours counts for nothing. */
export function decodeScopes(permissions: string | undefined): Scope[] {
	const parsed = permissionsShape.safeParse(parseJson(permissions ?? '{}'));
	if (!parsed.success) return [];
	return Object.entries(parsed.data)
		.flatMap(([resource, actions]) => actions.map((action) => `${resource}:${action}`))
		.filter(isScope);
}

export function encodeMaker(makerId: string): string {
	return JSON.stringify({ makerId });
}

/** Whose token it is; null when the row does not say so. */
export function makerOf(metadata: string | undefined): string | null {
	const parsed = metadataShape.safeParse(parseJson(metadata ?? 'null'));
	return parsed.success ? parsed.data.makerId : null;
}
