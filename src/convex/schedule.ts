/** What happens by itself: starting what is due, and handing out again what has gone silent. */
import { v } from 'convex/values';
import { internalMutation } from './_generated/server.js';
import { integrationOf } from './lib/integrationOf.ts';
import { dispatch, endRun, startRun } from './lib/runs.ts';

/** Per minute; what is left over is due a minute later. */
const MAX_STARTS = 20;
const MAX_LAPSED = 50;
/** A slice whose action vanishes this often takes something down with it. */
const MAX_LAPSES = 5;

/** Starts a run for each connection whose time has come. */
export const startDue = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const now = Date.now();
		const due = await ctx.db
			.query('connections')
			.withIndex('by_nextSyncAt', (q) => q.gte('nextSyncAt', 0).lte('nextSyncAt', now))
			.take(MAX_STARTS);
		for (const connection of due) {
			if (integrationOf(connection.integrationId)) await startRun(ctx, connection, 'scheduled');
			else {
				const sentence = `This version of Plumbline has no integration "${connection.integrationId}".`;
				await ctx.db.patch('connections', connection._id, {
					condition: 'failing',
					sentence,
					since: now,
					nextSyncAt: null
				});
			}
		}
		return null;
	}
});

/** Hands out again each slice whose action died or never began; it goes on from its checkpoint. */
export const watchdog = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const now = Date.now();
		const lapsed = await ctx.db
			.query('slices')
			.withIndex('by_leaseUntil', (q) => q.gte('leaseUntil', 0).lt('leaseUntil', now))
			.take(MAX_LAPSED);
		for (const slice of lapsed) {
			const run = await ctx.db.get('syncRuns', slice.runId);
			if (!run || run.endedAt !== null) {
				await ctx.db.patch('slices', slice._id, { state: 'skipped', leaseUntil: null });
			} else if (slice.lapses + 1 >= MAX_LAPSES) {
				await ctx.db.patch('slices', slice._id, { state: 'failed', leaseUntil: null });
				const message = `The sync stopped ${MAX_LAPSES} times without a word. The log of the deployment may say why.`;
				await endRun(ctx, run._id, { state: 'failed', kind: 'timeout', message, retryAt: null });
			} else {
				await ctx.db.patch('slices', slice._id, { lapses: slice.lapses + 1 });
				await dispatch(ctx, slice, now);
			}
		}
		return null;
	}
});
