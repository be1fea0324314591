/**
 * Changing the key that encrypts credentials, in steps that can be repeated: whatever ends it, the next call goes on.
 *
 *   one key ── a fresh one in front ──▶ two keys ── pass after pass until nothing is left to seal anew ──▶
 *   ── workspaces are told ──▶ the old key is taken out, unless something still needs it
 *
 * While there are two, both are read and the new one seals, so the product goes on all the time.
 */
import type { KeyEntry } from '../../src/convex/lib/keyRing.ts';
import { keyEntries, ringText } from '../../src/convex/lib/keyRing.ts';

/** Tables with sealed rows, as src/convex/sealedRows.ts has them. */
const TABLES = ['credentials', 'oauthApps'] as const;
/** How long an action that renews tokens may be waited for, and how long a new key may take to be in force. */
const PATIENCE_MS = 12 * 60_000;
const PAUSE_MS = 1_000;

interface Unreadable {
	readonly name: string;
	readonly keyId: string;
}

interface Page {
	readonly cursor: string | null;
	readonly resealed: number;
	readonly busy: number;
	readonly unreadable: readonly Unreadable[];
}

/** What a rotation asks of a deployment. */
export interface KeyHolder {
	/** PLUMBLINE_SECRET_KEYS. */
	ring(): Promise<string | undefined>;
	setRing(text: string): Promise<void>;
	reseal(table: (typeof TABLES)[number], expected: string, cursor: string | null): Promise<Page | 'not yet'>;
	/** Writes the audit log of a page of workspaces; gives the next cursor. */
	tell(from: string, to: string, cursor: string | null): Promise<string | null>;
	pause(milliseconds: number): Promise<void>;
}

export interface Rotation {
	/** Whether an earlier call had begun it. */
	readonly resumed: boolean;
	readonly sealing: string;
	readonly removed: readonly string[];
	readonly resealed: number;
	readonly unreadable: readonly Unreadable[];
}

/** Throws a sentence when the ring cannot be rotated; what it had done until then is kept. */
export async function rotateKeys(holder: KeyHolder, makeKey: () => string): Promise<Rotation> {
	const entries = keyEntries(await holder.ring());
	if (entries === null)
		throw new Error('PLUMBLINE_SECRET_KEYS is malformed: put the right text back before it is changed.');
	if (entries.length === 0)
		throw new Error('There is no key yet. It is made when Plumbline starts for the first time.');
	const resumed = entries.length > 1;
	const keys = resumed ? entries : [...(keyEntries(makeKey()) ?? []), ...entries];
	if (!resumed) await holder.setRing(ringText(keys));
	const [first, ...earlier] = keys;
	if (!first) throw new Error('The ring is empty.');
	const { resealed, unreadable } = await resealAll(holder, first);
	const needed = new Set(unreadable.map(({ keyId }) => keyId));
	const removed = earlier.filter(({ id }) => !needed.has(id));
	if (removed.length > 0) {
		let cursor: string | null = null;
		do cursor = await holder.tell(removed.map(({ id }) => id).join(', '), first.id, cursor);
		while (cursor !== null);
		await holder.setRing(ringText(keys.filter((key) => !removed.includes(key))));
	}
	return { resumed, sealing: first.id, removed: removed.map(({ id }) => id), resealed, unreadable };
}

/** Passes over all tables until one finds nothing to do. */
async function resealAll(holder: KeyHolder, { id }: KeyEntry) {
	let total = 0;
	for (let waited = 0; ;) {
		let [resealed, busy] = [0, 0];
		const unreadable: Unreadable[] = [];
		for (const table of TABLES) {
			let cursor: string | null = null;
			do {
				const page = await holder.reseal(table, id, cursor);
				if (page === 'not yet') {
					busy += 1;
					break;
				}
				resealed += page.resealed;
				busy += page.busy;
				unreadable.push(...page.unreadable);
				cursor = page.cursor;
			} while (cursor !== null);
		}
		total += resealed;
		if (resealed === 0 && busy === 0) return { resealed: total, unreadable };
		if (busy === 0) continue;
		if (waited >= PATIENCE_MS)
			throw new Error('Some credentials are being renewed all the time. Run this again later.');
		waited += PAUSE_MS;
		await holder.pause(PAUSE_MS);
	}
}
