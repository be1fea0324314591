/**
 * The browsers in which a person is signed in. They are ended here and not through Better Auth's endpoint, which wants
 * the session's token: no page ever holds one.
 */
import { v } from 'convex/values';
import { internal } from './_generated/api.js';
import type { Doc } from './_generated/dataModel.js';
import type { MutationCtx } from './_generated/server.js';
import { accountRead, accountWrite, notFound, rowOf } from './lib/access.ts';
import type { Person } from './lib/viewer.ts';

const MAX_SESSIONS = 100;

/** The caller's sessions that are not over, the one used last first. */
export const mine = accountRead({
	args: {},
	returns: v.array(
		v.object({
			id: v.id('sessions'),
			current: v.boolean(),
			ipAddress: v.union(v.string(), v.null()),
			userAgent: v.union(v.string(), v.null()),
			createdAt: v.number(),
			usedAt: v.number(),
			expiresAt: v.number()
		})
	),
	absent: [],
	handler: async (ctx) => {
		const { userId, sessionId } = ctx.person;
		const rows = await ctx.db
			.query('sessions')
			.withIndex('by_userId', (q) => q.eq('userId', userId))
			.order('desc')
			.take(MAX_SESSIONS);
		return rows
			.filter((row) => row.expiresAt > Date.now())
			.toSorted((a, b) => b.updatedAt - a.updatedAt)
			.map(({ _id: id, ipAddress = null, userAgent = null, createdAt, updatedAt: usedAt, expiresAt }) => {
				return { id, current: id === sessionId, ipAddress, userAgent, createdAt, usedAt, expiresAt };
			});
	}
});

/** Ends one of the caller's sessions, in all its tabs at once. */
export const revoke = accountWrite({
	args: { sessionId: v.string() },
	returns: v.null(),
	handler: async (ctx, { sessionId }) => {
		const row = await rowOf(ctx, 'sessions', sessionId);
		if (!row || row.userId !== ctx.person.userId) throw notFound();
		await end(ctx, [row]);
		return null;
	}
});

/** Ends every session of the caller but this one. Answers how many. */
export const revokeOthers = accountWrite({
	args: {},
	returns: v.number(),
	handler: async (ctx) => {
		const { userId, sessionId } = ctx.person;
		const rows = await ctx.db
			.query('sessions')
			.withIndex('by_userId', (q) => q.eq('userId', userId))
			.take(MAX_SESSIONS * 10);
		const others = rows.filter((row) => row._id !== sessionId);
		await end(ctx, others);
		return others.length;
	}
});

async function end(ctx: MutationCtx & { person: Person }, rows: readonly Doc<'sessions'>[]): Promise<void> {
	const { userId, sessionId } = ctx.person;
	const here = await ctx.db.get('sessions', sessionId);
	const origin = { userId, ip: here?.ipAddress ?? null, userAgent: here?.userAgent ?? null };
	for (const row of rows) {
		await ctx.db.delete('sessions', row._id);
		const target = { kind: 'session', id: row._id, name: row.userAgent ?? '' };
		await ctx.runMutation(internal.audit.record, { action: 'session.revoked', ...origin, target });
	}
}
