/** Who is asked to join the workspace. Making, cancelling and accepting invitations are Better Auth's endpoints. */
import { v } from 'convex/values';
import { isRole } from '../lib/config/permissions.ts';
import { readAccess } from './lib/access.ts';
import { role } from './lib/accessValidators.ts';

const MAX_INVITATIONS = 200;

/**
 * Invitations that nobody has answered yet, newest first. `id` is what the invitation's link ends in, so only who may
 * invite sees it, and an invitation to own the workspace is shown to owners only.
 */
export const list = readAccess({
	right: 'members:manage',
	args: {},
	returns: v.array(
		v.object({
			id: v.id('invitations'),
			email: v.string(),
			role,
			invitedBy: v.string(),
			createdAt: v.number(),
			expiresAt: v.number(),
			expired: v.boolean()
		})
	),
	absent: [],
	handler: async (ctx) => {
		const rows = await ctx.db
			.query('invitations')
			.withIndex('by_workspaceId', (q) => q.eq('workspaceId', ctx.workspaceId))
			.order('desc')
			.take(MAX_INVITATIONS);
		const open = rows.flatMap((row) => {
			const { role = '' } = row;
			const shown = row.status === 'pending' && isRole(role) && (role !== 'owner' || ctx.viewer.role === 'owner');
			return shown ? [{ ...row, role }] : [];
		});
		return await Promise.all(
			open.map(async ({ _id: id, email, role, inviterId, createdAt, expiresAt }) => {
				const inviter = await ctx.db.get('users', inviterId);
				const invitedBy = inviter?.name ?? 'Somebody who has left';
				return { id, email, role, invitedBy, createdAt, expiresAt, expired: expiresAt <= Date.now() };
			})
		);
	}
});
