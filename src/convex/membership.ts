/**
 * What holds for memberships whoever changes them: checked in the transaction that changes one, so that two owners who
 * leave at the same moment cannot leave a workspace to nobody.
 */
import { ConvexError, v } from 'convex/values';
import { internalMutation } from './_generated/server.js';
import { makerOf } from './lib/apiToken.ts';
import { MAX_MEMBERS, memberRow } from './lib/viewer.ts';

const MAX_TOKENS = 1_000;

/**
 * Called after a membership has been changed or deleted. Throws `conflict`, which undoes that, when people would be left
 * in a workspace without an owner. The API tokens of somebody who left go with them.
 */
export const changed = internalMutation({
	args: { workspaceId: v.string(), userId: v.string() },
	returns: v.null(),
	handler: async (ctx, args) => {
		const workspaceId = ctx.db.normalizeId('workspaces', args.workspaceId);
		const userId = ctx.db.normalizeId('users', args.userId);
		if (!workspaceId || !userId) return null;
		const members = await ctx.db
			.query('members')
			.withIndex('by_workspaceId_userId', (q) => q.eq('workspaceId', workspaceId))
			.take(MAX_MEMBERS * 2);
		if (members.length > 0 && !members.some(({ role }) => role === 'owner')) {
			const message = 'A workspace needs an owner. Hand it over first.';
			throw new ConvexError({ kind: 'conflict', message });
		}
		if (await memberRow(ctx, userId, workspaceId)) return null;
		const tokens = await ctx.db
			.query('apiKeys')
			.withIndex('by_referenceId', (q) => q.eq('referenceId', workspaceId))
			.take(MAX_TOKENS);
		for (const token of tokens) if (makerOf(token.metadata) === userId) await ctx.db.delete('apiKeys', token._id);
		return null;
	}
});
