/** Where the lines of the grid stand. Pure: indexes of days, and values in the metric's unit. */
import { addDays, dayIndex, weekday } from '../../metrics/days.ts';
import { dayInWords, monthInWords } from '../../metrics/words.ts';
import type { Day } from '../../metrics/types.ts';

export interface ValueScale {
	readonly min: number;
	readonly max: number;
	readonly ticks: readonly number[];
}

const STEPS = [1, 2, 2.5, 5, 10];

/**
 * A scale that holds all values, with `count` steps or fewer at round numbers. With `zeroBased` it holds 0 too; with
 * `whole` no step is a fraction. Finite and not empty for no values, one value and equal values.
 */
export function valueScale(
	values: Iterable<number | null>,
	options: { readonly zeroBased: boolean; readonly whole: boolean; readonly count?: number }
): ValueScale {
	let low = Infinity;
	let high = -Infinity;
	for (const value of values) {
		if (value === null) continue;
		if (value < low) low = value;
		if (value > high) high = value;
	}
	if (low > high) [low, high] = [0, 1];
	if (options.zeroBased) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
	if (low === high) {
		const room = low === 0 ? 1 : Math.abs(low) * 0.1;
		if (low !== 0 || !options.zeroBased) low -= low === 0 ? 0 : room;
		high += room;
	}
	const step = roundStep((high - low) / (options.count ?? 4), options.whole);
	const first = Math.floor(low / step);
	const last = Math.max(first + 1, Math.ceil(high / step));
	const ticks = Array.from({ length: last - first + 1 }, (_, index) => withoutNoise((first + index) * step));
	return { min: ticks[0] ?? 0, max: ticks.at(-1) ?? 1, ticks };
}

function roundStep(raw: number, whole: boolean): number {
	const power = 10 ** Math.floor(Math.log10(raw));
	const steps = whole && power <= 1 ? STEPS.filter(Number.isInteger) : STEPS;
	const step = (steps.find((one) => one * power >= raw * 0.999) ?? 10) * power;
	return whole ? Math.max(1, step) : step;
}

/** 0.30000000000000004 is 0.3. */
function withoutNoise(value: number): number {
	return Number(value.toPrecision(12));
}

/** Days per step, from the finest; the last ones count months. */
const DAY_STEPS = [1, 2, 7, 14];
const MONTH_STEPS = [1, 2, 3, 6, 12];

/** Indexes of the days that get a label: Mondays or firsts of a month where there are many. At most `most`. */
export function dayTicks(from: Day, length: number, most: number): number[] {
	const indexes = Array.from({ length }, (_, index) => index);
	for (const step of DAY_STEPS) {
		if (length / step > most) continue;
		if (step < 7) return indexes.filter((index) => (length - 1 - index) % step === 0);
		const mondays = indexes.filter((index) => weekday(addDays(from, index)) === 1);
		return mondays.filter((_, index) => index % (step / 7) === 0);
	}
	const firsts = indexes.filter((index) => dayIndex(addDays(from, index)) === 0);
	for (const step of MONTH_STEPS) {
		const ticks = firsts.filter((index) => (Number(addDays(from, index).slice(5, 7)) - 1) % step === 0);
		if (ticks.length <= most) return ticks;
	}
	return firsts.filter((_, index) => index % Math.ceil(firsts.length / Math.max(1, most)) === 0);
}

/** `23 Nov`; the month alone on its first day when the range is long, the year in January. */
export function tickLabel(day: Day, length: number): string {
	if (length <= 92 || dayIndex(day) !== 0) return dayInWords(day);
	return day.slice(5, 7) === '01' ? day.slice(0, 4) : monthInWords(day);
}
