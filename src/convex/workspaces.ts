/** What Better Auth's endpoints do not do with a workspace. */
import { ConvexError, v } from 'convex/values';
import { need, notFound, writeAccess } from './lib/access.ts';
import { audit } from './lib/audit.ts';
import { memberRow } from './lib/viewer.ts';

/**
 * Hands the workspace over: the member becomes its owner, and the caller an admin, in one step, so that there is an
 * owner at every moment. Connections and everything else stay as they are.
 */
export const transfer = writeAccess({
	right: 'workspace:own',
	args: { memberId: v.string() },
	returns: v.null(),
	handler: async (ctx, { memberId }) => {
		const heir = await need(ctx, 'members', memberId);
		const own = await memberRow(ctx, ctx.viewer.userId, ctx.workspaceId);
		if (!own) throw notFound();
		if (heir._id === own._id) {
			throw new ConvexError({ kind: 'config', message: 'You own this workspace already. Choose somebody else.' });
		}
		await ctx.db.patch('members', heir._id, { role: 'owner' });
		await ctx.db.patch('members', own._id, { role: 'admin' });
		const name = (await ctx.db.get('users', heir.userId))?.name ?? '';
		await audit(ctx, { action: 'ownership.transferred', target: { kind: 'user', id: heir.userId, name } });
		return null;
	}
});
