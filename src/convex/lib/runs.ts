/**
 * The life of a sync run. Everything here happens inside one mutation, so that a run, its slices and its connection
 * never disagree.
 *
 *   run:    running ──▶ succeeded | partial | failed | cancelled          (no way back)
 *
 *   slice:  pending ─ dispatch ─▶ scheduled ─ claim ─▶ running ─ finish ─▶ done
 *                                    ▲  ▲                 │ ├── fail, to be tried again ──▶ scheduled (later)
 *                                    │  └─ lease lapsed ──┘ └── fail for good ──▶ failed; the group's rest: skipped
 *                                    └─ lease lapsed (the action never began)
 *
 * A slice that is scheduled or running holds a lease and a fence. The watchdog (schedule.ts) hands a lapsed slice out
 * again with a higher fence; what the earlier action still sends is refused. So an action may die at any point, and
 * nothing is lost but the page it was reading. One run per connection, one slice of it at a time.
 */
import { ConvexError } from 'convex/values';
import { today } from '../../lib/metrics/zones.ts';
import { internal } from '../_generated/api.js';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { MutationCtx } from '../_generated/server.js';
import type { ErrorKind } from './errors.ts';
import { integrationOf } from './integrationOf.ts';
import { daysOf, planSlices } from './plan.ts';
import { outcomeOf } from './outcome.ts';
import type { Ending } from './outcome.ts';
import type { RunKind } from './validators.ts';

/** An action that has been scheduled has this long to begin. */
export const START_GRACE_MS = 60_000;

/**
 * Starts a run with all its slices. When one is under way, answers that one, and hurries it if it is waiting to try
 * again for another reason than the service's own limits.
 */
export async function startRun(
	ctx: MutationCtx,
	connection: Doc<'connections'>,
	kind: RunKind
): Promise<{ runId: Id<'syncRuns'>; alreadyRunning: boolean }> {
	const active = connection.activeRunId && (await ctx.db.get('syncRuns', connection.activeRunId));
	if (active) {
		if (active.retryAt !== null && active.errorKind !== 'rate_limited') await hurry(ctx, active);
		return { runId: active._id, alreadyRunning: true };
	}
	const integration = integrationOf(connection.integrationId);
	if (!integration) {
		const message = `This version of Plumbline has no integration "${connection.integrationId}".`;
		throw new ConvexError({ kind: 'config', message });
	}
	const now = Date.now();
	const slices = planSlices({
		metrics: integration.config.metrics,
		config: integration.sync,
		coverage: connection.coverage,
		missing: new Set(connection.missing.map((one) => one.metricId)),
		today: today(connection.timeZone, now)
	});
	const { workspaceId, _id: connectionId } = connection;
	const runId = await ctx.db.insert('syncRuns', {
		workspaceId,
		connectionId,
		kind,
		state: 'running',
		startedAt: now,
		endedAt: null,
		slicesTotal: slices.length,
		slicesDone: 0,
		daysTotal: slices.reduce((sum, slice) => sum + daysOf(slice.span), 0),
		daysDone: 0,
		daysUnderWay: 0,
		currentMetric: null,
		apiCalls: 0,
		inserted: 0,
		updated: 0,
		unchanged: 0,
		missing: [],
		errorKind: null,
		sentence: null,
		retryAt: null
	});
	for (const [order, { group, metricIds, span }] of slices.entries()) {
		await ctx.db.insert('slices', {
			workspaceId,
			connectionId,
			runId,
			order,
			group,
			metricIds: [...metricIds],
			span,
			state: 'pending',
			checkpoint: null,
			fence: 0,
			leaseUntil: null,
			attempts: 0,
			lapses: 0
		});
	}
	await ctx.db.patch('connections', connectionId, { activeRunId: runId, nextSyncAt: null, retryAt: null });
	await advance(ctx, runId);
	return { runId, alreadyRunning: false };
}

/** Hands a slice out to an action that begins at `at`. Whoever held it before is shut out. */
export async function dispatch(ctx: MutationCtx, slice: Doc<'slices'>, at: number): Promise<void> {
	const fence = slice.fence + 1;
	await ctx.db.patch('slices', slice._id, { state: 'scheduled', fence, leaseUntil: at + START_GRACE_MS });
	await ctx.scheduler.runAt(at, internal.metrics.syncSlice, { sliceId: slice._id, fence });
}

/** Hands out the next pending slice, or ends the run when there is none. */
export async function advance(ctx: MutationCtx, runId: Id<'syncRuns'>): Promise<void> {
	const next = await ctx.db
		.query('slices')
		.withIndex('by_runId_state_order', (q) => q.eq('runId', runId).eq('state', 'pending'))
		.first();
	if (next) await dispatch(ctx, next, Date.now());
	else await endRun(ctx, runId, null);
}

/** Ends a run that is under way as cancelled. What it has fetched is kept, and fetched again by nobody. */
export async function cancelRun(ctx: MutationCtx, runId: Id<'syncRuns'>): Promise<void> {
	await endRun(ctx, runId, { state: 'cancelled' });
}

/**
 * Ends a run and says on the connection how it went. `ending` null: every slice has had its turn, so the result is
 * read from what the run brought. Does nothing when the run has ended already.
 */
export async function endRun(ctx: MutationCtx, runId: Id<'syncRuns'>, ending: Ending | null): Promise<void> {
	const run = await ctx.db.get('syncRuns', runId);
	if (!run || run.endedAt !== null) return;
	await releaseSlice(ctx, runId);
	const connection = await ctx.db.get('connections', run.connectionId);
	const now = Date.now();
	const held = await ctx.db
		.query('series')
		.withIndex('by_connectionId_metricId_dimension', (q) => q.eq('connectionId', run.connectionId))
		.first();
	const outcome = outcomeOf({ run, connection, ending, holdsSeries: held !== null, now, random: Math.random() });
	await ctx.db.patch('syncRuns', runId, { ...outcome.run, endedAt: now, retryAt: null, currentMetric: null });
	if (connection && outcome.connection) await ctx.db.patch('connections', connection._id, outcome.connection);
}

/** Tells of a failure that will be tried again at `retryAt`. */
export async function noteRetry(
	ctx: MutationCtx,
	runId: Id<'syncRuns'>,
	failure: { kind: ErrorKind; message: string; retryAt: number }
): Promise<void> {
	const { kind: errorKind, message: sentence, retryAt } = failure;
	await ctx.db.patch('syncRuns', runId, { errorKind, sentence, retryAt });
}

async function hurry(ctx: MutationCtx, run: Doc<'syncRuns'>): Promise<void> {
	const waiting = await ctx.db
		.query('slices')
		.withIndex('by_runId_state_order', (q) => q.eq('runId', run._id).eq('state', 'scheduled'))
		.first();
	if (!waiting) return;
	await ctx.db.patch('syncRuns', run._id, { errorKind: null, sentence: null, retryAt: null });
	await dispatch(ctx, waiting, Date.now());
}

/** Takes the slice away from whoever holds it; there is one at most. The pending ones stay as they are. */
async function releaseSlice(ctx: MutationCtx, runId: Id<'syncRuns'>): Promise<void> {
	for (const state of ['scheduled', 'running'] as const) {
		const held = await ctx.db
			.query('slices')
			.withIndex('by_runId_state_order', (q) => q.eq('runId', runId).eq('state', state))
			.first();
		if (held) await ctx.db.patch('slices', held._id, { state: 'skipped', leaseUntil: null, fence: held.fence + 1 });
	}
}
