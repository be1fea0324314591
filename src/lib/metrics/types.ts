/** The words of a number. Pure shapes, shared by the browser, the backend and the integrations. */

/** A calendar day in the connection's own time zone: `2026-11-23`. */
export type Day = string;

/**
 * What a day of a series is:
 * complete (final), partial (today, still counting), provisional (the service may restate it), no_data (the service
 * says nothing happened or nothing was measured), missing (never fetched), failed (fetching it went wrong).
 */
export const DAY_STATES = ['complete', 'partial', 'provisional', 'no_data', 'missing', 'failed'] as const;
export type DayState = (typeof DAY_STATES)[number];

/** `money` values are integer minor units of the series' currency; `percent` is 0..100; `duration` is seconds. */
export type Unit = 'count' | 'money' | 'percent' | 'duration' | 'bytes' | 'rate' | 'number';

/** How days combine into one number for a range. `last` takes the newest known day (levels: stars, MRR). */
export type Aggregation = 'sum' | 'last' | 'average' | 'max' | 'min';

/** Which way is good news. */
export type Direction = 'up' | 'down' | 'neutral';

export interface MetricDefinition {
	/** `<integration>.<name>`: `stripe.mrr`. */
	readonly id: string;
	readonly name: string;
	/** One or two sentences: what is counted, what is left out. */
	readonly description: string;
	readonly unit: Unit;
	readonly aggregation: Aggregation;
	readonly direction: Direction;
	/** `snapshot`: only the value now can be read, history accrues. `events`: days of the past can be read. */
	readonly source: 'snapshot' | 'events';
	/** Metrics of one group are fetched together, in one slice. */
	readonly group: string;
	/** What splits the metric into several series; `currency` also names the unit of money. */
	readonly dimension?: { readonly key: string; readonly label: string };
	/** How far back the service can tell, in days; null means without limit, 0 means only now. */
	readonly historyDays: number | null;
	/** Permissions the credentials need for this metric, in the service's own words. */
	readonly scopes?: readonly string[];
	/** Where it stands on the dashboard that a connection creates: 1 is first; absent means not on it. */
	readonly rank?: number;
}

/** One fact: the value of a series for one day. A day nobody could read is not a point at all. */
export interface Point {
	readonly metricId: string;
	/** Dimension value (`EUR`, `owner/repo`), or "" when the metric has none. */
	readonly dimension: string;
	readonly day: Day;
	/** null goes with `no_data` only. */
	readonly value: number | null;
	readonly state: 'complete' | 'partial' | 'provisional' | 'no_data';
	/** ISO code, for money only. */
	readonly currency?: string;
}
