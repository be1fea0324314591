/** What the engine lets in: points of a page, checked against the metric's definition and the calendar. */
import { addDays, isDay, monthOf } from '../../lib/metrics/days.ts';
import type { Month } from '../../lib/metrics/days.ts';
import type { DayFact } from '../../lib/metrics/pack.ts';
import type { Day, MetricDefinition, Point } from '../../lib/metrics/types.ts';
import type { StoredMissing } from './validators.ts';

const EARLIEST_DAY = '2000-01-01';
/** A service ahead of the connection's zone may already have tomorrow; 48 hours ahead nobody has. */
const MAX_DAYS_AHEAD = 2;
const LONGEST_DIMENSION = 300;

export interface AcceptContext {
	/** The metrics that were asked for. */
	readonly metrics: ReadonlyMap<string, MetricDefinition>;
	/** Today, and the last day whose numbers are final, in the connection's zone when the page was read. */
	readonly today: Day;
	readonly lastFinalDay: Day;
}

/** The accepted facts of one series, by month. */
export interface SeriesFacts {
	readonly metric: MetricDefinition;
	readonly dimension: string;
	readonly currency: string | null;
	readonly months: ReadonlyMap<Month, readonly DayFact[]>;
}

export interface Accepted {
	readonly series: readonly SeriesFacts[];
	/** Points that were not let in, told per metric. */
	readonly refused: readonly StoredMissing[];
}

/**
 * Sorts points into series and months. Today is `partial` whatever the service says, and a day that may still be
 * restated is `provisional`. Refused: days that are none, or lie before 2000 or more than 48 hours ahead; values that
 * are not finite, contradict their state, or are money without a currency or not in whole minor units; metrics that
 * were not asked for; and a day told twice with different values.
 */
export function acceptPoints(points: readonly Point[], context: AcceptContext): Accepted {
	const series = new Map<string, { metric: MetricDefinition; point: Point; facts: Map<Day, DayFact> }>();
	const problems = new Map<string, string>();
	for (const point of points) {
		const metric = context.metrics.get(point.metricId);
		const problem = metric ? problemOf(point, metric, context.today) : 'It was not asked for.';
		if (!metric || problem) {
			problems.set(point.metricId, `A value was refused. ${problem}`);
			continue;
		}
		const key = JSON.stringify([point.metricId, point.dimension]);
		const entry = series.get(key) ?? { metric, point, facts: new Map<Day, DayFact>() };
		series.set(key, entry);
		const told = entry.facts.get(point.day);
		if (point.currency !== entry.point.currency || (told && told.value !== point.value)) {
			problems.set(point.metricId, `Two different values came for ${point.day}; the first one is kept.`);
			continue;
		}
		entry.facts.set(point.day, { day: point.day, value: point.value, state: stateOfDay(point, metric, context) });
	}
	return {
		series: [...series.values()].map(({ metric, point, facts }) => ({
			metric,
			dimension: point.dimension,
			currency: point.currency ?? null,
			months: Map.groupBy(facts.values(), (fact) => monthOf(fact.day))
		})),
		refused: [...problems].map(([metricId, message]) => ({ metricId, kind: 'bad_response', message }))
	};
}

/** Why a point cannot be true, or null. */
function problemOf(point: Point, metric: MetricDefinition, today: Day): string | null {
	const { day, value, state } = point;
	if (!isDay(day)) return 'Its day is not a calendar day.';
	if (day < EARLIEST_DAY) return `${day} lies too far back to be true.`;
	if (day > addDays(today, MAX_DAYS_AHEAD)) return `${day} lies in the future.`;
	if (point.dimension.length > LONGEST_DIMENSION) return 'The name of what it counts is too long.';
	if ((value === null) !== (state === 'no_data')) return `On ${day} its value and its state contradict each other.`;
	if (value !== null && !Number.isFinite(value)) return `On ${day} it is not a number.`;
	if (metric.unit !== 'money') return null;
	if (!/^[A-Z]{3}$/.test(point.currency ?? '')) return `On ${day} it is money without a currency.`;
	return value === null || Number.isSafeInteger(value) ? null : `On ${day} it is not a whole number of minor units.`;
}

function stateOfDay({ day, state }: Point, metric: MetricDefinition, context: AcceptContext): Point['state'] {
	if (state !== 'complete') return state;
	if (day >= context.today) return 'partial';
	return metric.source === 'events' && day > context.lastFinalDay ? 'provisional' : 'complete';
}
