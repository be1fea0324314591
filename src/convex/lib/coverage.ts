/** Which days have been read and are final: stretches of days, sorted, none touching the next. */
import { addDays } from '../../lib/metrics/days.ts';
import type { Day } from '../../lib/metrics/types.ts';

/** First and last day, both included. */
export interface DaySpan {
	readonly from: Day;
	readonly to: Day;
}

/** The stretches with one more laid over them; one whose end is before its beginning changes nothing. */
export function addSpan(spans: readonly DaySpan[], added: DaySpan): DaySpan[] {
	const sorted = [...spans, added].filter(({ from, to }) => from <= to).toSorted((a, b) => (a.from < b.from ? -1 : 1));
	const merged: DaySpan[] = [];
	for (const { from, to } of sorted) {
		const last = merged.at(-1);
		if (last && from <= addDays(last.to, 1))
			merged[merged.length - 1] = { from: last.from, to: to > last.to ? to : last.to };
		else merged.push({ from, to });
	}
	return merged;
}

/** What `wanted` has that the stretches lack, oldest first. */
export function gapsIn(spans: readonly DaySpan[], wanted: DaySpan): DaySpan[] {
	const gaps: DaySpan[] = [];
	let from = wanted.from;
	for (const span of spans) {
		if (span.to < from) continue;
		if (span.from > wanted.to) break;
		if (span.from > from) gaps.push({ from, to: addDays(span.from, -1) });
		from = addDays(span.to, 1);
	}
	if (from <= wanted.to) gaps.push({ from, to: wanted.to });
	return gaps;
}

/** The stretches without the days after `last`. */
export function cutAfter(spans: readonly DaySpan[], last: Day): DaySpan[] {
	return spans.filter(({ from }) => from <= last).map(({ from, to }) => ({ from, to: to < last ? to : last }));
}
