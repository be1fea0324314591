/** Sync runs as people see and steer them. */
import { ConvexError, v } from 'convex/values';
import { paginationOptsValidator, paginationResultValidator } from 'convex/server';
import type { Doc } from './_generated/dataModel.js';
import { find, need, readAccess, writeAccess } from './lib/access.ts';
import { cancelRun, startRun } from './lib/runs.ts';
import { fractionOf } from './lib/summary.ts';
import { runSummary } from './lib/validators.ts';

const LARGEST_PAGE = 100;

/** The runs of a connection, newest first; an empty page when there is no such connection. */
export const list = readAccess({
	right: 'numbers:read',
	args: { connectionId: v.string(), paginationOpts: paginationOptsValidator },
	returns: paginationResultValidator(runSummary),
	absent: { page: [], isDone: true, continueCursor: '' },
	handler: async (ctx, { connectionId, paginationOpts }) => {
		const connection = await find(ctx, 'connections', connectionId);
		if (!connection) return { page: [], isDone: true, continueCursor: '' };
		const numItems = Math.min(LARGEST_PAGE, Math.max(1, Math.round(paginationOpts.numItems)));
		const result = await ctx.db
			.query('syncRuns')
			.withIndex('by_connectionId_startedAt', (q) => q.eq('connectionId', connection._id))
			.order('desc')
			.paginate({ ...paginationOpts, numItems });
		return { ...result, page: result.page.map(view) };
	}
});

/** Starts a run, or hurries the one that is under way: ten clicks are one run. */
export const syncNow = writeAccess({
	right: 'sync:run',
	args: { connectionId: v.string() },
	returns: v.object({ runId: v.id('syncRuns'), alreadyRunning: v.boolean() }),
	handler: async (ctx, { connectionId }) => {
		const connection = await need(ctx, 'connections', connectionId);
		if (connection.disconnectedAt !== null) {
			throw new ConvexError({ kind: 'config', message: 'This connection is disconnected. Connect the account again.' });
		}
		return await startRun(ctx, connection, 'manual');
	}
});

/** Ends a run that is under way; what it has fetched so far is kept. */
export const cancel = writeAccess({
	right: 'sync:run',
	args: { runId: v.string() },
	returns: v.null(),
	handler: async (ctx, { runId }) => {
		const run = await need(ctx, 'syncRuns', runId);
		await cancelRun(ctx, run._id);
		return null;
	}
});

function view(run: Doc<'syncRuns'>) {
	const { _id: id, kind, state, startedAt, endedAt, slicesDone, slicesTotal } = run;
	const { apiCalls, inserted, updated, unchanged, errorKind, sentence } = run;
	const missing = run.missing.map(({ metricId, message }) => ({ metricId, message }));
	const counts = { apiCalls, inserted, updated, unchanged };
	return {
		id,
		kind,
		state,
		startedAt,
		endedAt,
		fraction: fractionOf(run),
		slicesDone,
		slicesTotal,
		...counts,
		errorKind,
		sentence,
		missing
	};
}
