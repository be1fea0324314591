/**
 * What a run has to fetch, as slices. There is one rule for every kind of run: what is wanted (as far back as the
 * service tells and the configuration asks, up to today) minus what is covered, and always the look-back days again.
 * So an initial run fetches everything, a scheduled one the last days, one after an outage also the hole, and one after
 * an interrupted initial run also the rest of the history.
 */
import { addDays, daysBetween } from '../../lib/metrics/days.ts';
import type { Day, MetricDefinition } from '../../lib/metrics/types.ts';
import { dayOf } from '../../lib/metrics/zones.ts';
import { cutAfter, gapsIn } from './coverage.ts';
import type { DaySpan } from './coverage.ts';
import type { SyncConfig } from './integrationConfig.ts';

/** The first slice of a new connection is short, so that the board shows something at once. */
const FIRST_SLICE_DAYS = 7;

export interface PlannedSlice {
	readonly group: string;
	readonly metricIds: readonly string[];
	readonly span: DaySpan;
}

export interface PlanInput {
	readonly metrics: readonly MetricDefinition[];
	readonly config: Pick<SyncConfig, 'shouldBackfill' | 'historicalDays' | 'lookbackDays' | 'sliceDays'>;
	/** Final days that are held, by metric. */
	readonly coverage: Readonly<Record<string, readonly DaySpan[]>>;
	/** Metrics the service would not give last time: only the look-back days are tried, until it does. */
	readonly missing: ReadonlySet<string>;
	/** Today in the connection's zone. */
	readonly today: Day;
}

/** Slices in the order they are fetched: values of now first, then day windows of all groups from today backwards. */
export function planSlices(input: PlanInput): PlannedSlice[] {
	const { metrics, config, today } = input;
	const snapshots: PlannedSlice[] = [];
	const windows: PlannedSlice[] = [];
	for (const [group, members] of Map.groupBy(metrics, (metric) => metric.group)) {
		const days = config.sliceDays[group];
		if (days === undefined) {
			snapshots.push({ group, metricIds: idsOf(members), span: { from: today, to: today } });
			continue;
		}
		// Metrics that are equally far are fetched together; usually that is the whole group.
		for (const equals of Map.groupBy(members, (metric) => standingOf(metric, input)).values()) {
			windows.push(...planWindows(group, equals, days, input));
		}
	}
	return [...snapshots, ...windows.toSorted((a, b) => (a.span.to === b.span.to ? 0 : a.span.to < b.span.to ? 1 : -1))];
}

function planWindows(
	group: string,
	members: readonly MetricDefinition[],
	days: number,
	{ config, coverage, missing, today }: PlanInput
): PlannedSlice[] {
	const [first] = members;
	const covered = (first && coverage[first.id]) ?? [];
	const probing = first !== undefined && missing.has(first.id);
	const lookback = addDays(today, -config.lookbackDays);
	const oldest = probing ? lookback : oldestAsked(config, covered, lookback, today);
	const toldDays = Math.max(...members.map(historyOf));
	const from = toldDays === Infinity ? oldest : later(oldest, addDays(today, 1 - toldDays));
	const gaps = gapsIn(cutAfter(covered, addDays(lookback, -1)), { from, to: today });
	const firstDays = covered.length === 0 ? Math.min(days, FIRST_SLICE_DAYS) : days;
	return gaps
		.flatMap((gap) => windowsOf(gap, firstDays, days))
		.map((span) => ({ group, metricIds: idsOf(members.filter((one) => reaches(one, span.to, today))), span }))
		.filter((slice) => slice.metricIds.length > 0);
}

/** The last day whose numbers no longer change: it ended `finalAfterHours` ago or earlier. */
export function lastFinalDay(nowMs: number, timeZone: string, finalAfterHours: number): Day {
	return addDays(dayOf(nowMs - finalAfterHours * 3_600_000, timeZone), -1);
}

/** How many days a slice counts for in the progress of its run. */
export function daysOf(span: DaySpan): number {
	return daysBetween(span.from, span.to) + 1;
}

function oldestAsked(config: PlanInput['config'], covered: readonly DaySpan[], lookback: Day, today: Day): Day {
	const history = addDays(today, 1 - Math.max(1, config.historicalDays));
	return earlier(lookback, config.shouldBackfill ? history : (covered[0]?.from ?? lookback));
}

function standingOf(metric: MetricDefinition, { coverage, missing }: PlanInput): string {
	return JSON.stringify([coverage[metric.id] ?? [], missing.has(metric.id)]);
}

function idsOf(metrics: readonly MetricDefinition[]): string[] {
	return metrics.map((metric) => metric.id);
}

/** Days the service tells of, today included. */
function historyOf(metric: MetricDefinition): number {
	if (metric.source === 'snapshot') return 1;
	return metric.historyDays === null ? Infinity : Math.max(1, metric.historyDays);
}

/** Whether the service tells of the metric on that day. */
export function reaches(metric: MetricDefinition, last: Day, today: Day): boolean {
	return daysBetween(last, today) < historyOf(metric);
}

/** Cuts a stretch into windows, newest first. */
function windowsOf({ from, to }: DaySpan, firstDays: number, days: number): DaySpan[] {
	const windows: DaySpan[] = [];
	let length = firstDays;
	for (let end = to; end >= from; length = days) {
		const start = later(from, addDays(end, 1 - length));
		windows.push({ from: start, to: end });
		end = addDays(start, -1);
	}
	return windows;
}

function later(a: Day, b: Day): Day {
	return a > b ? a : b;
}

function earlier(a: Day, b: Day): Day {
	return a < b ? a : b;
}
