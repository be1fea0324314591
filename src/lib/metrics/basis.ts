/** What a number rests on, in a few words: nothing to say when all days are there and final. */
import type { RangeValue } from './aggregate.ts';
import { addDays } from './days.ts';
import type { Series } from './series.ts';
import type { Aggregation } from './types.ts';
import { counted, dayInWords } from './words.ts';

/** Phrases for the footnote of a number, the most important first: `as of 20 Nov`, `2 days failed`, `23 Nov so far`. */
export function basisInWords(series: Series, range: RangeValue, aggregation: Aggregation): string[] {
	if (range.value === null) return [];
	const last = series.dayStates.length - 1;
	const phrases: string[] = [];
	const isLevel = aggregation === 'last';
	if (isLevel && range.lastKnown < last) phrases.push(`as of ${dayInWords(addDays(series.from, range.lastKnown))}`);
	const notYet = Math.max(0, series.firstFact);
	if (!isLevel) {
		if (notYet > 0) phrases.push(`since ${dayInWords(addDays(series.from, series.firstFact))}`);
		const missing =
			range.counts.missing - series.dayStates.slice(0, notYet).filter((state) => state === 'missing').length;
		if (missing > 0) phrases.push(`${counted(missing, 'day')} not fetched`);
		if (range.counts.failed > 0) phrases.push(`${counted(range.counts.failed, 'day')} failed`);
		if (range.counts.provisional > 0) phrases.push(`${counted(range.counts.provisional, 'day')} may change`);
	}
	if (series.dayStates[last] === 'partial' && (!isLevel || range.lastKnown === last))
		phrases.push(`${dayInWords(addDays(series.from, last))} so far`);
	return phrases;
}
