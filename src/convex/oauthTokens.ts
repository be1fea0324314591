/**
 * Whose turn it is to renew the tokens of a connection. Each function is one transaction, so that of any number of
 * actions one asks the provider.
 *
 *   idle ── begin ──▶ taken ─┬─ save ────▶ idle, with new tokens
 *    ▲                  │    ├─ release ─▶ idle, as before (perhaps doubtful)
 *    │                  │    └─ refuse ──▶ refused: nobody asks again until there are new credentials
 *    └─ lease lapsed ───┘       (the holder was stopped: doubtful)
 *
 * What the caller has seen is compared by its sealed text. Text that has changed is answered with what is held now.
 */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';
import type { Doc, Id } from './_generated/dataModel.js';
import { internalMutation } from './_generated/server.js';
import type { MutationCtx } from './_generated/server.js';
import { sealed } from './lib/validators.ts';
import type { renewal } from './lib/validators.ts';

/** Longer than a request to a provider may take (lib/oauth.ts). */
const LEASE_MS = 45_000;

const turn = v.union(
	v.object({ state: v.literal('yours'), fence: v.number(), interrupted: v.boolean() }),
	v.object({ state: v.literal('taken'), until: v.number() }),
	v.object({ state: v.literal('newer'), held: sealed }),
	v.object({ state: v.literal('refused'), sentence: v.string() }),
	/** The connection has no credentials any more. */
	v.object({ state: v.literal('gone') })
);

const IDLE: Infer<typeof renewal> = { fence: 0, leaseUntil: null, doubtful: false, refused: null };

/** Asks for the turn. */
export const begin = internalMutation({
	args: { connectionId: v.id('connections'), seen: v.string() },
	returns: turn,
	handler: async (ctx, { connectionId, seen }): Promise<Infer<typeof turn>> => {
		const row = await credentialsOf(ctx, connectionId);
		if (!row) return { state: 'gone' };
		if (row.sealed !== seen) return { state: 'newer', held: heldBy(row) };
		const { fence, leaseUntil, doubtful, refused } = row.renewal ?? IDLE;
		if (refused !== null) return { state: 'refused', sentence: refused };
		const now = Date.now();
		if (leaseUntil !== null && leaseUntil > now) return { state: 'taken', until: leaseUntil };
		const next = { fence: fence + 1, leaseUntil: now + LEASE_MS, doubtful, refused };
		await ctx.db.patch('credentials', row._id, { renewal: next });
		return { state: 'yours', fence: next.fence, interrupted: doubtful || leaseUntil !== null };
	}
});

/** Stores new tokens, late ones too as long as they replace what they were made from. Gives what is held then. */
export const save = internalMutation({
	args: { connectionId: v.id('connections'), seen: v.string(), tokens: sealed },
	returns: v.union(sealed, v.null()),
	handler: async (ctx, { connectionId, seen, tokens }) => {
		const row = await credentialsOf(ctx, connectionId);
		if (!row) return null;
		if (row.sealed !== seen) return heldBy(row);
		const { fence } = row.renewal ?? IDLE;
		await ctx.db.patch('credentials', row._id, { ...tokens, renewal: { ...IDLE, fence: fence + 1 } });
		return tokens;
	}
});

/** The provider has said no for good to the holder of this fence. */
export const refuse = internalMutation({
	args: { connectionId: v.id('connections'), fence: v.number(), seen: v.string(), sentence: v.string() },
	returns: turn,
	handler: async (ctx, { connectionId, fence, seen, sentence }): Promise<Infer<typeof turn>> => {
		const row = await credentialsOf(ctx, connectionId);
		if (!row) return { state: 'gone' };
		if (row.sealed !== seen) return { state: 'newer', held: heldBy(row) };
		const current = row.renewal ?? IDLE;
		if (current.refused !== null) return { state: 'refused', sentence: current.refused };
		// Who came after a lapsed lease may be about to store what used up the token.
		if (current.fence !== fence) return { state: 'taken', until: current.leaseUntil ?? Date.now() };
		await ctx.db.patch('credentials', row._id, { renewal: { ...current, leaseUntil: null, refused: sentence } });
		return { state: 'refused', sentence };
	}
});

/** Gives the turn back without tokens. */
export const release = internalMutation({
	args: { connectionId: v.id('connections'), fence: v.number(), doubtful: v.boolean() },
	returns: v.null(),
	handler: async (ctx, { connectionId, fence, doubtful }) => {
		const row = await credentialsOf(ctx, connectionId);
		const current = row?.renewal;
		if (!row || current?.fence !== fence) return null;
		const next = { ...current, leaseUntil: null, doubtful: current.doubtful || doubtful };
		await ctx.db.patch('credentials', row._id, { renewal: next });
		return null;
	}
});

async function credentialsOf(ctx: MutationCtx, connectionId: Id<'connections'>): Promise<Doc<'credentials'> | null> {
	return await ctx.db
		.query('credentials')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
}

function heldBy({ keyId, sealed }: Doc<'credentials'>): { keyId: string; sealed: string } {
	return { keyId, sealed };
}
