/** Who is looking: what every page needs to know to show itself. */
import { v } from 'convex/values';
import { rightsOf } from '../lib/config/permissions.ts';
import { internalQuery } from './_generated/server.js';
import { accountRead } from './lib/access.ts';
import { refusal, right, role, scope } from './lib/accessValidators.ts';
import { currentMembership, membershipsOf, standing } from './lib/viewer.ts';

/**
 * The caller, live: name, workspace, role and rights there, and every workspace they belong to. Null when nobody is
 * signed in. `workspace` is null for somebody who belongs to none; they have no rights then.
 */
export const current = accountRead({
	args: {},
	returns: v.union(
		v.object({
			user: v.object({
				id: v.id('users'),
				name: v.string(),
				email: v.string(),
				emailVerified: v.boolean(),
				image: v.union(v.string(), v.null()),
				twoFactor: v.boolean()
			}),
			sessionId: v.id('sessions'),
			workspace: v.union(v.object({ id: v.id('workspaces'), name: v.string() }), v.null()),
			role: v.union(role, v.null()),
			rights: v.array(right),
			workspaces: v.array(v.object({ id: v.id('workspaces'), name: v.string(), role }))
		}),
		v.null()
	),
	absent: null,
	handler: async (ctx) => {
		const { userId, sessionId } = ctx.person;
		const user = await ctx.db.get('users', userId);
		const session = await ctx.db.get('sessions', sessionId);
		if (!user || !session) return null;
		const memberships = await membershipsOf(ctx, userId);
		const named = await Promise.all(
			memberships.map(async ({ workspaceId, role }) => {
				const row = await ctx.db.get('workspaces', workspaceId);
				return row ? [{ id: workspaceId, name: row.name, role }] : [];
			})
		);
		const workspaces = named.flat();
		const here = await currentMembership(ctx, session);
		const workspace = workspaces.find((one) => one.id === here?.workspaceId) ?? null;
		const { name, email, emailVerified, image = null, twoFactorEnabled: twoFactor = false } = user;
		return {
			user: { id: userId, name, email, emailVerified, image, twoFactor },
			sessionId,
			workspace: workspace && { id: workspace.id, name: workspace.name },
			role: workspace && workspace.role,
			rights: workspace ? rightsOf(workspace.role) : [],
			workspaces
		};
	}
});

/** The access helper of actions, which cannot read by themselves. */
export const standingForAction = internalQuery({
	args: { right },
	returns: v.union(scope, refusal),
	handler: async (ctx, args) => await standing(ctx, args.right)
});
