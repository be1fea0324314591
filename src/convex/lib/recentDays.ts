/** The last 30 days of a metric as one line, where its series can honestly be added up. */
import { encodeStates, decodeStates, encodeValues, isKnown } from '../../lib/metrics/pack.ts';
import type { PackedDays } from '../../lib/metrics/pack.ts';
import type { DayState, MetricDefinition } from '../../lib/metrics/types.ts';
import { today } from '../../lib/metrics/zones.ts';
import type { Doc } from '../_generated/dataModel.js';
import type { QueryCtx } from '../_generated/server.js';
import { finishPastDays, rangeEnding, readDays } from './seriesReader.ts';
import type { LibraryEntry } from './validators.ts';

const DAYS = 30;
/** From the least certain to the most: a sum is as certain as its least certain part. */
const CERTAINTY: readonly DayState[] = ['missing', 'failed', 'partial', 'provisional', 'complete', 'no_data'];

/** Null when there is no series, or several that do not add up: shares, averages, different currencies. */
export async function recentDays(
	ctx: QueryCtx,
	series: readonly Doc<'series'>[],
	metric: MetricDefinition,
	timeZone: string
): Promise<LibraryEntry['recent']> {
	const [first] = series;
	if (!first || (series.length > 1 && !addsUp(series, metric))) return null;
	const now = today(timeZone, Date.now());
	const { from, to } = rangeEnding(now, DAYS);
	const parts = await Promise.all(series.map((one) => readDays(ctx, one, from, to)));
	const sum = addSeries(parts, DAYS);
	const states = metric.source === 'snapshot' ? finishPastDays(sum.states, from, now) : sum.states;
	return { values: encodeValues(sum.values), states, from, unit: first.unit, currency: first.currency };
}

function addsUp(series: readonly Doc<'series'>[], metric: MetricDefinition): boolean {
	const additive = metric.aggregation === 'sum' || metric.aggregation === 'last';
	const countable = metric.unit === 'count' || metric.unit === 'money' || metric.unit === 'bytes';
	return additive && countable && new Set(series.map((one) => one.currency)).size === 1;
}

/** Adds series day by day. A day that one of them lacks is lacking in the sum: a part is not the whole. */
export function addSeries(parts: readonly PackedDays[], length: number): PackedDays {
	const states = parts.map((part) => decodeStates(part.states));
	const sums: (number | null)[] = [];
	const certainties: DayState[] = [];
	for (let day = 0; day < length; day += 1) {
		const ranks = states.map((part) => CERTAINTY.indexOf(part[day] ?? 'missing'));
		const worst = CERTAINTY[Math.min(...ranks)] ?? 'missing';
		const values = parts.flatMap((part) => part.values[day] ?? []);
		certainties.push(worst);
		sums.push(isKnown(worst) ? values.reduce((sum, value) => sum + value, 0) : null);
	}
	return { values: sums, states: encodeStates(certainties) };
}
