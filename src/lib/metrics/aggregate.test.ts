import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregate } from './aggregate.ts';
import { encodeStates, isKnown } from './pack.ts';
import type { PackedDays } from './pack.ts';
import { DAY_STATES } from './types.ts';
import type { Aggregation } from './types.ts';

const anyAggregation = fc.constantFrom<Aggregation>('sum', 'last', 'average', 'max', 'min');
const anyDays = fc
	.array(fc.record({ state: fc.constantFrom(...DAY_STATES), value: fc.integer({ min: -1e9, max: 1e9 }) }))
	.map((days): PackedDays => ({
		states: encodeStates(days.map((day) => day.state)),
		values: days.map((day) => (isKnown(day.state) ? day.value : null))
	}));

describe('aggregate', () => {
	it('rests on the known days alone and says so', () => {
		fc.assert(
			fc.property(anyAggregation, anyDays, (aggregation, days) => {
				const range = aggregate(aggregation, days);
				const known = days.values.filter((value) => value !== null);
				expect(range.daysKnown).toBe(known.length);
				expect(range.daysTotal).toBe(days.states.length);
				expect(Object.values(range.counts).reduce((a, b) => a + b, 0)).toBe(days.states.length);
				if (known.length === 0) expect(range.value).toBeNull();
				else expect(isKnown(range.state)).toBe(true);
				if (aggregation === 'sum' && known.length > 0) expect(range.value).toBe(known.reduce((a, b) => a + b, 0));
				if (aggregation === 'last') expect(range.value).toBe(known.at(-1) ?? null);
			})
		);
	});

	it('is not moved by days that are not known', () => {
		const days = { values: [3, 4], states: 'cc' };
		const holed = { values: [null, 3, null, 4, null], states: 'ncmcf' };
		for (const aggregation of ['sum', 'last', 'average', 'max', 'min'] as const) {
			expect(aggregate(aggregation, holed).value).toBe(aggregate(aggregation, days).value);
		}
	});

	it.each([
		['', 'missing'],
		['mm', 'missing'],
		['nn', 'no_data'],
		['nm', 'missing'],
		['mf', 'failed']
	])('of %j is nothing, and %s', (states, state) => {
		const range = aggregate('sum', { values: [...states].map(() => null), states });
		expect([range.value, range.state]).toEqual([null, state]);
	});

	it.each([
		['cc', 'complete'],
		['cn', 'complete'],
		['cv', 'provisional'],
		['vp', 'partial'],
		['mc', 'partial'],
		['fc', 'partial']
	])('of %j is %s', (states, state) => {
		expect(aggregate('sum', { values: [...states].map((one) => ('cvp'.includes(one) ? 1 : null)), states }).state).toBe(
			state
		);
	});

	it('keeps a zero that the service said', () => {
		expect(aggregate('sum', { values: [0, null], states: 'cn' }).value).toBe(0);
	});
});
