import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minorDigits, toMajor, toMinor } from './currencies.ts';
import { formatCompact, formatDifference, formatExact, formatFraction } from './format.ts';
import type { NumberStyle } from './format.ts';

const en = (unit: NumberStyle['unit'], currency: string | null = null): NumberStyle => ({
	unit,
	currency,
	locale: 'en-US'
});

describe('numbers', () => {
	it.each([
		[0, '0'],
		[7, '7'],
		[9999, '9,999'],
		[12_400, '12.4k'],
		[1_284_000, '1.28M'],
		[-12_400, '-12.4k']
	])('shortens %d to %s', (value, text) => expect(formatCompact(value, en('count'))).toBe(text));

	it.each([
		[128_400, 'USD', '$1,284', '$1,284.00'],
		[1250, 'USD', '$12.50', '$12.50'],
		[128_000_000, 'USD', '$1.28M', '$1,280,000.00'],
		[1250, 'JPY', '¥1,250', '¥1,250'],
		[12_500, 'KWD', 'KWD\u00a012.500', 'KWD\u00a012.500']
	])('writes %d minor units of %s', (minor, currency, compact, exact) => {
		expect(formatCompact(minor, en('money', currency))).toBe(compact);
		expect(formatExact(minor, en('money', currency))).toBe(exact);
	});

	it('speaks the reader’s language', () => {
		expect(formatExact(123_456, { unit: 'money', currency: 'EUR', locale: 'de-DE' })).toBe('1.234,56\u00a0€');
		expect(formatCompact(12.5, { unit: 'percent', currency: null, locale: 'de-DE' })).toBe('12,5\u00a0%');
	});

	it('writes the other units', () => {
		expect(formatCompact(99.95, en('percent'))).toBe('99.95%');
		expect(formatExact(99.95, en('percent'))).toBe('99.95%');
		expect(formatCompact(0.25, en('duration'))).toBe('250 ms');
		expect(formatCompact(192, en('duration'))).toBe('3 min 12 s');
		expect(formatCompact(7500, en('duration'))).toBe('2 h 5 min');
		expect(formatCompact(1_536_000, en('bytes'))).toBe('1.54 MB');
		expect(formatExact(1_536_000, en('bytes'))).toBe('1,536,000 B');
		expect(formatCompact(1234, en('rate'))).toBe('1,234/s');
	});

	it('gives changes a sign', () => {
		expect(formatFraction(0.1234, 'en')).toBe('+12.3%');
		expect(formatFraction(-0.5, 'en')).toBe('-50%');
		expect(formatFraction(0, 'en')).toBe('0%');
		expect(formatFraction(13, 'en')).toBe('×14');
		expect(formatDifference(-1.5, en('percent'))).toBe('-1.5 points');
		expect(formatDifference(1250, en('money', 'USD'))).toBe('+$12.50');
	});

	it('writes something finite for every value of every unit', () => {
		const units = fc.constantFrom<NumberStyle['unit']>(
			'count',
			'money',
			'percent',
			'duration',
			'bytes',
			'rate',
			'number'
		);
		fc.assert(
			fc.property(units, fc.double({ noNaN: true, noDefaultInfinity: true }), (unit, value) => {
				for (const text of [formatCompact(value, en(unit, 'EUR')), formatExact(value, en(unit, 'EUR'))]) {
					expect(text).toMatch(/\d/);
					expect(text).not.toMatch(/NaN|Infinity|undefined/);
				}
			})
		);
	});
});

describe('currencies', () => {
	it('know their minor digits', () => {
		expect(['EUR', 'jpy', 'KWD', 'ISK', 'UGX', 'CLF', 'XXX'].map(minorDigits)).toEqual([2, 0, 3, 0, 0, 4, 2]);
		fc.assert(
			fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.constantFrom('EUR', 'JPY', 'KWD'), (minor, currency) => {
				expect(toMinor(toMajor(minor, currency), currency)).toBe(minor === 0 ? 0 : minor);
			})
		);
	});
});
