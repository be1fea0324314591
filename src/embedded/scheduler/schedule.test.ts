import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstRun, nextRun, readSchedule } from './schedule.ts';
import type { Schedule } from './schedule.ts';

const at = (text: string): number => Date.parse(text);
const NOON = at('2026-03-15T12:00:00Z'); // a Sunday

describe('schedules', () => {
	it.each([
		[{ type: 'hourly', minuteUTC: 30 }, '2026-03-15T12:30:00Z'],
		[{ type: 'daily', hourUTC: 3, minuteUTC: 15 }, '2026-03-16T03:15:00Z'],
		[{ type: 'daily', hourUTC: 12, minuteUTC: 0 }, '2026-03-16T12:00:00Z'],
		[{ type: 'weekly', dayOfWeek: 'monday', hourUTC: 1, minuteUTC: 2 }, '2026-03-16T01:02:00Z'],
		[{ type: 'weekly', dayOfWeek: 'sunday', hourUTC: 11, minuteUTC: 0 }, '2026-03-22T11:00:00Z'],
		[{ type: 'monthly', day: 1, hourUTC: 0, minuteUTC: 0 }, '2026-04-01T00:00:00Z'],
		[{ type: 'monthly', day: 31, hourUTC: 9, minuteUTC: 0 }, '2026-03-31T09:00:00Z'],
		[{ type: 'cron', cron: '15 7 * * *' }, '2026-03-16T07:15:00Z'],
		[{ type: 'cron', cron: '*/5 * * * 1-5' }, '2026-03-16T00:00:00Z'],
		[{ type: 'cron', cron: '0 0 29 2 *' }, '2028-02-29T00:00:00Z']
	])('%j first runs at %s', (json, expected) => {
		expect(new Date(firstRun(readSchedule('job', json), NOON)).toISOString()).toBe(new Date(expected).toISOString());
	});

	it('skips months that lack the day', () => {
		const monthly = readSchedule('job', { type: 'monthly', day: 31, hourUTC: 0, minuteUTC: 0 });
		const march = at('2026-03-31T00:00:00Z');
		expect(nextRun(monthly, march, march + 1)).toEqual({ next: at('2026-05-31T00:00:00Z'), skipped: 0 });
	});

	it('keeps a minute for a job that names none', () => {
		const first = readSchedule('spread', { type: 'daily', hourUTC: 5 });
		expect(first).toEqual(readSchedule('spread', { type: 'daily', hourUTC: 5 }));
		expect(readSchedule('other', { type: 'hourly' })).not.toEqual(readSchedule('spread', { type: 'hourly' }));
	});

	it.each([
		[{ type: 'cron', cron: '61 * * * *' }],
		[{ type: 'cron', cron: 'whenever' }],
		[{ type: 'interval' }],
		[{ type: 'yearly' }]
	])('refuses %j', (json) => {
		expect(() => readSchedule('job', json)).toThrow(/"job"/);
	});

	it('runs an interval at once, then in step with its first run', () => {
		const interval = readSchedule('job', { type: 'interval', minutes: 10 });
		expect(firstRun(interval, NOON)).toBe(NOON);
		expect(nextRun(interval, NOON, NOON + 1)).toEqual({ next: NOON + 600_000, skipped: 0 });
		expect(nextRun(interval, NOON, NOON + 600_000 * 3.5)).toEqual({ next: NOON + 600_000 * 4, skipped: 3 });
	});
});

const schedules: fc.Arbitrary<Schedule> = fc.oneof(
	fc.integer({ min: 1, max: 1e7 }).map((seconds) => readSchedule('job', { type: 'interval', seconds })),
	fc
		.record({
			minuteUTC: fc.integer({ min: 0, max: 59 }),
			hourUTC: fc.integer({ min: 0, max: 23 }),
			day: fc.integer({ min: 1, max: 31 })
		})
		.chain((when) =>
			fc.constantFrom('hourly', 'daily', 'monthly').map((type) => readSchedule('job', { ...when, type }))
		)
);
const times = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') });
const lateness = fc.integer({ min: 0, max: 400 * 24 * 3600 * 1000 });

describe('the next run', () => {
	it('lies after now and after the last one, and is the first such time', () => {
		fc.assert(
			fc.property(schedules, times, lateness, (schedule, previous, late) => {
				const now = previous + late;
				const { next, skipped } = nextRun(schedule, previous, now);
				expect(next).toBeGreaterThan(now);
				expect(next).toBeGreaterThan(previous);
				// From a moment before it, the same time follows: nothing lies in between.
				if (schedule.type === 'calendar') expect(firstRun(schedule, next - 1)).toBe(next);
				else expect((next - previous) % schedule.milliseconds).toBe(0);
				if (skipped === 0 && schedule.type === 'interval') expect(next - previous).toBe(schedule.milliseconds);
			}),
			{ numRuns: 200 }
		);
	});

	it('counts what was skipped', () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 500 }), (missed) => {
				const hourly = readSchedule('job', { type: 'hourly', minuteUTC: 0 });
				const hour = 3_600_000;
				expect(nextRun(hourly, NOON, NOON + missed * hour + 1)).toEqual({
					next: NOON + (missed + 1) * hour,
					skipped: missed
				});
			}),
			{ numRuns: 20 }
		);
	});
});
