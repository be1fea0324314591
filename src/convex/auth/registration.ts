/** Who may have an account: the invited, or everybody where the operator opened registration. */
import { v } from 'convex/values';
import { internalQuery } from '../_generated/server.js';

/** Pending invitations of one address that are looked at. */
const MOST_INVITATIONS = 50;

/**
 * Whether the address is asked to join somewhere, by an invitation that has not ended. Who has not shown that the
 * address is theirs must know the invitation, from its link.
 */
export const isInvited = internalQuery({
	args: { email: v.string(), invitationId: v.union(v.string(), v.null()) },
	returns: v.boolean(),
	handler: async ({ db }, { email, invitationId }) => {
		const invitations = await db
			.query('invitations')
			.withIndex('by_email', (q) => q.eq('email', email))
			.order('desc')
			.take(MOST_INVITATIONS);
		return invitations.some(
			({ _id, status, expiresAt }) =>
				status === 'pending' && expiresAt > Date.now() && (invitationId === null || _id === invitationId)
		);
	}
});
