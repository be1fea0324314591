/** What the sync function (metrics.ts) tells about the slice it works on. Every message carries the slice's fence. */
import { v } from 'convex/values';
import { today } from '../lib/metrics/zones.ts';
import type { Doc, Id } from './_generated/dataModel.js';
import { internalMutation } from './_generated/server.js';
import type { MutationCtx } from './_generated/server.js';
import { addSpan } from './lib/coverage.ts';
import { integrationOf, metricsOf } from './lib/integrationOf.ts';
import { daysOf, lastFinalDay, reaches } from './lib/plan.ts';
import { acceptPoints } from './lib/points.ts';
import { storePoints } from './lib/pointStore.ts';
import { retryTime } from './lib/retryPolicy.ts';
import { seriesOf } from './lib/seriesReader.ts';
import { advance, dispatch, endRun, noteRetry } from './lib/runs.ts';
import { daySpan, errorKind, missingMetric, point, settings } from './lib/validators.ts';
import type { StoredMissing } from './lib/validators.ts';

/** An action that has not been heard of for this long is taken for dead. It renews its lease far more often. */
export const LEASE_MS = 90_000;
/** No run has more slices of one group than this: 20 years in weeks. */
const MAX_SLICES_OF_GROUP = 1_100;
const MAX_MISSING = 100;

const holder = { sliceId: v.id('slices'), fence: v.number() };

const work = v.object({
	workspaceId: v.id('workspaces'),
	connectionId: v.id('connections'),
	integrationId: v.string(),
	/** null: none are stored, so the connection needs new ones. */
	credentials: v.union(v.object({ keyId: v.string(), sealed: v.string() }), v.null()),
	settings,
	timeZone: v.string(),
	metricIds: v.array(v.string()),
	span: daySpan,
	/** Dimension values in which the metrics already have series, by metric id. */
	knownDimensions: v.record(v.string(), v.array(v.string())),
	checkpoint: v.union(v.string(), v.null())
});

/** Takes a slice that was handed out; null when it has been handed to somebody else, or its run has ended. */
export const claim = internalMutation({
	args: holder,
	returns: v.union(work, v.null()),
	handler: async (ctx, args) => {
		const held = await heldSlice(ctx, args);
		if (!held || held.slice.state !== 'scheduled') return null;
		const { slice, run, connection } = held;
		const credentials = await ctx.db
			.query('credentials')
			.withIndex('by_connectionId', (q) => q.eq('connectionId', connection._id))
			.unique();
		await ctx.db.patch('slices', slice._id, { state: 'running', leaseUntil: Date.now() + LEASE_MS });
		const currentMetric = nameOf(connection, slice.metricIds[0]);
		await ctx.db.patch('syncRuns', run._id, { currentMetric, retryAt: null, errorKind: null, sentence: null });
		return {
			workspaceId: connection.workspaceId,
			connectionId: connection._id,
			integrationId: connection.integrationId,
			credentials: credentials && { keyId: credentials.keyId, sealed: credentials.sealed },
			settings: connection.settings,
			timeZone: connection.timeZone,
			metricIds: slice.metricIds,
			span: slice.span,
			knownDimensions: await knownDimensions(ctx, connection._id, slice.metricIds),
			checkpoint: slice.checkpoint
		};
	}
});

/** By metric, where the connection holds series of it already: at most MAX_SERIES rows are read. */
async function knownDimensions(
	ctx: MutationCtx,
	connectionId: Id<'connections'>,
	metricIds: readonly string[]
): Promise<Record<string, string[]>> {
	const known = Map.groupBy(await seriesOf(ctx, connectionId), (series) => series.metricId);
	return Object.fromEntries(
		metricIds.map((metricId) => [metricId, (known.get(metricId) ?? []).map((series) => series.dimension)])
	);
}

/** Keeps the lease alive and counts requests; false: stop, the slice is no longer yours. */
export const renew = internalMutation({
	args: { ...holder, apiCalls: v.number() },
	returns: v.boolean(),
	handler: async (ctx, args) => {
		const held = await heldSlice(ctx, args);
		if (!held) return false;
		const { run } = held;
		if (args.apiCalls > 0) await ctx.db.patch('syncRuns', run._id, { apiCalls: run.apiCalls + args.apiCalls });
		await ctx.db.patch('slices', held.slice._id, { leaseUntil: Date.now() + LEASE_MS });
		return true;
	}
});

