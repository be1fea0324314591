/** One number for a range of days, and what it rests on. */
import { decodeStates, isKnown } from './pack.ts';
import type { PackedDays } from './pack.ts';
import type { Aggregation, DayState } from './types.ts';

export interface RangeValue {
	/** null when no day of the range has a number: never 0 for "not known". */
	readonly value: number | null;
	/**
	 * With a value: `complete` when all days are there and final, `provisional` when some may be restated, `partial` when
	 * some are still counting or are not known. Without: `failed`, `missing` or `no_data`, the gravest first.
	 */
	readonly state: DayState;
	/** Days that carry a number. */
	readonly daysKnown: number;
	readonly daysTotal: number;
	/** Days by state; they add up to `daysTotal`. */
	readonly counts: Readonly<Record<DayState, number>>;
	/** Index of the newest day that carries a number, or -1. */
	readonly lastKnown: number;
}

/** How many days are in each state. */
function countStates(states: readonly DayState[]): Record<DayState, number> {
	const counts: Record<DayState, number> = {
		complete: 0,
		partial: 0,
		provisional: 0,
		no_data: 0,
		missing: 0,
		failed: 0
	};
	for (const state of states) counts[state] += 1;
	return counts;
}

/** Combines the days that are known; the others are counted, never guessed. Values keep their unit. */
export function aggregate(aggregation: Aggregation, days: PackedDays): RangeValue {
	const states = decodeStates(days.states);
	const counts = countStates(states);
	const known: number[] = [];
	let lastKnown = -1;
	states.forEach((state, index) => {
		const value = days.values[index];
		if (!isKnown(state) || value === null || value === undefined) return;
		known.push(value);
		lastKnown = index;
	});
	const value = combine(aggregation, known);
	return { value, state: stateOf(), daysKnown: known.length, daysTotal: states.length, counts, lastKnown };

	function stateOf(): DayState {
		if (value === null)
			return counts.failed > 0 ? 'failed' : counts.missing > 0 || states.length === 0 ? 'missing' : 'no_data';
		if (aggregation === 'last') return states[lastKnown] ?? 'missing';
		if (counts.missing + counts.failed + counts.partial > 0) return 'partial';
		return counts.provisional > 0 ? 'provisional' : 'complete';
	}
}

/** Combines plain numbers; null for none. */
export function combine(aggregation: Aggregation, values: readonly number[]): number | null {
	if (values.length === 0) return null;
	switch (aggregation) {
		case 'sum':
			return sum(values);
		case 'average':
			return sum(values) / values.length;
		case 'last':
			return values.at(-1) ?? null;
		case 'max':
			return values.reduce((a, b) => Math.max(a, b));
		case 'min':
			return values.reduce((a, b) => Math.min(a, b));
	}
}

function sum(values: readonly number[]): number {
	return values.reduce((a, b) => a + b, 0);
}
