/** The tenant. */
import { ConvexError, v } from 'convex/values';
import type { Doc, Id } from './_generated/dataModel.js';
import { need, notFound, openAccess, readAccess, writeAccess } from './lib/access.ts';
import { audit } from './lib/audit.ts';
import { LOCAL_OWNER, localWorkspace, memberRow } from './lib/viewer.ts';

const workspace = v.object({ id: v.id('workspaces'), name: v.string() });

/** The caller's workspace, or null until it has been opened. */
export const current = readAccess({
	right: 'numbers:read',
	args: {},
	returns: v.union(workspace, v.null()),
	absent: null,
	handler: async (ctx) => {
		const row = await ctx.db.get('workspaces', ctx.workspaceId);
		return row && view(row);
	}
});

/** Makes the workspace of this machine at first use; afterwards it only answers. */
export const open = openAccess({
	returns: workspace,
	handler: async (ctx) => {
		const row = await localWorkspace(ctx);
		if (row) return view(row);
		if (await ctx.db.query('users').first()) throw notFound();
		const name = 'My workspace';
		return { id: await ctx.db.insert('workspaces', { owner: LOCAL_OWNER, name }), name };
	}
});

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
		const own = ctx.viewer && (await memberRow(ctx, ctx.viewer.userId, ctx.workspaceId));
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

function view(row: Doc<'workspaces'>): { id: Id<'workspaces'>; name: string } {
	return { id: row._id, name: row.name };
}