/**
 * Stores a page: its points first, then its checkpoint, in this one transaction. A page too large for one message
 * comes in parts, of which only the last brings the checkpoint. False: stop, the slice is no longer yours.
 */
export const commitPage = internalMutation({
	args: {
		...holder,
		readAt: v.number(),
		points: v.array(point),
		/** JSON; null leaves the earlier one in place. */
		checkpoint: v.union(v.string(), v.null()),
		/** 0..1 of the slice. */
		progress: v.number(),
		/** Requests sent since the last message. */
		apiCalls: v.number(),
		missing: v.array(missingMetric)
	},
	returns: v.boolean(),
	handler: async (ctx, args) => {
		const held = await heldSlice(ctx, args);
		if (!held) return false;
		const { slice, run, connection } = held;
		const finalAfterHours = integrationOf(connection.integrationId)?.sync.finalAfterHours ?? 0;
		const metrics = metricsOf(connection.integrationId);
		const accepted = acceptPoints(args.points, {
			metrics: new Map(slice.metricIds.flatMap((id) => ofMap(metrics, id))),
			today: today(connection.timeZone, args.readAt),
			lastFinalDay: lastFinalDay(args.readAt, connection.timeZone, finalAfterHours)
		});
		const { workspaceId, connectionId } = slice;
		const origin = { workspaceId, connectionId, runId: run._id, readAt: args.readAt };
		const written = await storePoints(ctx, origin, accepted.series);
		await ctx.db.patch('slices', slice._id, {
			checkpoint: args.checkpoint ?? slice.checkpoint,
			leaseUntil: Date.now() + LEASE_MS,
			attempts: 0,
			lapses: 0
		});
		const share = Math.min(1, Math.max(0, args.progress));
		await ctx.db.patch('syncRuns', run._id, {
			inserted: run.inserted + written.inserted,
			updated: run.updated + written.updated,
			unchanged: run.unchanged + written.unchanged,
			apiCalls: run.apiCalls + args.apiCalls,
			daysUnderWay: daysOf(slice.span) * share,
			currentMetric: nameOf(connection, args.points.at(-1)?.metricId) ?? run.currentMetric,
			missing: withMissing(run.missing, [...args.missing, ...accepted.refused, ...written.refused])
		});
		return true;
	}
});

/** Every page of the slice has been committed. Its final days are covered, and the next slice is handed out. */
export const finish = internalMutation({
	args: { ...holder, apiCalls: v.number() },
	returns: v.null(),
	handler: async (ctx, args) => {
		const held = await heldSlice(ctx, args);
		if (!held) return null;
		const { slice, run, connection } = held;
		await ctx.db.patch('slices', slice._id, { state: 'done', leaseUntil: null });
		await ctx.db.patch('syncRuns', run._id, endedSlices(run, [slice], args.apiCalls));
		const coverage = coverageAfter(held);
		if (coverage) await ctx.db.patch('connections', connection._id, { coverage });
		await advance(ctx, run._id);
		return null;
	}
});

/** The action's own time is up; the slice goes on from its checkpoint in another one. */
export const handOver = internalMutation({
	args: { ...holder, apiCalls: v.number() },
	returns: v.null(),
	handler: async (ctx, args) => {
		const held = await heldSlice(ctx, args);
		if (!held) return null;
		await ctx.db.patch('syncRuns', held.run._id, { apiCalls: held.run.apiCalls + args.apiCalls });
		await dispatch(ctx, held.slice, Date.now());
		return null;
	}
});

/**
 * Fetching went wrong. A passing failure is tried again later; one that concerns the whole account ends the run; any
 * other ends the metric group, and the run goes on without it.
 */
