/** The tenant. Until accounts exist there is one, and it belongs to the owner of this machine. */
import { v } from 'convex/values';
import type { Doc, Id } from './_generated/dataModel.js';
import { internalQuery } from './_generated/server.js';
import { currentWorkspace, LOCAL_OWNER, openAccess, readAccess } from './lib/access.ts';

const workspace = v.object({ id: v.id('workspaces'), name: v.string() });

/** The caller's workspace, or null until it has been opened. */
export const current = readAccess({
	args: {},
	returns: v.union(workspace, v.null()),
	absent: null,
	handler: async (ctx) => {
		const row = await ctx.db.get('workspaces', ctx.workspaceId);
		return row && view(row);
	}
});

/** Makes the workspace at first use; afterwards it only answers. */
export const open = openAccess({
	args: {},
	returns: workspace,
	handler: async (ctx) => {
		const row = await currentWorkspace(ctx);
		if (row) return view(row);
		const name = 'My workspace';
		return { id: await ctx.db.insert('workspaces', { owner: LOCAL_OWNER, name }), name };
	}
});

/** The access helper of actions, which cannot read by themselves. */
export const idForAction = internalQuery({
	args: {},
	returns: v.union(v.id('workspaces'), v.null()),
	handler: async (ctx): Promise<Id<'workspaces'> | null> => (await currentWorkspace(ctx))?._id ?? null
});

function view(row: Doc<'workspaces'>): { id: Id<'workspaces'>; name: string } {
	return { id: row._id, name: row.name };
}
