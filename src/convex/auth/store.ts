/** What Better Auth does with its tables. Only auth/adapter.ts calls these. */
import { makeFunctionReference } from 'convex/server';
import { storeFunctions } from './storeFunctions.ts';
import { authTables, UNIQUE_INDEXES } from './tables.ts';

/** By name: a reference through `internal` would make the type of this module depend on itself. */
const membershipChanged = makeFunctionReference<'mutation', { workspaceId: string; userId: string }, null>(
	'membership:changed'
);

export const { create, find, count, change, remove } = storeFunctions(authTables, UNIQUE_INDEXES, {
	members: async (ctx, { workspaceId, userId }) => {
		await ctx.runMutation(membershipChanged, { workspaceId: String(workspaceId), userId: String(userId) });
	}
});
