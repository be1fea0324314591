/** Who belongs to the workspace. Inviting, removing, leaving and changing roles are Better Auth's endpoints. */
import { v } from 'convex/values';
import { isRole } from '../lib/config/permissions.ts';
import { readAccess } from './lib/access.ts';
import { role } from './lib/accessValidators.ts';
import { MAX_MEMBERS } from './lib/viewer.ts';

/** Every member, the first one first. `you` marks the caller. */
export const list = readAccess({
	right: 'members:read',
	args: {},
	returns: v.array(
		v.object({
			id: v.id('members'),
			userId: v.id('users'),
			name: v.string(),
			email: v.string(),
			image: v.union(v.string(), v.null()),
			role,
			joinedAt: v.number(),
			you: v.boolean()
		})
	),
	absent: [],
	handler: async (ctx) => {
		const rows = await ctx.db
			.query('members')
			.withIndex('by_workspaceId_userId', (q) => q.eq('workspaceId', ctx.workspaceId))
			.take(MAX_MEMBERS);
		const members = await Promise.all(
			rows.map(async ({ _id: id, userId, role, createdAt: joinedAt }) => {
				const user = await ctx.db.get('users', userId);
				if (!user || !isRole(role)) return [];
				const { name, email, image = null } = user;
				return [{ id, userId, name, email, image, role, joinedAt, you: userId === ctx.viewer.userId }];
			})
		);
		return members.flat().toSorted((a, b) => a.joinedAt - b.joinedAt);
	}
});
