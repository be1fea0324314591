import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, daysBetween, daysInMonth, eachDay, eachMonth, firstDayOf, monthOf } from './days.ts';
import {
	cutRange,
	decodeStates,
	decodeValues,
	emptyMonth,
	encodeStates,
	encodeValues,
	isKnown,
	knownSpan,
	mergeMonth
} from './pack.ts';
import type { DayFact, PackedDays } from './pack.ts';
import { DAY_STATES } from './types.ts';

const anyState = fc.constantFrom(...DAY_STATES);
const anyValue = fc.double({ noNaN: true, noDefaultInfinity: true });
const anyFact = fc
	.record({ index: fc.integer({ min: 0, max: 27 }), state: anyState, value: anyValue })
	.map(({ index, state, value }): DayFact => ({
		day: addDays('2026-02-01', index),
		state,
		value: isKnown(state) ? value : null
	}));

describe('packing', () => {
	it('goes forth and back', () => {
		fc.assert(
			fc.property(fc.array(anyState), (states) => {
				expect(decodeStates(encodeStates(states))).toEqual(states);
			})
		);
		fc.assert(
			fc.property(fc.array(fc.option(anyValue)), (values) => {
				expect(decodeValues(encodeValues(values))).toEqual(values.map((value) => (value === 0 ? 0 : value)));
			})
		);
	});

	it('refuses what is not a packed run', () => {
		for (const text of ['{}', 'null', '["1"]', '[true]', '[[1]]']) expect(() => decodeValues(text)).toThrow(RangeError);
		expect(() => decodeValues('[1')).toThrow(SyntaxError);
		expect(() => decodeStates('cx')).toThrow(RangeError);
		for (const value of [Number.NaN, Infinity, -Infinity]) expect(() => encodeValues([value])).toThrow(RangeError);
	});
});

describe('merging a month', () => {
	it('changes nothing the second time', () => {
		fc.assert(
			fc.property(fc.uniqueArray(anyFact, { selector: (fact) => fact.day }), (facts) => {
				const once = mergeMonth('2026-02', emptyMonth('2026-02'), facts);
				const twice = mergeMonth('2026-02', once, facts);
				expect([twice.values, twice.states]).toEqual([once.values, once.states]);
				expect(twice.inserted + twice.updated).toBe(0);
				expect(once.values.map((value) => value !== null)).toEqual(decodeStates(once.states).map(isKnown));
			})
		);
	});

	it('never loses a known day to missing or failed', () => {
		const known = mergeMonth('2026-02', emptyMonth('2026-02'), [{ day: '2026-02-10', value: 5, state: 'complete' }]);
		const after = mergeMonth('2026-02', known, [
			{ day: '2026-02-10', value: null, state: 'failed' },
			{ day: '2026-02-10', value: null, state: 'missing' },
			{ day: '2026-02-11', value: null, state: 'failed' }
		]);
		expect(after.values[9]).toBe(5);
		expect(after.states.slice(9, 11)).toBe('cf');
	});

	it('corrects what the service restates, and keeps zero apart from nothing', () => {
		const first = mergeMonth('2026-02', emptyMonth('2026-02'), [{ day: '2026-02-01', value: 5, state: 'provisional' }]);
		const second = mergeMonth('2026-02', first, [
			{ day: '2026-02-01', value: 0, state: 'complete' },
			{ day: '2026-02-02', value: null, state: 'no_data' }
		]);
		expect([second.inserted, second.updated, second.unchanged]).toEqual([1, 1, 0]);
		expect(second.values.slice(0, 3)).toEqual([0, null, null]);
		expect(second.states.slice(0, 3)).toBe('cnm');
	});

	it('refuses facts that contradict themselves', () => {
		const merge = (fact: DayFact) => () => mergeMonth('2026-02', emptyMonth('2026-02'), [fact]);
		expect(merge({ day: '2026-02-01', value: null, state: 'complete' })).toThrow(RangeError);
		expect(merge({ day: '2026-02-01', value: 0, state: 'no_data' })).toThrow(RangeError);
		expect(merge({ day: '2026-03-01', value: 1, state: 'complete' })).toThrow(RangeError);
		expect(merge({ day: '2026-02-01', value: Infinity, state: 'complete' })).toThrow(RangeError);
	});
});

describe('cutting a range', () => {
	it('gives one entry a day, each from its own place', () => {
		const months = new Map<string, PackedDays>(
			eachMonth('2026-01-15', '2026-04-10').map((month) => [
				month,
				{
					values: Array.from(
						{ length: daysInMonth(month) },
						(_, index) => daysBetween('2026-01-01', firstDayOf(month)) + index
					),
					states: 'c'.repeat(daysInMonth(month))
				}
			])
		);
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 120 }), (start, length) => {
				const from = addDays('2025-12-20', start);
				const to = addDays(from, length);
				const cut = cutRange(months, from, to);
				const expected = eachDay(from, to).map((day) =>
					months.has(monthOf(day)) ? daysBetween('2026-01-01', day) : null
				);
				expect(cut.values).toEqual(expected);
				expect(cut.states).toBe(expected.map((value) => (value === null ? 'm' : 'c')).join(''));
			})
		);
	});

	it('knows the span of what is known', () => {
		expect(knownSpan('2026-02', emptyMonth('2026-02'))).toBeNull();
		expect(knownSpan('2026-02', { values: [], states: `mmfcnp${'m'.repeat(22)}` })).toEqual({
			first: '2026-02-04',
			last: '2026-02-06'
		});
	});
});
