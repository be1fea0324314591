/** The audit log as admins read it, and its only way out: time. */
import { v } from 'convex/values';
import { internal } from './_generated/api.js';
import { internalMutation } from './_generated/server.js';

const DAY_MS = 86_400_000;
export const AUDIT_KEPT_DAYS = 400;
const BATCH = 500;

/** Deletes events that are older than 400 days. */
export const deleteExpired = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const before = Date.now() - AUDIT_KEPT_DAYS * DAY_MS;
		const expired = await ctx.db
			.query('auditEvents')
			.withIndex('by_creation_time', (q) => q.lt('_creationTime', before))
			.take(BATCH);
		for (const event of expired) await ctx.db.delete('auditEvents', event._id);
		if (expired.length === BATCH) await ctx.scheduler.runAfter(0, internal.audit.deleteExpired, {});
		return null;
	}
});
