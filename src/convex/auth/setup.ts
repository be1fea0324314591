/**
 * The first account. Until there is one, whoever sits at this machine may make it, or whoever shows the code that the
 * start has printed; the pages' server tells which (lib/server/firstRun.ts).
 */
import { v } from 'convex/values';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import { internalMutation, internalQuery } from '../_generated/server.js';
import type { MutationCtx, QueryCtx } from '../_generated/server.js';
import { localWorkspace } from '../lib/viewer.ts';

/** Codes that are kept: the start replaces the last one. */
const MOST_CODES = 10;

async function isNeeded(ctx: QueryCtx): Promise<boolean> {
	return (await ctx.db.query('users').first()) === null;
}

/** Whether the first account is still to be made. */
export const needed = internalQuery({ args: {}, returns: v.boolean(), handler: isNeeded });

/** Makes a code good, by its hash, and any other bad. False when there is an account: then no code is good. */
export const offerCode = internalMutation({
	args: { codeHash: v.string() },
	returns: v.boolean(),
	handler: async (ctx, { codeHash: hash }) => {
		await forgetCodes(ctx);
		if (!(await isNeeded(ctx))) return false;
		await ctx.db.insert('setupCodes', { hash });
		return true;
	}
});

/**
 * Makes the owner, with the workspace that was here before or a new one, and uses the code up: all of it or nothing.
 * `codeHash` is null for somebody at this machine.
 */
export const claim = internalMutation({
	args: {
		name: v.string(),
		email: v.string(),
		passwordHash: v.string(),
		codeHash: v.union(v.string(), v.null()),
		ip: v.union(v.string(), v.null()),
		userAgent: v.union(v.string(), v.null())
	},
	returns: v.union(v.literal('made'), v.literal('taken'), v.literal('wrong_code')),
	handler: async (ctx, { name, email, passwordHash, codeHash, ip, userAgent }) => {
		if (!(await isNeeded(ctx))) return 'taken';
		if (codeHash !== null && !(await isGood(ctx, codeHash))) return 'wrong_code';
		await forgetCodes(ctx);
		const now = Date.now();
		const times = { createdAt: now, updatedAt: now };
		const userId = await ctx.db.insert('users', { name, email, emailVerified: false, ...times });
		await ctx.db.insert('accounts', {
			userId,
			providerId: 'credential',
			accountId: userId,
			password: passwordHash,
			...times
		});
		const workspaceId = await firstWorkspace(ctx, now);
		await ctx.db.insert('members', { workspaceId, userId, role: 'owner', createdAt: now });
		await ctx.runMutation(internal.audit.record, { action: 'account.made', userId, workspaceId, ip, userAgent });
		return 'made';
	}
});

async function isGood(ctx: QueryCtx, codeHash: string): Promise<boolean> {
	return (await ctx.db.query('setupCodes').take(MOST_CODES)).some(({ hash }) => hash === codeHash);
}

async function forgetCodes(ctx: MutationCtx): Promise<void> {
	for (const { _id } of await ctx.db.query('setupCodes').take(MOST_CODES)) await ctx.db.delete('setupCodes', _id);
}

/** The workspace from before there were accounts becomes the owner's, with all that is in it. */
async function firstWorkspace(ctx: MutationCtx, createdAt: number): Promise<Id<'workspaces'>> {
	const local = await localWorkspace(ctx);
	const id = local?._id ?? (await ctx.db.insert('workspaces', { name: 'My workspace' }));
	await ctx.db.patch('workspaces', id, { owner: undefined, slug: id, createdAt });
	return id;
}
