import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStates, isKnown } from '../../metrics/pack.ts';
import { DAY_STATES } from '../../metrics/types.ts';
import { dayMarks, layersOf, lonelyPoints, thin } from './layers.ts';
import type { Drawable } from './layers.ts';
import { spread } from './labels.ts';
import { dayTicks, tickLabel, valueScale } from './scale.ts';
import { sparkPaths } from './sparkline.ts';

const drawable = (states: string, firstFact = 0): Drawable => ({
	values: [...states].map((letter, index) => ('cpv'.includes(letter) ? index : null)),
	dayStates: decodeStates(states),
	firstFact
});

describe('valueScale', () => {
	it('holds every value between round ends', () => {
		const values = fc.array(fc.option(fc.double({ min: -1e12, max: 1e12, noNaN: true })));
		fc.assert(
			fc.property(values, fc.boolean(), fc.boolean(), (list, zeroBased, whole) => {
				const { min, max, ticks } = valueScale(list, { zeroBased, whole });
				expect(min).toBeLessThan(max);
				for (const value of list) {
					if (value === null) continue;
					const slack = Math.max(Math.abs(min), Math.abs(max)) * 1e-9;
					expect(value).toBeGreaterThanOrEqual(min - slack);
					expect(value).toBeLessThanOrEqual(max + slack);
				}
				if (zeroBased) expect(min <= 0 && max >= 0).toBe(true);
				expect(ticks.length).toBeLessThan(9);
			})
		);
	});

	it('stands on nothing, one value and equal values', () => {
		expect(valueScale([], { zeroBased: true, whole: true })).toEqual({ min: 0, max: 1, ticks: [0, 1] });
		expect(valueScale([null], { zeroBased: false, whole: false }).max).toBe(1);
		expect(valueScale([0, 0], { zeroBased: true, whole: true })).toEqual({ min: 0, max: 1, ticks: [0, 1] });
		const equal = valueScale([50, 50], { zeroBased: false, whole: true });
		expect(equal.min).toBeLessThan(50);
		expect(equal.max).toBeGreaterThan(50);
		expect(valueScale([0.1, 0.3], { zeroBased: true, whole: false }).ticks).toEqual([0, 0.1, 0.2, 0.3]);
		expect(valueScale([3], { zeroBased: true, whole: true }).ticks.every(Number.isInteger)).toBe(true);
	});
});

describe('dayTicks', () => {
	it('are few, in order and inside', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 732 }), fc.integer({ min: 2, max: 12 }), (length, most) => {
				const ticks = dayTicks('2025-03-14', length, most);
				expect(ticks.length).toBeLessThanOrEqual(most + 1);
				expect([...new Set(ticks)].sort((a, b) => a - b)).toEqual(ticks);
				for (const tick of ticks) expect(tick >= 0 && tick < length).toBe(true);
			})
		);
		expect(dayTicks('2026-11-17', 7, 8)).toHaveLength(7);
		expect(dayTicks('2025-11-24', 365, 12).map((index) => index)).toHaveLength(12);
		expect(tickLabel('2026-01-01', 365)).toBe('2026');
		expect(tickLabel('2026-02-01', 365)).toBe('Feb');
		expect(tickLabel('2026-02-01', 30)).toBe('1 Feb');
	});
});

describe('layers', () => {
	it('draw every known day and nothing else', () => {
		fc.assert(
			fc.property(fc.array(fc.constantFrom(...DAY_STATES), { maxLength: 60 }), (dayStates) => {
				const values = dayStates.map((state, index) => (isKnown(state) ? index : null));
				const { solid, light, dashed } = layersOf({ values, dayStates, firstFact: 0 });
				dayStates.forEach((_, index) => {
					const drawn = [solid[index], light[index], dashed[index]].filter((value) => value !== null);
					expect(new Set(drawn)).toEqual(new Set(values[index] === null ? [] : [values[index]]));
				});
			})
		);
	});

	it('hang a partial day on the day before it', () => {
		const { solid, light, dashed } = layersOf(drawable('ccvp'));
		expect(solid).toEqual([0, 1, null, null]);
		expect(light).toEqual([null, 1, 2, null]);
		expect(dashed).toEqual([null, null, 2, 3]);
		expect(lonelyPoints([1, null, 2, 3, null])).toEqual([0]);
	});

	it('mark missing and failed days of history, not silence and not the time before', () => {
		expect(dayMarks([drawable('mmcmfnc', 2)], 8)).toEqual([null, null, null, 'missing', 'failed', null, null, null]);
		expect(dayMarks([drawable('cm'), drawable('cc')], 2)).toEqual([null, null]);
		expect(dayMarks([drawable('mm', -1)], 2)).toEqual([null, null]);
	});
});

describe('thin', () => {
	it('loses no peak, no bottom and no gap of 100,000 points', () => {
		const values = Array.from({ length: 100_000 }, (_, index) => (index % 5000 === 17 ? null : Math.sin(index / 900)));
		values[43_210] = 99;
		values[77_777] = -99;
		const kept = thin(values, 4000);
		expect(kept.length).toBeLessThanOrEqual(4001);
		expect(kept).toContain(43_210);
		expect(kept).toContain(77_777);
		expect(kept.filter((index) => values[index] === null).length).toBe(20);
		expect(thin([1, 2, 3], 10)).toEqual([0, 1, 2]);
	});
});

describe('sparkPaths', () => {
	const box = { width: 100, height: 20, zeroBased: true, lastIsOpen: true };

	it('stays inside its box for whatever is known', () => {
		const values = fc.array(fc.option(fc.double({ min: -1e15, max: 1e15, noNaN: true })), { maxLength: 400 });
		fc.assert(
			fc.property(values, fc.boolean(), fc.boolean(), (list, zeroBased, lastIsOpen) => {
				const { line, open, dots } = sparkPaths(list, { ...box, zeroBased, lastIsOpen });
				for (const path of [line, open]) expect(path).toMatch(/^([ML]\d+(\.\d+)? \d+(\.\d+)?)*$/);
				const numbers = [...`${line}${open}`.matchAll(/[ML]([\d.]+) ([\d.]+)/g)];
				const points = [...dots, ...numbers.map(([, x, y]) => ({ x: Number(x), y: Number(y) }))];
				for (const { x, y } of points) expect(x >= 0 && x <= 100 && y >= 0 && y <= 20).toBe(true);
			})
		);
	});

	it('draws gaps as gaps, today apart, and flat lines in the middle', () => {
		expect(sparkPaths([0, 10, null, 5, 5], box)).toEqual({
			line: 'M0 20L25 0M75 10',
			open: 'M75 10L100 10',
			dots: []
		});
		expect(sparkPaths([3, 3], { ...box, zeroBased: false, lastIsOpen: false }).line).toBe('M0 10L100 10');
		expect(sparkPaths([7], { ...box, lastIsOpen: false }).dots).toEqual([{ x: 0, y: 0 }]);
		expect(sparkPaths([], box)).toEqual({ line: '', open: '', dots: [] });
	});
});

describe('spread', () => {
	it('keeps labels apart, in order and above the floor', () => {
		const tops = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 8 });
		fc.assert(
			fc.property(tops, (list) => {
				const placed = spread(
					list.map((top) => ({ top })),
					15,
					200
				).map((one) => one.top);
				placed.forEach((top, index) => {
					expect(top).toBeLessThanOrEqual(200);
					if (index > 0) expect(top - (placed[index - 1] ?? 0)).toBeGreaterThanOrEqual(15 - 1e-9);
				});
			})
		);
	});
});
