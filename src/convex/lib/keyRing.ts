/**
 * The text of the key ring, PLUMBLINE_SECRET_KEYS: `<id>:<32 bytes in base64>` separated by commas. The first key seals,
 * all of them open. Names only, so that mutations can read it; keys are made of it in crypto.ts.
 */
import { ConvexError } from 'convex/values';
import type { Id } from '../_generated/dataModel.js';

export interface KeyEntry {
	readonly id: string;
	/** Base64. */
	readonly key: string;
}

/** The entries in order; null when the text is not of its form, [] when there is none. */
export function keyEntries(text: string | undefined): KeyEntry[] | null {
	if (!text?.trim()) return [];
	const entries = new Map<string, KeyEntry>();
	for (const entry of text.split(',')) {
		const [, id, key] = /^\s*([\w-]{1,32}):([A-Za-z0-9+/]{43}=)\s*$/.exec(entry) ?? [];
		if (id === undefined || key === undefined || entries.has(id)) return null;
		entries.set(id, { id, key });
	}
	return [...entries.values()];
}

/** The ring as text. */
export function ringText(entries: readonly KeyEntry[]): string {
	return entries.map(({ id, key }) => `${id}:${key}`).join(',');
}

/** The id of the key that seals now; null when there is none. */
export function sealingKeyId(): string | null {
	return keyEntries(process.env.PLUMBLINE_SECRET_KEYS)?.[0]?.id ?? null;
}

/**
 * Refuses what was sealed with a key that is no longer the sealing one: an action that began before a rotation would
 * otherwise store what nobody can open once the old key is gone.
 */
export function requireSealingKey(keyId: string): void {
	if (keyId === sealingKeyId()) return;
	const message = 'The key that encrypts credentials was changed a moment ago. Try again.';
	throw new ConvexError({ kind: 'config', message });
}

/** What the secret of a workspace's OAuth client at a provider is sealed to. */
export function appKey(workspaceId: Id<'workspaces'>, provider: string): string {
	return `oauthApp ${workspaceId} ${provider}`;
}
