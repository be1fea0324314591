/** A series as a board draws it: unpacked once, cut at its own today. */
import { addDays, daysBetween } from './days.ts';
import { decodeStates, decodeValues, emptyDays, isKnown } from './pack.ts';
import type { PackedDays } from './pack.ts';
import type { Day, DayState, Unit } from './types.ts';
import { today } from './zones.ts';

/** What the backend sends for one series and period. */
export interface PackedSeries {
	readonly seriesId: string;
	readonly connectionId: string;
	readonly metricId: string;
	/** `EUR`, `owner/repo`, or "". */
	readonly dimension: string;
	readonly unit: Unit;
	readonly currency: string | null;
	readonly from: Day;
	/** JSON array of number | null, one per day. */
	readonly values: string;
	/** One letter per day. */
	readonly states: string;
	/** ms since the epoch. */
	readonly lastFetchedAt: number | null;
	/** IANA zone in which the connection counts its days. */
	readonly timeZone: string;
}

export interface Series extends Omit<PackedSeries, 'values' | 'states'>, PackedDays {
	readonly dayStates: readonly DayState[];
	/** Index of the first day that is known or known to be empty; -1 when there is none. Days before it are not history. */
	readonly firstFact: number;
}

/** Unpacks a series. Days that have not begun in its own zone are cut off: they are not missing. `nowMs` since the epoch. */
export function unpackSeries(packed: PackedSeries, nowMs: number): Series {
	const length = Math.max(
		0,
		Math.min(packed.states.length, daysBetween(packed.from, today(packed.timeZone, nowMs)) + 1)
	);
	const values = decodeValues(packed.values).slice(0, length);
	const states = packed.states.slice(0, length);
	const dayStates = decodeStates(states);
	const firstFact = dayStates.findIndex((state) => isKnown(state) || state === 'no_data');
	return { ...packed, values, states, dayStates, firstFact };
}

/** The day at an index of a series. */
export function dayAt(series: { readonly from: Day }, index: number): Day {
	return addDays(series.from, index);
}

/** The same series of another period, by its id; days of which nothing is known when it is not there. */
export function counterpart(series: Series, others: readonly Series[], length: number): PackedDays {
	return others.find((other) => other.seriesId === series.seriesId) ?? emptyDays(length);
}
