/**
 * Deleting for good, in bounded batches that schedule the next one. What is deleted here is out of sight already: the
 * connection's row is gone, or the run is older than its keep.
 */
import { v } from 'convex/values';
import { internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { internalMutation } from './_generated/server.js';
import type { MutationCtx } from './_generated/server.js';

/** Documents of a table per batch: a chunk is under 2 kB, so a batch stays far below every limit. */
const BATCH = 200;
const DAY_MS = 86_400_000;
const RUNS_KEPT_DAYS = 90;

/** Deletes everything of a connection whose row is gone: slices and runs first, so that nothing more is written. */
export const deleteConnectionData = internalMutation({
	args: { connectionId: v.id('connections') },
	returns: v.null(),
	handler: async (ctx, { connectionId }) => {
		if (await deleteBatch(ctx, connectionId)) {
			await ctx.scheduler.runAfter(0, internal.danger.deleteConnectionData, { connectionId });
		}
		return null;
	}
});

/** Deletes runs that ended more than 90 days ago, with their slices. */
export const deleteOldRuns = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const before = Date.now() - RUNS_KEPT_DAYS * DAY_MS;
		const run = await ctx.db
			.query('syncRuns')
			.withIndex('by_endedAt', (q) => q.gte('endedAt', 0).lt('endedAt', before))
			.first();
		if (!run) return null;
		const slices = await ctx.db
			.query('slices')
			.withIndex('by_runId_state_order', (q) => q.eq('runId', run._id))
			.take(BATCH);
		for (const slice of slices) await ctx.db.delete('slices', slice._id);
		if (slices.length < BATCH) await ctx.db.delete('syncRuns', run._id);
		await ctx.scheduler.runAfter(0, internal.danger.deleteOldRuns, {});
		return null;
	}
});

/** Deletes sign-ins that were given up: a day after their time, so that a late answer is still told what it is. */
export const deleteOldSignIns = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const before = Date.now() - DAY_MS;
		const states = await ctx.db
			.query('oauthStates')
			.withIndex('by_expiresAt', (q) => q.lt('expiresAt', before))
			.take(BATCH);
		for (const state of states) await ctx.db.delete('oauthStates', state._id);
		const grants = await ctx.db
			.query('oauthGrants')
			.withIndex('by_expiresAt', (q) => q.lt('expiresAt', Date.now()))
			.take(BATCH);
		for (const grant of grants) await ctx.db.delete('oauthGrants', grant._id);
		if (states.length + grants.length > 0) await ctx.scheduler.runAfter(0, internal.danger.deleteOldSignIns, {});
		return null;
	}
});

/** Deletes up to BATCH documents of each table; false when there were none left. */
async function deleteBatch(ctx: MutationCtx, connectionId: Id<'connections'>): Promise<boolean> {
	const slices = await ctx.db
		.query('slices')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.take(BATCH);
	for (const slice of slices) await ctx.db.delete('slices', slice._id);
	const chunks = await ctx.db
		.query('chunks')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.take(BATCH);
	for (const chunk of chunks) await ctx.db.delete('chunks', chunk._id);
	const tiles = await ctx.db
		.query('tiles')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.take(BATCH);
	for (const tile of tiles) await ctx.db.delete('tiles', tile._id);
	const runs = await ctx.db
		.query('syncRuns')
		.withIndex('by_connectionId_startedAt', (q) => q.eq('connectionId', connectionId))
		.take(BATCH);
	for (const run of runs) await ctx.db.delete('syncRuns', run._id);
	const series = await ctx.db
		.query('series')
		.withIndex('by_connectionId_metricId_dimension', (q) => q.eq('connectionId', connectionId))
		.take(BATCH);
	for (const one of series) await ctx.db.delete('series', one._id);
	return slices.length + chunks.length + tiles.length + runs.length + series.length > 0;
}
