import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, verdictOf } from './comparison.ts';
import type { ComparedMetric } from './comparison.ts';
import type { PackedDays } from './pack.ts';

const flow: ComparedMetric = { aggregation: 'sum', direction: 'up', unit: 'count' };
const level: ComparedMetric = { aggregation: 'last', direction: 'down', unit: 'count' };
const run = (values: (number | null)[], states: string): PackedDays => ({ values, states });
const against = (metric: ComparedMetric, now: PackedDays, then: PackedDays) =>
	compare(metric, now, then, '2026-11-04', '2026-11-01');

describe('compare', () => {
	it('leaves today out of both periods alike', () => {
		const { change } = against(flow, run([10, 20, 1], 'ccp'), run([10, 10, 900], 'ccc'));
		expect(change).toMatchObject({ current: 30, previous: 20, fraction: 0.5, verdict: 'good', leftOut: 1 });
		expect(change?.period).toEqual({ from: '2026-11-04', to: '2026-11-05' });
		expect(change?.before).toEqual({ from: '2026-11-01', to: '2026-11-02' });
	});

	it('does not depend on values of days that are not final', () => {
		fc.assert(
			fc.property(fc.integer(), fc.integer(), (a, b) => {
				const now = (value: number) => run([7, value, 9], 'cvc');
				const then = run([5, 6, 7], 'ccc');
				expect(against(flow, now(a), then)).toEqual(against(flow, now(b), then));
			})
		);
	});

	it('gives no change over days nobody knows', () => {
		expect(against(flow, run([1, null], 'cm'), run([1, 1], 'cc'))).toEqual({
			change: null,
			reason: '1 of 2 days of this period are not known'
		});
		expect(against(flow, run([1, 1], 'cc'), run([null, null], 'mm'))).toEqual({
			change: null,
			reason: 'nothing is known of the period before'
		});
		expect(against(flow, run([1], 'p'), run([1], 'c'))).toEqual({
			change: null,
			reason: 'no day of the two periods is final yet'
		});
	});

	it('gives no percent from zero or from below it', () => {
		expect(against(flow, run([5], 'c'), run([0], 'c')).change).toMatchObject({ fraction: null, difference: 5 });
		expect(against(flow, run([5], 'c'), run([-5], 'c')).change).toMatchObject({ fraction: null, difference: 10 });
	});

	it('compares a level at one place of both periods', () => {
		const { change } = against(level, run([50, null, 60, 61], 'cmcp'), run([40, 45, null, 48], 'ccmc'));
		expect(change).toMatchObject({ current: 50, previous: 40, verdict: 'bad' });
	});

	it('judges by direction', () => {
		expect([
			verdictOf('up', 1),
			verdictOf('up', -1),
			verdictOf('down', -1),
			verdictOf('neutral', 9),
			verdictOf('up', 0)
		]).toEqual(['good', 'bad', 'good', 'neutral', 'neutral']);
	});
});
