/** Plain calendar arithmetic on days: no clock, no time zone, no dependency. Zones live in `zones.ts`. */
import type { Day } from './types.ts';

const DAY_MS = 86_400_000;
const DAY_SHAPE = /^\d{4}-\d{2}-\d{2}$/;
const MONTH_SHAPE = /^\d{4}-\d{2}$/;

/** A calendar month: `2026-11`. */
export type Month = string;

/** Whether the text is a real calendar day, `YYYY-MM-DD`: `2026-02-29` is not. */
export function isDay(text: string): text is Day {
	if (!DAY_SHAPE.test(text)) return false;
	const ms = Date.parse(`${text}T00:00:00Z`);
	return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Days since 1970-01-01. Throws RangeError when `day` is not a calendar day. */
export function dayNumber(day: Day): number {
	if (!isDay(day)) throw new RangeError(`Not a calendar day: ${day}`);
	return Date.parse(`${day}T00:00:00Z`) / DAY_MS;
}

/** The day that is `number` days after 1970-01-01. Throws RangeError outside the years 0000 to 9999. */
export function dayFromNumber(number: number): Day {
	const text = new Date(Math.trunc(number) * DAY_MS).toISOString();
	if (text.length !== 24) throw new RangeError(`Day number out of range: ${number}`);
	return text.slice(0, 10);
}

/** The day `count` days after `day` (before it, when negative). */
export function addDays(day: Day, count: number): Day {
	return dayFromNumber(dayNumber(day) + count);
}

/** How many days lie from `a` to `b`: 0 for the same day, negative when `b` is earlier. */
export function daysBetween(a: Day, b: Day): number {
	return dayNumber(b) - dayNumber(a);
}

/** Every day from `from` to `to`, both included; none when `to` is earlier. */
export function eachDay(from: Day, to: Day): Day[] {
	const first = dayNumber(from);
	return Array.from({ length: Math.max(0, dayNumber(to) - first + 1) }, (_, index) => dayFromNumber(first + index));
}

/** The month a day lies in. */
export function monthOf(day: Day): Month {
	return day.slice(0, 7);
}

/** How many days a month has: 28 to 31. */
export function daysInMonth(month: Month): number {
	const first = firstDayOf(month);
	const [year = 0, number = 0] = month.split('-').map(Number);
	const next =
		number === 12 ? `${String(year + 1).padStart(4, '0')}-01-01` : first.slice(0, 5) + two(number + 1) + '-01';
	return daysBetween(first, next);
}

/** The first day of a month. Throws RangeError when `month` is not `YYYY-MM`. */
export function firstDayOf(month: Month): Day {
	if (!MONTH_SHAPE.test(month) || !isDay(`${month}-01`)) throw new RangeError(`Not a calendar month: ${month}`);
	return `${month}-01`;
}

/** The last day of a month. */
export function lastDayOf(month: Month): Day {
	return `${month}-${two(daysInMonth(month))}`;
}

/** Every month that has a day between `from` and `to`, both included. */
export function eachMonth(from: Day, to: Day): Month[] {
	const months: Month[] = [];
	for (let day = from; daysBetween(day, to) >= 0; day = addDays(lastDayOf(monthOf(day)), 1)) months.push(monthOf(day));
	return months;
}

/** Where a day stands in its month, counted from 0. */
export function dayIndex(day: Day): number {
	return Number(day.slice(8)) - 1;
}

/** 1 for Monday to 7 for Sunday, as ISO 8601 counts. */
export function weekday(day: Day): number {
	return ((((dayNumber(day) + 3) % 7) + 7) % 7) + 1;
}

function two(number: number): string {
	return String(number).padStart(2, '0');
}
