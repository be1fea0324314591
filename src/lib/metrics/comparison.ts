/** A period against the one before it: like with like, or no percent and the reason. */
import { combine } from './aggregate.ts';
import { addDays } from './days.ts';
import { decodeStates } from './pack.ts';
import type { PackedDays } from './pack.ts';
import type { Period } from './ranges.ts';
import type { Aggregation, DayState, Direction, Unit } from './types.ts';

export interface Change {
	/** Value of each period over the days compared, in the metric's unit. */
	readonly current: number;
	readonly previous: number;
	readonly difference: number;
	/** Relative change, 0.1 for +10 %; null when it would mean nothing, and `reason` says why. */
	readonly fraction: number | null;
	readonly reason: string | null;
	/** By the metric's direction, not by sign. */
	readonly verdict: 'good' | 'bad' | 'neutral';
	/** The days that were compared. */
	readonly period: Period;
	readonly before: Period;
	/** Days left out of both periods because one of the two is not final. */
	readonly leftOut: number;
}

export type Comparison = { readonly change: Change } | { readonly change: null; readonly reason: string };

export interface ComparedMetric {
	readonly aggregation: Aggregation;
	readonly direction: Direction;
	readonly unit: Unit;
}

/**
 * Compares two runs of days of equal length that begin at `currentFrom` and `previousFrom`. A pair of days (first with
 * first, ...) takes part only when both are final; a day nobody knows in either period means that there is no change
 * to tell, except for levels (`last`), which need one final pair only.
 */
export function compare(
	metric: ComparedMetric,
	current: PackedDays,
	previous: PackedDays,
	currentFrom: string,
	previousFrom: string
): Comparison {
	const length = Math.min(current.states.length, previous.states.length);
	const now = decodeStates(current.states.slice(0, length));
	const then = decodeStates(previous.states.slice(0, length));
	const pairs: number[] = [];
	for (let index = 0; index < length; index += 1) if (isFinal(now[index]) && isFinal(then[index])) pairs.push(index);

	if (metric.aggregation !== 'last') {
		const gap = gapReason(now, 'this period') ?? gapReason(then, 'the period before');
		if (gap) return { change: null, reason: gap };
	}
	const currentValue = valueOf(metric.aggregation, current, pairs);
	const previousValue = valueOf(metric.aggregation, previous, pairs);
	const lastPair = pairs.at(-1);
	if (currentValue === null || previousValue === null || lastPair === undefined) {
		return { change: null, reason: noPairReason(now, then) };
	}
	const difference = currentValue - previousValue;
	const reason = previousValue === 0 ? 'it was 0 before' : previousValue < 0 ? 'it was below 0 before' : null;
	return {
		change: {
			current: currentValue,
			previous: previousValue,
			difference,
			fraction: reason ? null : difference / previousValue,
			reason,
			verdict: verdictOf(metric.direction, difference),
			period: { from: currentFrom, to: addDays(currentFrom, lastPair) },
			before: { from: previousFrom, to: addDays(previousFrom, lastPair) },
			leftOut: length - pairs.length
		}
	};
}

/** Good or bad news. No change is neither. */
export function verdictOf(direction: Direction, difference: number): Change['verdict'] {
	if (direction === 'neutral' || difference === 0) return 'neutral';
	return difference > 0 === (direction === 'up') ? 'good' : 'bad';
}

function isFinal(state: DayState | undefined): boolean {
	return state === 'complete' || state === 'no_data';
}

function valueOf(aggregation: Aggregation, days: PackedDays, indexes: readonly number[]): number | null {
	const values = indexes.map((index) => days.values[index] ?? null).filter((value) => value !== null);
	// A level is compared at one and the same place of both periods.
	if (aggregation === 'last') return days.values[indexes.at(-1) ?? -1] ?? null;
	return combine(aggregation, values);
}

function gapReason(states: readonly DayState[], name: string): string | null {
	const unknown = states.filter((state) => state === 'missing' || state === 'failed').length;
	if (unknown === 0) return null;
	if (unknown === states.length) return `nothing is known of ${name}`;
	return `${unknown} of ${states.length} days of ${name} are not known`;
}

function noPairReason(now: readonly DayState[], then: readonly DayState[]): string {
	return (
		gapReason(now, 'this period') ?? gapReason(then, 'the period before') ?? 'no day of the two periods is final yet'
	);
}
