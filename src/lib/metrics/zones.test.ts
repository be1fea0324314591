import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, dayFromNumber, daysBetween } from './days.ts';
import { dayOf, dayStartMs, isTimeZone, today } from './zones.ts';

const HOUR = 3_600_000;
const ZONES = [
	'UTC',
	'Etc/GMT+12',
	'Pacific/Kiritimati',
	'America/New_York',
	'America/Sao_Paulo',
	'Europe/Berlin',
	'Africa/Cairo',
	'Asia/Kathmandu',
	'Australia/Lord_Howe',
	'Pacific/Chatham'
];
const anyZone = fc.constantFrom(...ZONES);
/** 1990 to 2050. */
const anyDay = fc.integer({ min: 7305, max: 29_220 }).map(dayFromNumber);
const anyMoment = fc.integer({ min: 7305 * 24 * HOUR, max: 29_220 * 24 * HOUR });

describe('zones', () => {
	it('puts every moment into the one day whose bounds hold it', () => {
		fc.assert(
			fc.property(anyMoment, anyZone, (ms, zone) => {
				const day = dayOf(ms, zone);
				expect(dayStartMs(day, zone)).toBeLessThanOrEqual(ms);
				expect(dayStartMs(addDays(day, 1), zone)).toBeGreaterThan(ms);
			})
		);
	});

	it('gives a record exactly on a boundary to the later day alone', () => {
		fc.assert(
			fc.property(anyDay, anyZone, (day, zone) => {
				const start = dayStartMs(day, zone);
				expect(dayOf(start, zone)).toBe(day);
				expect(daysBetween(dayOf(start - 1, zone), day)).toBe(1);
			})
		);
	});

	it('has days of 23, 24 and 25 hours and a few of neither', () => {
		const length = (day: string, zone: string) => (dayStartMs(addDays(day, 1), zone) - dayStartMs(day, zone)) / HOUR;
		expect(length('2026-03-29', 'Europe/Berlin')).toBe(23);
		expect(length('2026-10-25', 'Europe/Berlin')).toBe(25);
		expect(length('2026-11-23', 'Europe/Berlin')).toBe(24);
		expect(length('2026-04-05', 'Australia/Lord_Howe')).toBe(24.5);
		expect(length('2028-02-29', 'America/New_York')).toBe(24);
	});

	it('starts a day at 01:00 where midnight does not exist', () => {
		expect(new Date(dayStartMs('2018-11-04', 'America/Sao_Paulo')).toISOString()).toBe('2018-11-04T03:00:00.000Z');
		expect(new Date(dayStartMs('2026-04-24', 'Africa/Cairo')).toISOString()).toBe('2026-04-23T22:00:00.000Z');
	});

	it('gives a skipped day no length', () => {
		expect(dayStartMs('2011-12-30', 'Pacific/Apia')).toBe(dayStartMs('2011-12-31', 'Pacific/Apia'));
	});

	it('reaches from UTC-12 to UTC+14', () => {
		const noon = Date.parse('2026-11-23T11:30:00Z');
		expect(today('Etc/GMT+12', noon)).toBe('2026-11-22');
		expect(today('Pacific/Kiritimati', noon)).toBe('2026-11-24');
		expect(today('UTC', noon)).toBe('2026-11-23');
	});

	it('refuses unknown zones and impossible moments', () => {
		expect(isTimeZone('Europe/Berlin')).toBe(true);
		expect(isTimeZone('Mars/Olympus')).toBe(false);
		expect(() => dayOf(0, 'Mars/Olympus')).toThrow(RangeError);
		expect(() => dayOf(Number.NaN, 'UTC')).toThrow(RangeError);
		expect(() => dayOf(Number.NaN, 'Europe/Berlin')).toThrow(RangeError);
	});
});
