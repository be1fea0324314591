/** Which calendar day a moment belongs to, in an IANA time zone. */
import { dayNumber } from './days.ts';
import type { Day } from './types.ts';

const HOUR_MS = 3_600_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Whether the runtime knows this IANA zone (`Europe/Berlin`, `UTC`). */
export function isTimeZone(timeZone: string): boolean {
	try {
		formatterOf(timeZone);
		return true;
	} catch {
		return false;
	}
}

/** The calendar day of a moment. `ms` since the epoch. Throws RangeError for an unknown zone or an impossible moment. */
export function dayOf(ms: number, timeZone: string): Day {
	if (timeZone === 'UTC') return isoDay(ms);
	let year = '';
	let month = '';
	let day = '';
	for (const part of formatterOf(timeZone).formatToParts(ms)) {
		if (part.type === 'year') year = part.value;
		else if (part.type === 'month') month = part.value;
		else if (part.type === 'day') day = part.value;
	}
	return `${year.padStart(4, '0')}-${month}-${day}`;
}

/** The calendar day it is now. `nowMs` since the epoch. */
export function today(timeZone: string, nowMs: number): Day {
	return dayOf(nowMs, timeZone);
}

/**
 * The first moment of a day, in ms since the epoch: 01:00 where midnight was skipped, the next day's start where the
 * whole day was. A day reaches from its own start up to, and without, the start of the next day.
 */
export function dayStartMs(day: Day, timeZone: string): number {
	const midnightUtc = dayNumber(day) * 24 * HOUR_MS;
	if (timeZone === 'UTC') return midnightUtc;
	// Zones reach from UTC-12 to UTC+14; a few hours more for the local times of earlier centuries.
	let before = midnightUtc - 16 * HOUR_MS;
	let atOrAfter = midnightUtc + 16 * HOUR_MS;
	if (dayOf(atOrAfter, timeZone) < day) atOrAfter += 24 * HOUR_MS;
	while (atOrAfter - before > 1) {
		const middle = Math.floor((before + atOrAfter) / 2);
		if (dayOf(middle, timeZone) >= day) atOrAfter = middle;
		else before = middle;
	}
	return atOrAfter;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
	let formatter = formatters.get(timeZone);
	if (!formatter) {
		formatter = new Intl.DateTimeFormat('en-US', {
			timeZone,
			calendar: 'gregory',
			numberingSystem: 'latn',
			year: 'numeric',
			month: '2-digit',
			day: '2-digit'
		});
		formatters.set(timeZone, formatter);
	}
	return formatter;
}

function isoDay(ms: number): Day {
	const text = new Date(ms).toISOString();
	if (text.length !== 24) throw new RangeError(`Moment out of range: ${ms}`);
	return text.slice(0, 10);
}
