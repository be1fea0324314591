/** What each tile of a board has to say. Pure: the backend's answers in, views out. */
import { aggregate } from '../../metrics/aggregate.ts';
import type { RangeValue } from '../../metrics/aggregate.ts';
import { basisInWords } from '../../metrics/basis.ts';
import { compare } from '../../metrics/comparison.ts';
import type { Comparison } from '../../metrics/comparison.ts';
import type { NumberStyle } from '../../metrics/format.ts';
import type { PackedDays } from '../../metrics/pack.ts';
import { lengthOf } from '../../metrics/ranges.ts';
import type { Period } from '../../metrics/ranges.ts';
import { counterpart } from '../../metrics/series.ts';
import type { Series } from '../../metrics/series.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import type { ChartModel } from '../charts/model.ts';

/** Lines that a chart shows at once; more are listed, and never added up. */
export const MOST_LINES = 8;

export interface SeriesView {
	readonly series: Series;
	/** What splits it from its sisters: `owner/repo`, `EUR`; "" for the only one. */
	readonly label: string;
	readonly style: NumberStyle;
	readonly range: RangeValue;
	/** Phrases on what the number rests on. */
	readonly basis: readonly string[];
	/** null while no comparison is wanted. */
	readonly comparison: Comparison | null;
	readonly previous: PackedDays | null;
	/** 1 to 8, or null when the charts do not show it. */
	readonly colour: number | null;
}

export interface BoardPeriods {
	readonly current: Period;
	/** null while no comparison is wanted. */
	readonly previous: Period | null;
}

/** The series of one metric of one connection, each with its number; in the order of their labels. */
export function seriesViews(
	definition: MetricDefinition,
	series: readonly Series[],
	previous: readonly Series[],
	periods: BoardPeriods,
	locale: string
): SeriesView[] {
	const ranges = series.map((one) => aggregate(definition.aggregation, one));
	const shown = largest(ranges.map((range) => range.value));
	return series.map((one, index) => {
		const range = ranges[index] ?? aggregate(definition.aggregation, one);
		const before = periods.previous ? counterpart(one, previous) : null;
		return {
			series: one,
			label: one.dimension,
			style: { unit: one.unit, currency: one.currency, locale },
			range,
			basis: basisInWords(one, range, definition.aggregation),
			comparison:
				before && periods.previous
					? compare(definition, over(one), before, periods.current.from, periods.previous.from)
					: null,
			previous: before,
			colour: shown.has(index) ? ([...shown].sort((a, b) => a - b).indexOf(index) % MOST_LINES) + 1 : null
		};
	});
}

/** One chart per currency: amounts of different money share no axis. */
export function chartModels(
	title: string,
	definition: MetricDefinition,
	views: readonly SeriesView[],
	periods: BoardPeriods
): ChartModel[] {
	const drawn = views.filter((view) => view.colour !== null);
	const currencies = [...new Set(drawn.map((view) => view.style.currency))];
	return currencies.flatMap((currency) => {
		const own = drawn.filter((view) => view.style.currency === currency);
		const [first] = own;
		if (!first) return [];
		return {
			title: currencies.length > 1 ? `${title}, ${currency}` : title,
			period: periods.current,
			length: lengthOf(periods.current),
			comparisonPeriod: periods.previous,
			style: first.style,
			aggregation: definition.aggregation,
			series: own.map((view) => ({
				id: view.series.seriesId,
				label: view.label,
				colour: view.colour ?? 1,
				values: view.series.values,
				states: view.series.states,
				dayStates: view.series.dayStates,
				firstFact: view.series.firstFact,
				comparison: view.previous?.values ?? null
			}))
		};
	});
}

/** Newest time at which the service was asked, in ms since the epoch; null when never. */
export function freshest(views: readonly SeriesView[]): number | null {
	const times = views.map((view) => view.series.lastFetchedAt).filter((time) => time !== null);
	return times.length === 0 ? null : Math.max(...times);
}

/** Only the days that are over: whatever the service says of today, it is not final. */
function over(series: Series): PackedDays {
	return { values: series.values.slice(0, series.daysOver), states: series.states.slice(0, series.daysOver) };
}

/** The largest number first, unknown ones last. */
export function bySize(views: readonly SeriesView[]): SeriesView[] {
	return views.toSorted((a, b) => sizeOf(b.range.value) - sizeOf(a.range.value));
}

function sizeOf(value: number | null | undefined): number {
	return value === null || value === undefined ? -1 : Math.abs(value);
}

/** Places of the largest values, unknown ones last. */
function largest(values: readonly (number | null)[]): Set<number> {
	const order = values.map((_, index) => index).sort((a, b) => sizeOf(values[b]) - sizeOf(values[a]) || a - b);
	return new Set(order.slice(0, MOST_LINES));
}
