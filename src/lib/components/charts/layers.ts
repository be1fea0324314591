/** How certainty is drawn: one series of days as several lines, and the marks of days without a number. Pure. */
import { isKnown } from '../../metrics/pack.ts';
import type { DayState } from '../../metrics/types.ts';

type Values = readonly (number | null)[];

export interface Drawable {
	readonly values: Values;
	readonly dayStates: readonly DayState[];
	/** Index of the first day that is part of history, -1 for none. */
	readonly firstFact: number;
}

/** Complete days; provisional ones with the days they hang on; partial ones with the days they hang on. */
export interface Layers {
	readonly solid: (number | null)[];
	readonly light: (number | null)[];
	readonly dashed: (number | null)[];
}

/** Splits a series by certainty. A stretch between two days is as certain as the less certain of them. */
export function layersOf({ values, dayStates }: Drawable): Layers {
	const pick = (wanted: DayState, neighbours: readonly DayState[]) =>
		values.map((value, index) => {
			const state = dayStates[index];
			if (state === wanted) return value;
			const hangs = dayStates[index - 1] === wanted || dayStates[index + 1] === wanted;
			return hangs && state !== undefined && neighbours.includes(state) ? value : null;
		});
	return {
		solid: pick('complete', []),
		light: pick('provisional', ['complete']),
		dashed: pick('partial', ['complete', 'provisional'])
	};
}

/** Indexes that have a value and no neighbour that has one: a line cannot show them, a dot can. */
export function lonelyPoints(values: Values): number[] {
	const has = (index: number) => values[index] !== null && values[index] !== undefined;
	return values.flatMap((_, index) => (has(index) && !has(index - 1) && !has(index + 1) ? [index] : []));
}

/**
 * What to draw over each day that has no number. `failed` where a series failed; `missing` where no series has anything
 * although its history has begun. A day before all history, or one of which the service says "nothing", gets no mark.
 */
export function dayMarks(series: readonly Drawable[], length: number): ('missing' | 'failed' | null)[] {
	return Array.from({ length }, (_, index) => {
		const states = series
			.filter((one) => one.firstFact >= 0 && index > one.firstFact && index < one.dayStates.length)
			.map((one) => one.dayStates[index] ?? 'missing');
		if (states.includes('failed') && !states.some(isKnown)) return 'failed';
		return states.length > 0 && states.every((state) => state === 'missing') ? 'missing' : null;
	});
}

/**
 * Indexes to keep of a very long run: of every stretch the lowest and the highest day, its first, and every edge of a
 * gap, so that no peak and no gap is lost. All of them when there are not more than `most`.
 */
export function thin(values: Values, most: number): number[] {
	if (values.length <= most) return values.map((_, index) => index);
	const stretch = Math.ceil(values.length / Math.max(1, Math.floor(most / 4)));
	const kept = new Set<number>([values.length - 1]);
	for (let start = 0; start < values.length; start += stretch) {
		let low = -1;
		let high = -1;
		let gap = -1;
		for (let index = start; index < Math.min(start + stretch, values.length); index += 1) {
			const value = values[index] ?? null;
			if (value === null) {
				if (gap < 0) gap = index;
				continue;
			}
			if (low < 0 || value < (values[low] ?? value)) low = index;
			if (high < 0 || value > (values[high] ?? value)) high = index;
		}
		for (const index of [start, low, high, gap]) if (index >= 0) kept.add(index);
	}
	return [...kept].sort((a, b) => a - b);
}
