/** What is kept of sign-ins at OAuth providers, for the actions of oauth.ts. Internal: nothing here is reachable from outside. */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';
import { internalMutation, internalQuery } from './_generated/server.js';
import { find } from './lib/access.ts';
import { nullableText, sealed, settings } from './lib/validators.ts';

/** A person has this long at the provider. */
export const STATE_MINUTES = 10;
/** After that a sign-in that is still not a connection has been given up. */
const GRANT_MINUTES = 60;
const MINUTE_MS = 60_000;

const viewer = { workspaceId: v.id('workspaces'), sessionId: nullableText };

/** Keeps what the provider's answer will have to fit. */
export const start = internalMutation({
	args: {
		...viewer,
		stateHash: v.string(),
		browserHash: v.string(),
		provider: v.string(),
		integrationId: v.string(),
		connectionId: v.union(v.id('connections'), v.null()),
		redirectUri: v.string(),
		verifier: sealed
	},
	returns: v.null(),
	handler: async (ctx, args) => {
		await ctx.db.insert('oauthStates', { ...args, expiresAt: Date.now() + STATE_MINUTES * MINUTE_MS, usedAt: null });
		return null;
	}
});

const taken = v.union(
	v.object({
		state: v.literal('yours'),
		integrationId: v.string(),
		connectionId: v.union(v.id('connections'), v.null()),
		redirectUri: v.string(),
		verifier: sealed
	}),
	/** `unknown` is also what is not the caller's: another workspace, session or browser. */
	v.object({ state: v.union(v.literal('unknown'), v.literal('used'), v.literal('expired')) }),
	/** Begun at another provider than the one whose address was called. */
	v.object({ state: v.literal('foreign'), provider: v.string() })
);

/** Uses a state up. Whatever is wrong with it, nobody can use it again; unless it is not the caller's. */
export const take = internalMutation({
	args: { ...viewer, stateHash: v.string(), browserHash: v.string(), provider: v.string() },
	returns: taken,
	handler: async (ctx, args): Promise<Infer<typeof taken>> => {
		const row = await ctx.db
			.query('oauthStates')
			.withIndex('by_stateHash', (q) => q.eq('stateHash', args.stateHash))
			.unique();
		const own =
			row?.workspaceId === args.workspaceId && row.sessionId === args.sessionId && row.browserHash === args.browserHash;
		if (!own) return { state: 'unknown' };
		if (row.usedAt !== null) return { state: 'used' };
		const now = Date.now();
		await ctx.db.patch('oauthStates', row._id, { usedAt: now });
		if (row.expiresAt < now) return { state: 'expired' };
		if (row.provider !== args.provider) return { state: 'foreign', provider: row.provider };
		const { integrationId, connectionId, redirectUri, verifier } = row;
		return { state: 'yours', integrationId, connectionId, redirectUri, verifier };
	}
});

/** Keeps tokens until their connection is made. */
export const keepGrant = internalMutation({
	args: { ...viewer, integrationId: v.string(), grantKey: v.string(), tokens: sealed },
	returns: v.null(),
	handler: async (ctx, args) => {
		await ctx.db.insert('oauthGrants', { ...args, expiresAt: Date.now() + GRANT_MINUTES * MINUTE_MS });
		return null;
	}
});

/** The tokens of a grant of the caller's; null when there are none, or they have waited too long. */
export const readGrant = internalQuery({
	args: { ...viewer, integrationId: v.string(), grantKey: v.string() },
	returns: v.union(sealed, v.null()),
	handler: async (ctx, { workspaceId, sessionId, integrationId, grantKey }) => {
		const row = await ctx.db
			.query('oauthGrants')
			.withIndex('by_grantKey', (q) => q.eq('grantKey', grantKey))
			.unique();
		const own = row?.workspaceId === workspaceId && row.sessionId === sessionId && row.integrationId === integrationId;
		return own && row.expiresAt >= Date.now() ? row.tokens : null;
	}
});

/** Forgets a grant whose connection has been made. */
export const dropGrant = internalMutation({
	args: { workspaceId: v.id('workspaces'), grantKey: v.string() },
	returns: v.null(),
	handler: async (ctx, { workspaceId, grantKey }) => {
		const row = await ctx.db
			.query('oauthGrants')
			.withIndex('by_grantKey', (q) => q.eq('grantKey', grantKey))
			.unique();
		if (row?.workspaceId === workspaceId) await ctx.db.delete('oauthGrants', row._id);
		return null;
	}
});

/** What a new sign-in has to lead to again: the connection's account and choices. null: no such connection. */
export const expected = internalQuery({
	args: { workspaceId: v.id('workspaces'), connectionId: v.string() },
	returns: v.union(
		v.object({
			connectionId: v.id('connections'),
			integrationId: v.string(),
			accountId: v.string(),
			accountName: v.string(),
			settings
		}),
		v.null()
	),
	handler: async (ctx, { workspaceId, connectionId }) => {
		const row = await find({ ...ctx, workspaceId }, 'connections', connectionId);
		if (!row || row.disconnectedAt !== null) return null;
		const { integrationId, accountId, accountName, settings } = row;
		return { connectionId: row._id, integrationId, accountId, accountName, settings };
	}
});
