/** What a chart shows, as text for those who cannot see it. */
import { aggregate } from './aggregate.ts';
import { formatCompact, formatExact } from './format.ts';
import type { NumberStyle } from './format.ts';
import type { PackedDays } from './pack.ts';
import type { Period } from './ranges.ts';
import { STATE_WORDS } from './states.ts';
import type { Aggregation, DayState } from './types.ts';
import { addDays } from './days.ts';
import { counted, dayInWords, periodInWords } from './words.ts';

export interface SummarySeries extends PackedDays {
	readonly label: string;
	readonly style: NumberStyle;
}

const COMBINED: Readonly<Record<Aggregation, string>> = {
	sum: 'in total',
	last: 'at the end',
	average: 'on average',
	max: 'at the highest',
	min: 'at the lowest'
};
/** Beyond this many, series are counted and not described. */
const DESCRIBED = 3;

/** One paragraph: the title, the period, each series' number, its highest and lowest day, and what is not known. */
export function summarise(
	title: string,
	aggregation: Aggregation,
	period: Period,
	series: readonly SummarySeries[]
): string {
	const parts = [`${title}, ${periodInWords(period, true)}.`];
	if (series.length === 0) parts.push('Nothing to show.');
	for (const one of series.slice(0, DESCRIBED)) parts.push(describe(one, aggregation, period));
	if (series.length > DESCRIBED) parts.push(`And ${counted(series.length - DESCRIBED, 'more series', 'more series')}.`);
	return parts.join(' ');
}

function describe(series: SummarySeries, aggregation: Aggregation, period: Period): string {
	const range = aggregate(aggregation, series);
	const name = series.label === '' ? '' : `${series.label}: `;
	if (range.value === null) return `${name}${STATE_WORDS[range.state].word}.`;
	const text = [`${name}${formatExact(range.value, series.style)} ${COMBINED[aggregation]}`];
	const extremes = extremesOf(series);
	if (extremes && extremes.high !== extremes.low) {
		const at = (index: number) =>
			`${formatCompact(series.values[index] ?? 0, series.style)} on ${dayInWords(addDays(period.from, index))}`;
		text.push(`highest ${at(extremes.high)}, lowest ${at(extremes.low)}`);
	}
	const unknown = (['partial', 'provisional', 'no_data', 'missing', 'failed'] satisfies DayState[])
		.filter((state) => range.counts[state] > 0)
		.map((state) => `${counted(range.counts[state], 'day')} ${STATE_WORDS[state].word}`);
	if (unknown.length > 0) text.push(unknown.join(', '));
	return `${text.join('; ')}.`;
}

/** Where the highest and the lowest known value stand; null when nothing is known. */
function extremesOf(days: PackedDays): { readonly high: number; readonly low: number } | null {
	let high = -1;
	let low = -1;
	days.values.forEach((value, index) => {
		if (value === null) return;
		if (high < 0 || value > (days.values[high] ?? 0)) high = index;
		if (low < 0 || value < (days.values[low] ?? 0)) low = index;
	});
	return high < 0 ? null : { high, low };
}
