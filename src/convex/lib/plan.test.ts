import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, eachDay } from '../../lib/metrics/days.ts';
import type { MetricDefinition } from '../../lib/metrics/types.ts';
import { addSpan } from './coverage.ts';
import type { DaySpan } from './coverage.ts';
import { daysOf, lastFinalDay, planSlices } from './plan.ts';
import type { PlanInput, PlannedSlice } from './plan.ts';

const TODAY = '2026-11-23';

function metric(
	id: string,
	group: string,
	historyDays: number | null = null,
	source: 'events' | 'snapshot' = 'events'
) {
	const words = { name: id, description: id, unit: 'count', aggregation: 'sum', direction: 'up' } as const;
	return { id, group, historyDays, source, ...words } satisfies MetricDefinition;
}

const METRICS = [
	metric('t.now', 'level', 0, 'snapshot'),
	metric('t.a', 'day'),
	metric('t.b', 'day'),
	metric('t.views', 'traffic', 14)
];
const CONFIG = { shouldBackfill: true, historicalDays: 100, lookbackDays: 2, sliceDays: { day: 30, traffic: 30 } };

function plan(changes: Partial<PlanInput> = {}): PlannedSlice[] {
	return planSlices({ metrics: METRICS, config: CONFIG, coverage: {}, missing: new Set(), today: TODAY, ...changes });
}

function daysAsked(slices: readonly PlannedSlice[], metricId: string): string[] {
	return slices
		.filter((slice) => slice.metricIds.includes(metricId))
		.flatMap(({ span }) => eachDay(span.from, span.to))
		.toSorted();
}

const upTo = (to: string, from = addDays(TODAY, -99)): readonly DaySpan[] => [{ from, to }];

describe('the initial plan', () => {
	test('takes the values of now first, then a week of everything, then the past backwards', () => {
		expect(plan().map(({ group, span }) => [group, daysOf(span), span.to])).toEqual([
			['level', 1, TODAY],
			['day', 7, TODAY],
			['traffic', 7, TODAY],
			['day', 30, addDays(TODAY, -7)],
			['traffic', 7, addDays(TODAY, -7)],
			['day', 30, addDays(TODAY, -37)],
			['day', 30, addDays(TODAY, -67)],
			['day', 3, addDays(TODAY, -97)]
		]);
	});

	test('asks no metric for days its service does not tell of', () => {
		expect(daysAsked(plan(), 't.views')).toEqual(eachDay(addDays(TODAY, -13), TODAY));
		expect(daysAsked(plan(), 't.a')).toHaveLength(100);
	});

	test('without backfill is only the look-back', () => {
		const slices = plan({ config: { ...CONFIG, shouldBackfill: false } });
		expect(daysAsked(slices, 't.a')).toEqual(eachDay(addDays(TODAY, -2), TODAY));
	});
});

describe('a later plan', () => {
	test('is the look-back when everything else is held', () => {
		const all = upTo(addDays(TODAY, -1));
		const slices = plan({ coverage: { 't.a': all, 't.b': all, 't.views': all } });
		expect(slices.map(({ group, metricIds, span }) => [group, metricIds.length, span.from])).toEqual([
			['level', 1, TODAY],
			['day', 2, addDays(TODAY, -2)],
			['traffic', 1, addDays(TODAY, -2)]
		]);
	});

	test('after an outage reaches back to the last final day', () => {
		const held = upTo(addDays(TODAY, -40));
		const slices = plan({ coverage: { 't.a': held, 't.b': held } });
		expect(daysAsked(slices, 't.a')).toEqual(eachDay(addDays(TODAY, -39), TODAY));
	});

	test('goes on with a history that was interrupted', () => {
		const held = upTo(addDays(TODAY, -1), addDays(TODAY, -36));
		const slices = plan({ coverage: { 't.a': held, 't.b': held } });
		expect(daysAsked(slices, 't.a')[0]).toBe(addDays(TODAY, -99));
		expect(daysAsked(slices, 't.a')).not.toContain(addDays(TODAY, -20));
	});

	test('only tries the look-back of a metric that was missing, until it is there', () => {
		const all = upTo(addDays(TODAY, -1));
		const input = { coverage: { 't.a': all }, missing: new Set(['t.b']) };
		expect(daysAsked(plan(input), 't.b')).toEqual(eachDay(addDays(TODAY, -2), TODAY));
		expect(daysAsked(plan({ ...input, missing: new Set() }), 't.b')).toHaveLength(100);
	});

	test('leaves no wanted day unasked or unheld, asks none twice, and no slice is too long', () => {
		const offset = fc.integer({ min: 0, max: 130 });
		const covered = fc
			.array(fc.tuple(offset, offset), { maxLength: 5 })
			.map((pairs) =>
				pairs.map(([a, b]) => ({ from: addDays(TODAY, -Math.max(a, b)), to: addDays(TODAY, -Math.min(a, b)) }))
			)
			.map((list) => list.reduce<DaySpan[]>(addSpan, []));
		fc.assert(
			fc.property(covered, covered, fc.integer({ min: 1, max: 40 }), fc.boolean(), (a, b, length, shouldBackfill) => {
				const config = { ...CONFIG, shouldBackfill, sliceDays: { day: length, traffic: length } };
				const slices = plan({ config, coverage: { 't.a': a, 't.b': b } });
				for (const { group, span } of slices) expect(group === 'level' || daysOf(span) <= length).toBe(true);
				for (const [id, held] of [
					['t.a', a],
					['t.b', b]
				] as const) {
					const asked = daysAsked(slices, id);
					expect(new Set(asked).size).toBe(asked.length);
					const first = shouldBackfill ? addDays(TODAY, -99) : (held[0]?.from ?? TODAY);
					const known = new Set([...asked, ...held.flatMap(({ from, to }) => eachDay(from, to))]);
					for (const one of eachDay(first, TODAY)) expect(known.has(one)).toBe(true);
					for (const one of eachDay(addDays(TODAY, -2), TODAY)) expect(asked).toContain(one);
				}
			})
		);
	});
});

describe('the last final day', () => {
	test.each([
		['2026-11-23T12:00:00Z', 'UTC', 0, '2026-11-22'],
		['2026-11-23T12:00:00Z', 'UTC', 13, '2026-11-21'],
		['2026-11-23T23:59:59Z', 'Pacific/Kiritimati', 0, '2026-11-23'],
		['2026-11-23T00:30:00Z', 'Etc/GMT+12', 0, '2026-11-21'],
		['2026-03-29T23:30:00Z', 'Europe/Berlin', 0, '2026-03-29'],
		['2028-03-01T00:00:00Z', 'UTC', 0, '2028-02-29']
	])('at %s in %s, %i hours after its end, is %s', (now, zone, hours, last) => {
		expect(lastFinalDay(Date.parse(now), zone, hours)).toBe(last);
	});
});
