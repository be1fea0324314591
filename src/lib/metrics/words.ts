/** Days and periods in words. One way of writing for every reader, so that server and browser agree. */
import { daysBetween } from './days.ts';
import type { Period } from './ranges.ts';
import type { Day } from './types.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `2026-11` or `2026-11-23` as `Nov`. */
export function monthInWords(day: Day): string {
	return MONTHS[Number(day.slice(5, 7)) - 1] ?? '';
}

/** `23 Nov`, or `23 Nov 2026` with the year. */
export function dayInWords(day: Day, withYear = false): string {
	const text = `${Number(day.slice(8, 10))} ${monthInWords(day)}`;
	return withYear ? `${text} ${day.slice(0, 4)}` : text;
}

/** `24 Oct – 23 Nov`; years only where they differ, or where asked for. */
export function periodInWords(period: Period, withYear = false): string {
	if (daysBetween(period.from, period.to) === 0) return dayInWords(period.from, withYear);
	const years = withYear || period.from.slice(0, 4) !== period.to.slice(0, 4);
	return `${dayInWords(period.from, years)} – ${dayInWords(period.to, years)}`;
}

/** `1 day`, `3 days`. */
export function counted(count: number, one: string, many = `${one}s`): string {
	return `${count} ${count === 1 ? one : many}`;
}
