import { describe, expect, test } from 'vitest';
import { addDays } from '../../lib/metrics/days.ts';
import type { MetricDefinition, Point } from '../../lib/metrics/types.ts';
import { acceptPoints } from './points.ts';

const TODAY = '2026-11-23';
const words = {
	name: 'x',
	description: 'x',
	aggregation: 'sum',
	direction: 'up',
	group: 'g',
	historyDays: null
} as const;
const METRICS = new Map<string, MetricDefinition>([
	['t.count', { id: 't.count', unit: 'count', source: 'events', ...words }],
	['t.money', { id: 't.money', unit: 'money', source: 'events', ...words }],
	['t.level', { id: 't.level', unit: 'count', source: 'snapshot', ...words }]
]);

function accept(...points: Partial<Point>[]) {
	const whole = points.map((point): Point => {
		return { metricId: 't.count', dimension: '', day: '2026-11-01', value: 1, state: 'complete', ...point };
	});
	const accepted = acceptPoints(whole, { metrics: METRICS, today: TODAY, lastFinalDay: addDays(TODAY, -3) });
	const facts = accepted.series.flatMap((one) => [...one.months.values()].flat());
	return { facts, refused: accepted.refused.map((one) => one.message), series: accepted.series };
}

describe('a point is refused', () => {
	test.each<[string, Partial<Point>]>([
		['more than 48 hours ahead', { day: addDays(TODAY, 3) }],
		['of the year 0001', { day: '0001-01-01' }],
		['of the year 9999', { day: '9999-12-31' }],
		['on a day that is none', { day: '2026-02-30' }],
		['on a moment in ms', { day: '1795435200000' }],
		['that is not a number', { value: Number.NaN }],
		['that is infinite', { value: Infinity }],
		['without a value but complete', { value: null }],
		['with a value but no data', { state: 'no_data' }],
		['of a metric that was not asked for', { metricId: 't.other' }],
		['of money without a currency', { metricId: 't.money' }],
		['of money in parts of a cent', { metricId: 't.money', currency: 'EUR', value: 1.5 }],
		['whose dimension is a book', { dimension: 'x'.repeat(10_000) }]
	])('%s', (_what, point) => {
		const { facts, refused } = accept(point);
		expect(facts).toEqual([]);
		expect(refused).toHaveLength(1);
		expect(refused[0]).toMatch(/\.$/);
	});

	test('when its day was told before with another value; the first one stays', () => {
		const { facts, refused } = accept({ value: 1 }, { value: 1 }, { value: 2 });
		expect(facts.map((one) => one.value)).toEqual([1]);
		expect(refused).toHaveLength(1);
	});
});

describe('a point is let in', () => {
	test.each<[string, Partial<Point>, Point['state']]>([
		['today is partial, whatever the service says', { day: TODAY }, 'partial'],
		['tomorrow, in a zone that is ahead, is partial', { day: addDays(TODAY, 1) }, 'partial'],
		['a day that may be restated is provisional', { day: addDays(TODAY, -2) }, 'provisional'],
		['a final day is complete', { day: addDays(TODAY, -3) }, 'complete'],
		['a day that the service calls provisional stays so', { day: '2026-11-01', state: 'provisional' }, 'provisional'],
		['no data is no data', { value: null, state: 'no_data' }, 'no_data'],
		['a level of yesterday is final', { metricId: 't.level', day: addDays(TODAY, -1) }, 'complete']
	])('%s', (_what, point, state) => {
		expect(accept(point).facts.map((one) => one.state)).toEqual([state]);
	});

	test('and nothing becomes 0', () => {
		expect(accept({ value: null, state: 'no_data' }).facts[0]?.value).toBe(null);
	});

	test('apart by dimension', () => {
		expect(
			accept({ dimension: 'DE' }, { dimension: 'FR' }, { dimension: 'DE', day: '2026-10-31' }).series
		).toHaveLength(2);
	});
});
