import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	addDays,
	dayFromNumber,
	dayIndex,
	dayNumber,
	daysBetween,
	daysInMonth,
	eachDay,
	eachMonth,
	isDay,
	lastDayOf,
	monthOf,
	weekday
} from './days.ts';

/** Every day from 1 Jan 0000 to 31 Dec 9999. */
const anyDay = fc.integer({ min: dayNumber('0000-01-01'), max: dayNumber('9999-12-31') }).map(dayFromNumber);
const nearDay = fc.integer({ min: 0, max: 40_000 }).map(dayFromNumber);

describe('days', () => {
	it('goes forth and back', () => {
		fc.assert(fc.property(anyDay, (day) => dayFromNumber(dayNumber(day)) === day && isDay(day)));
		fc.assert(
			fc.property(nearDay, fc.integer({ min: -5000, max: 5000 }), (day, count) => {
				expect(addDays(addDays(day, count), -count)).toBe(day);
				expect(daysBetween(day, addDays(day, count))).toBe(count);
			})
		);
	});

	it('lists each day once, in order, of both ends', () => {
		fc.assert(
			fc.property(nearDay, fc.integer({ min: 0, max: 900 }), (from, count) => {
				const to = addDays(from, count);
				const days = eachDay(from, to);
				expect(days).toHaveLength(count + 1);
				expect([days[0], days.at(-1)]).toEqual([from, to]);
				expect([...new Set(days)].sort()).toEqual(days);
				expect(eachMonth(from, to)).toEqual([...new Set(days.map(monthOf))]);
			})
		);
		expect(eachDay('2026-11-23', '2026-11-22')).toEqual([]);
	});

	it('knows leap days and month ends', () => {
		expect(isDay('2024-02-29')).toBe(true);
		expect(isDay('2026-02-29')).toBe(false);
		expect(isDay('1900-02-29')).toBe(false);
		expect(daysInMonth('2000-02')).toBe(29);
		expect(daysInMonth('2026-12')).toBe(31);
		expect(lastDayOf('2028-02')).toBe('2028-02-29');
		expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
	});

	it.each(['', '2026-13-01', '2026-1-1', '20261123', '2026-11-31', '2026-11-23T00:00', '+12026-01-01', '__proto__'])(
		'refuses %j',
		(text) => {
			expect(isDay(text)).toBe(false);
			expect(() => dayNumber(text)).toThrow(RangeError);
		}
	);

	it('refuses to leave the calendar', () => {
		expect(() => addDays('9999-12-31', 1)).toThrow(RangeError);
		expect(() => addDays('0000-01-01', -1)).toThrow(RangeError);
		expect(() => dayFromNumber(Number.NaN)).toThrow(RangeError);
		expect(() => daysInMonth('2026-13')).toThrow(RangeError);
	});

	it('counts weekdays from Monday, also before 1970', () => {
		expect(weekday('2026-11-23')).toBe(1);
		expect(weekday('1969-12-28')).toBe(7);
		fc.assert(fc.property(anyDay, (day) => weekday(day) === (new Date(`${day}T00:00:00Z`).getUTCDay() || 7)));
		expect(dayIndex('2026-11-23')).toBe(22);
	});
});