export const fail = internalMutation({
	args: {
		...holder,
		apiCalls: v.number(),
		kind: errorKind,
		message: v.string(),
		/** When the service allows the next request. */
		retryAt: v.union(v.number(), v.null())
	},
	returns: v.null(),
	handler: async (ctx, args) => {
		const held = await heldSlice(ctx, args);
		if (!held) return null;
		const { slice, run } = held;
		const { kind, message } = args;
		const now = Date.now();
		const attempts = slice.attempts + 1;
		const again = retryTime({ kind, attempts, retryAt: args.retryAt, runKind: run.kind, now, random: Math.random() });
		const apiCalls = run.apiCalls + args.apiCalls;
		if (again !== null) {
			await ctx.db.patch('slices', slice._id, { attempts });
			await ctx.db.patch('syncRuns', run._id, { apiCalls });
			await noteRetry(ctx, run._id, { kind, message, retryAt: again });
			await dispatch(ctx, slice, again);
			return null;
		}
		if (kind !== 'permission' && kind !== 'not_found' && kind !== 'bad_response') {
			await ctx.db.patch('slices', slice._id, { state: 'failed', leaseUntil: null, attempts });
			await ctx.db.patch('syncRuns', run._id, { apiCalls });
			await endRun(ctx, run._id, { state: 'failed', kind, message, retryAt: args.retryAt });
			return null;
		}
		const rest = await ctx.db
			.query('slices')
			.withIndex('by_runId_group_state', (q) => q.eq('runId', run._id).eq('group', slice.group).eq('state', 'pending'))
			.take(MAX_SLICES_OF_GROUP);
		await ctx.db.patch('slices', slice._id, { state: 'failed', leaseUntil: null, attempts });
		for (const one of rest) await ctx.db.patch('slices', one._id, { state: 'skipped' });
		const missing = withMissing(
			run.missing,
			slice.metricIds.map((metricId) => ({ metricId, kind, message }))
		);
		await ctx.db.patch('syncRuns', run._id, { ...endedSlices(run, [slice, ...rest], args.apiCalls), missing });
		await advance(ctx, run._id);
		return null;
	}
});

interface Held {
	readonly slice: Doc<'slices'>;
	readonly run: Doc<'syncRuns'>;
	readonly connection: Doc<'connections'>;
}

/** The slice with its run and connection if the fence is the current one and the run is under way; else null. */
async function heldSlice(ctx: MutationCtx, args: { sliceId: Id<'slices'>; fence: number }): Promise<Held | null> {
	const slice = await ctx.db.get('slices', args.sliceId);
	if (!slice || slice.fence !== args.fence || slice.leaseUntil === null) return null;
	const run = await ctx.db.get('syncRuns', slice.runId);
	const connection = await ctx.db.get('connections', slice.connectionId);
	return run && connection && run.endedAt === null ? { slice, run, connection } : null;
}

/**
 * The connection's coverage with the slice's final days laid over it, for the metrics that did come; null for values of
 * now, which cover nothing. A metric the service cannot tell of so far back counts as read.
 */
function coverageAfter({ slice, run, connection }: Held): Doc<'connections'>['coverage'] | null {
	const integration = integrationOf(connection.integrationId);
	if (integration?.sync.sliceDays[slice.group] === undefined) return null;
	// Counted from the start of the run: a day that ended while it was being read is read again.
	const last = lastFinalDay(run.startedAt, connection.timeZone, integration.sync.finalAfterHours);
	const to = slice.span.to < last ? slice.span.to : last;
	const now = today(connection.timeZone, run.startedAt);
	const missing = new Set(run.missing.map((one) => one.metricId));
	const coverage = { ...connection.coverage };
	for (const metric of integration.config.metrics) {
		const asked = slice.metricIds.includes(metric.id) || !reaches(metric, slice.span.to, now);
		if (metric.group !== slice.group || !asked || missing.has(metric.id)) continue;
		coverage[metric.id] = addSpan(coverage[metric.id] ?? [], { from: slice.span.from, to });
	}
	return coverage;
}

function endedSlices(run: Doc<'syncRuns'>, slices: readonly Doc<'slices'>[], apiCalls: number) {
	return {
		apiCalls: run.apiCalls + apiCalls,
		slicesDone: run.slicesDone + slices.length,
		daysDone: run.daysDone + slices.reduce((sum, slice) => sum + daysOf(slice.span), 0),
		daysUnderWay: 0
	};
}

function nameOf(connection: Doc<'connections'>, metricId: string | undefined): string | null {
	return metricId === undefined ? null : (metricsOf(connection.integrationId).get(metricId)?.name ?? null);
}

/** One entry per metric and sentence. */
function withMissing(earlier: readonly StoredMissing[], added: readonly StoredMissing[]): StoredMissing[] {
	const byMetric = new Map([...earlier, ...added].map((one) => [`${one.metricId} ${one.message}`, one]));
	return [...byMetric.values()].slice(0, MAX_MISSING);
}

function ofMap<Value>(map: ReadonlyMap<string, Value>, key: string): [string, Value][] {
	const value = map.get(key);
	return value === undefined ? [] : [[key, value]];
}
