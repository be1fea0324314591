import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, eachDay } from '../../lib/metrics/days.ts';
import { addSpan, cutAfter, gapsIn } from './coverage.ts';
import type { DaySpan } from './coverage.ts';

const day = fc.integer({ min: 0, max: 60 }).map((offset) => addDays('2026-01-01', offset));
const span = fc.tuple(day, day).map(([a, b]): DaySpan => (a <= b ? { from: a, to: b } : { from: b, to: a }));
const spans = fc.array(span, { maxLength: 12 }).map((list) => list.reduce<DaySpan[]>(addSpan, []));

const daysIn = (list: readonly DaySpan[]) => new Set(list.flatMap(({ from, to }) => eachDay(from, to)));

describe('coverage', () => {
	test('holds exactly the days that were added, in stretches that do not touch', () => {
		fc.assert(
			fc.property(fc.array(span, { maxLength: 12 }), (added) => {
				const merged = added.reduce<DaySpan[]>(addSpan, []);
				expect(daysIn(merged)).toEqual(new Set([...daysIn(added)]));
				for (const [index, one] of merged.entries()) {
					const next = merged[index + 1];
					expect(one.from <= one.to).toBe(true);
					if (next) expect(addDays(one.to, 1) < next.from).toBe(true);
				}
			})
		);
	});

	test('and its gaps make up what is wanted, and share no day', () => {
		fc.assert(
			fc.property(spans, span, (covered, wanted) => {
				const gaps = daysIn(gapsIn(covered, wanted));
				const held = daysIn(covered);
				for (const one of eachDay(wanted.from, wanted.to)) expect(gaps.has(one)).toBe(!held.has(one));
				for (const one of gaps) expect(one >= wanted.from && one <= wanted.to).toBe(true);
			})
		);
	});

	test('cut after a day has no later day', () => {
		fc.assert(
			fc.property(spans, day, (covered, last) => {
				const kept = daysIn(cutAfter(covered, last));
				for (const one of daysIn(covered)) expect(kept.has(one)).toBe(one <= last);
			})
		);
	});

	test('does not grow by a stretch that ends before it begins', () => {
		expect(addSpan([], { from: '2026-01-02', to: '2026-01-01' })).toEqual([]);
	});
});
