import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactTime, relativeTime, spanInWords } from './time.ts';

const MINUTE = 60_000;
const moments = fc.integer({ min: 0, max: 4e12 });

describe('spanInWords', () => {
	it('uses the largest whole unit', () => {
		const cases: [number, string][] = [
			[-5, '0 s'],
			[59_999, '59 s'],
			[MINUTE, '1 min'],
			[59 * MINUTE + 59_999, '59 min'],
			[23 * 60 * MINUTE, '23 h'],
			[24 * 60 * MINUTE, '1 day'],
			[59 * 1440 * MINUTE, '59 days'],
			[365 * 1440 * MINUTE, '11 months'],
			[731 * 1440 * MINUTE, '2 years']
		];
		for (const [span, words] of cases) expect(spanInWords(span), String(span)).toBe(words);
	});
});

describe('relativeTime', () => {
	it('speaks of the past as ago and of the future as in', () => {
		fc.assert(
			fc.property(moments, moments, (at, now) => {
				const words = relativeTime(at, now);
				if (Math.abs(at - now) < 10_000) expect(['just now', 'in a moment']).toContain(words);
				else if (at < now) expect(words).toMatch(/ ago$/);
				else expect(words).toMatch(/^in /);
			})
		);
	});

	it('of a time ahead says the nearest minute, of one past the whole minutes', () => {
		const week = 7 * 1440 * MINUTE;
		expect(relativeTime(week, 2_000)).toBe('in 7 days');
		expect(relativeTime(week, 60_000)).toBe('in 6 days');
		expect(relativeTime(59_000, 0)).toBe('in 59 s');
		expect(relativeTime(0, week - 2_000)).toBe('6 days ago');
	});
});

describe('exactTime', () => {
	it('names the zone, and counts its summer time', () => {
		const summer = Date.UTC(2026, 6, 1, 12, 5, 9);
		expect(exactTime(summer, 'UTC')).toBe('Wed 1 Jul 2026, 12:05:09 UTC');
		expect(exactTime(summer, 'Europe/Berlin')).toContain('14:05:09 ');
		expect(exactTime(Date.UTC(2026, 0, 1), 'UTC')).toContain('00:00:00');
	});
});
