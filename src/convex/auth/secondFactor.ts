/** Second factors that nobody can show any more. */
import { ConvexError, v } from 'convex/values';
import { internalMutation } from '../_generated/server.js';
import { auditAs } from '../lib/audit.ts';

/** A person has one, and is a member of no more workspaces that hear of it. */
const MOST_ROWS = 100;

/**
 * Takes the second factor off an account: its device and codes are lost, or BETTER_AUTH_SECRET is, which they are
 * encrypted with. For the operator, who has made sure who asks:
 * `npx convex run auth/secondFactor:remove '{"email": "ada@example.com"}'`. Every workspace of the person hears of it.
 */
export const remove = internalMutation({
	args: { email: v.string() },
	returns: v.null(),
	handler: async (ctx, { email }) => {
		const user = await ctx.db
			.query('users')
			.withIndex('by_email', (q) => q.eq('email', email.trim().toLowerCase()))
			.unique();
		if (!user) throw new ConvexError({ kind: 'not_found', message: `There is no account of ${email}.` });
		const factors = ctx.db.query('twoFactors').withIndex('by_userId', (q) => q.eq('userId', user._id));
		for (const { _id } of await factors.take(MOST_ROWS)) await ctx.db.delete('twoFactors', _id);
		await ctx.db.patch('users', user._id, { twoFactorEnabled: false });
		const memberships = ctx.db.query('members').withIndex('by_userId', (q) => q.eq('userId', user._id));
		const origin = { actor: { kind: 'operator', id: null, name: 'Operator' }, ip: null, userAgent: null } as const;
		const target = { kind: 'user', id: user._id, name: user.name };
		for (const { workspaceId } of await memberships.take(MOST_ROWS))
			await auditAs(ctx, { ...origin, workspaceId }, { action: 'twoFactor.off', target });
		return null;
	}
});
