/** The end of an account: what goes with it, and the deed. */
import { ConvexError, v } from 'convex/values';
import type { Infer } from 'convex/values';
import { isRole } from '../lib/config/permissions.ts';
import { internal } from './_generated/api.js';
import type { Doc, Id } from './_generated/dataModel.js';
import type { MutationCtx, QueryCtx } from './_generated/server.js';
import { accountRead, accountWrite } from './lib/access.ts';
import { disconnectConnection } from './lib/disconnect.ts';
import { MAX_MEMBERS, MAX_WORKSPACES } from './lib/viewer.ts';

/** Whoever walks past an open browser must not be able to delete the account: only a sign-in this fresh may. */
const FRESH_MS = 60 * 60_000;
/** Rows of each kind that belong to one person. */
const MOST_ROWS = 500;
const MOST_CONNECTIONS = 100;

const stake = v.object({
	workspaceId: v.id('workspaces'),
	name: v.string(),
	/** Other people in it. */
	others: v.number(),
	/** The others would be left without an owner, so the account cannot be deleted yet. */
	blocks: v.boolean(),
	/** Connections that are deleted with everything fetched, since nobody is left: 0 when somebody is. */
	lostConnections: v.number()
});

/** What becomes of each workspace of the caller when the account is deleted. */
export const stakes = accountRead({
	args: {},
	returns: v.array(stake),
	absent: [],
	handler: async (ctx) => {
		const memberships = await membershipsOf(ctx, ctx.person.userId);
		return await Promise.all(memberships.filter(({ role }) => isRole(role)).map((one) => stakeIn(ctx, one)));
	}
});

/**
 * Deletes the caller's account, with every workspace in which nobody else is. `email` is the caller's address, typed as
 * confirmation. Throws `config` when the address is another, the sign-in older than an hour, or a workspace with others
 * in it would be left without an owner.
 */
export const remove = accountWrite({
	args: { email: v.string() },
	returns: v.null(),
	handler: async (ctx, { email }) => {
		const { userId, sessionId } = ctx.person;
		const user = await ctx.db.get('users', userId);
		const session = await ctx.db.get('sessions', sessionId);
		if (!user || !session) return null;
		if (email.trim().toLowerCase() !== user.email) throw refusal('This is not the address of your account.');
		if (session.createdAt < Date.now() - FRESH_MS) {
			throw refusal('You signed in too long ago for this. Sign out, sign in again, then delete the account.');
		}
		const memberships = await membershipsOf(ctx, userId);
		const stakesNow = await Promise.all(memberships.map((membership) => stakeIn(ctx, membership)));
		const blocking = stakesNow.find((one) => one.blocks);
		if (blocking) {
			throw refusal(`You are the only owner of ${blocking.name}, and others are in it. Hand it over first.`);
		}
		const { ipAddress: ip = null, userAgent = null } = session;
		await ctx.runMutation(internal.audit.record, { action: 'account.deleted', userId, ip, userAgent });
		for (const { workspaceId, others } of stakesNow) if (others === 0) await empty(ctx, workspaceId);
		for (const membership of memberships) await ctx.db.delete('members', membership._id);
		await deletePerson(ctx, userId);
		return null;
	}
});

async function membershipsOf(ctx: QueryCtx, userId: Id<'users'>): Promise<Doc<'members'>[]> {
	return await ctx.db
		.query('members')
		.withIndex('by_userId', (q) => q.eq('userId', userId))
		.take(MAX_WORKSPACES);
}

async function stakeIn(ctx: QueryCtx, { workspaceId, userId }: Doc<'members'>): Promise<Infer<typeof stake>> {
	const workspace = await ctx.db.get('workspaces', workspaceId);
	const members = await ctx.db
		.query('members')
		.withIndex('by_workspaceId_userId', (q) => q.eq('workspaceId', workspaceId))
		.take(MAX_MEMBERS);
	const others = members.filter((one) => one.userId !== userId);
	const blocks = others.length > 0 && !others.some((one) => one.role === 'owner');
	const lostConnections = others.length > 0 ? 0 : (await connectionsIn(ctx, workspaceId)).length;
	return { workspaceId, name: workspace?.name ?? '', others: others.length, blocks, lostConnections };
}

async function connectionsIn(ctx: QueryCtx, workspaceId: Id<'workspaces'>): Promise<Doc<'connections'>[]> {
	return await ctx.db
		.query('connections')
		.withIndex('by_workspaceId_integrationId_accountId', (q) => q.eq('workspaceId', workspaceId))
		.take(MOST_CONNECTIONS);
}

/** Ends everything in a workspace that nobody is left to see. */
async function empty(ctx: MutationCtx, workspaceId: Id<'workspaces'>): Promise<void> {
	const connections = await connectionsIn(ctx, workspaceId);
	if (connections.length === MOST_CONNECTIONS) {
		throw refusal(`A workspace with ${MOST_CONNECTIONS} connections or more is emptied by hand first.`);
	}
	for (const row of connections) await disconnectConnection(ctx, row, false);
	const tokens = await ctx.db
		.query('apiKeys')
		.withIndex('by_referenceId', (q) => q.eq('referenceId', workspaceId))
		.take(MOST_ROWS);
	const invitations = await ctx.db
		.query('invitations')
		.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId))
		.take(MOST_ROWS);
	for (const { _id } of tokens) await ctx.db.delete('apiKeys', _id);
	for (const { _id } of invitations) await ctx.db.delete('invitations', _id);
}

/** The person and the ways in. The session of the caller goes too: the pages are signed out at once. */
async function deletePerson(ctx: MutationCtx, userId: Id<'users'>): Promise<void> {
	const { db } = ctx;
	const sessions = db.query('sessions').withIndex('by_userId', (q) => q.eq('userId', userId));
	for (const { _id } of await sessions.take(MOST_ROWS)) await db.delete('sessions', _id);
	const accounts = db.query('accounts').withIndex('by_userId', (q) => q.eq('userId', userId));
	for (const { _id } of await accounts.take(MOST_ROWS)) await db.delete('accounts', _id);
	const passkeys = db.query('passkeys').withIndex('by_userId', (q) => q.eq('userId', userId));
	for (const { _id } of await passkeys.take(MOST_ROWS)) await db.delete('passkeys', _id);
	const factors = db.query('twoFactors').withIndex('by_userId', (q) => q.eq('userId', userId));
	for (const { _id } of await factors.take(MOST_ROWS)) await db.delete('twoFactors', _id);
	await db.delete('users', userId);
}

function refusal(message: string) {
	return new ConvexError({ kind: 'config', message });
}
