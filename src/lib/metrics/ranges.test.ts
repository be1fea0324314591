import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, dayFromNumber, daysBetween } from './days.ts';
import {
	LONGEST_DAYS,
	PRESETS,
	lengthOf,
	previousPeriod,
	readCompare,
	readRange,
	writeCompare,
	writeRange
} from './ranges.ts';

const today = '2026-11-23';

describe('ranges', () => {
	it('come back from the address as they were written', () => {
		for (const { value, days } of PRESETS) {
			const choice = readRange(writeRange(new URLSearchParams('compare=1&from=x'), value), today);
			expect(choice).toMatchObject({ preset: value, to: today, problem: null });
			expect(lengthOf(choice)).toBe(days);
		}
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 20_000 }),
				fc.integer({ min: 0, max: LONGEST_DAYS - 1 }),
				(start, length) => {
					const from = dayFromNumber(start);
					const to = addDays(from, length);
					fc.pre(daysBetween(to, today) >= 0);
					const choice = readRange(writeRange(new URLSearchParams(), { from, to }), today);
					expect(choice).toEqual({ preset: 'custom', from, to, problem: null });
				}
			)
		);
	});

	it('never leave the other parameters behind', () => {
		expect(writeRange(new URLSearchParams('compare=1&range=7d'), '30d').toString()).toBe('compare=1');
	});

	it.each([
		'range=1y',
		'from=2026-11-01',
		'from=2026-11-10&to=2026-11-01',
		'from=2026-02-30&to=2026-03-01',
		'from=1900-01-01&to=2026-11-01',
		'from=2026-11-01&to=2099-01-01',
		'from=%00&to=__proto__'
	])('refuse %s and say why', (text) => {
		const choice = readRange(new URLSearchParams(text), today);
		expect(choice).toMatchObject({ preset: '30d', to: today });
		expect(choice.problem).toMatch(/Showing 30 days instead\.$/);
	});

	it('carry the wish to compare beside them', () => {
		const off = writeCompare(new URLSearchParams('range=7d'), false);
		expect([off.toString(), readCompare(off)]).toEqual(['range=7d&compare=off', false]);
		expect([writeCompare(off, true).toString(), readCompare(writeCompare(off, true))]).toEqual(['range=7d', true]);
	});

	it('are preceded by a period of equal length', () => {
		const before = previousPeriod({ from: '2026-03-01', to: '2026-03-31' });
		expect(before).toEqual({ from: '2026-01-29', to: '2026-02-28' });
	});
});
