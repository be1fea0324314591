/** Reading series and their packed months, as pages want them. */
import { addDays, daysBetween, eachMonth, monthOf } from '../../lib/metrics/days.ts';
import { cutRange, emptyDays, encodeValues } from '../../lib/metrics/pack.ts';
import type { PackedDays } from '../../lib/metrics/pack.ts';
import type { Day, MetricDefinition } from '../../lib/metrics/types.ts';
import { today } from '../../lib/metrics/zones.ts';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { QueryCtx } from '../_generated/server.js';
import type { PackedSeries } from './validators.ts';

/** A connection holds no more series than this; points for more are refused in words (lib/pointStore). */
export const MAX_SERIES = 300;

/** The series of a connection, ordered by metric and dimension. */
export async function seriesOf(ctx: QueryCtx, connectionId: Id<'connections'>): Promise<Doc<'series'>[]> {
	return await ctx.db
		.query('series')
		.withIndex('by_connectionId_metricId_dimension', (q) => q.eq('connectionId', connectionId))
		.take(MAX_SERIES);
}

/** The days of a series from `from` to `to`, both included: a document per month. Days without a point are `missing`. */
export async function readDays(ctx: QueryCtx, series: Doc<'series'>, from: Day, to: Day): Promise<PackedDays> {
	// Asking only for months that can hold something keeps a long empty range free of reads.
	const first = from > series.firstDay ? from : series.firstDay;
	const last = to < series.lastDay ? to : series.lastDay;
	if (first > last) return emptyDays(daysBetween(from, to) + 1);
	const chunks = await ctx.db
		.query('chunks')
		.withIndex('by_seriesId_month', (q) =>
			q.eq('seriesId', series._id).gte('month', monthOf(first)).lte('month', monthOf(last))
		)
		.take(eachMonth(first, last).length);
	return cutRange(new Map(chunks.map((chunk) => [chunk.month, chunk])), from, to);
}

/** Like `readDays`; a past day of a snapshot metric is final: the last value that was seen on it. */
export async function readMetricDays(
	ctx: QueryCtx,
	series: Doc<'series'>,
	metric: MetricDefinition | undefined,
	timeZone: string,
	from: Day,
	to: Day
): Promise<PackedDays> {
	const days = await readDays(ctx, series, from, to);
	if (metric?.source !== 'snapshot') return days;
	return { ...days, states: finishPastDays(days.states, from, today(timeZone, Date.now())) };
}

/** A series packed for a chart. */
export async function packSeries(
	ctx: QueryCtx,
	series: Doc<'series'>,
	metric: MetricDefinition | undefined,
	timeZone: string,
	from: Day,
	to: Day
): Promise<PackedSeries> {
	const days = await readMetricDays(ctx, series, metric, timeZone, from, to);
	return {
		seriesId: series._id,
		connectionId: series.connectionId,
		metricId: series.metricId,
		dimension: series.dimension,
		unit: series.unit,
		currency: series.currency,
		from,
		values: encodeValues(days.values),
		states: days.states,
		lastFetchedAt: series.lastFetchedAt,
		timeZone
	};
}

/** Turns `partial` into `complete` on the days before `now`; `states` begins at `from`. */
export function finishPastDays(states: string, from: Day, now: Day): string {
	const past = Math.max(0, daysBetween(from, now));
	return states.slice(0, past).replaceAll('p', 'c') + states.slice(past);
}

/** Day `count - 1` days before `last`, so that the range has `count` days. */
export function rangeEnding(last: Day, count: number): { from: Day; to: Day } {
	return { from: addDays(last, 1 - count), to: last };
}
