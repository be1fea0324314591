/** A series as a board draws it: unpacked once, cut at its own today. */
import { daysBetween } from './days.ts';
import { decodeStates, decodeValues, emptyDays, isKnown } from './pack.ts';
import type { PackedDays } from './pack.ts';
import type { Period } from './ranges.ts';
import type { Day, DayState, Unit } from './types.ts';
import { today } from './zones.ts';

const UNITS: Readonly<Record<Unit, true>> = {
	count: true,
	money: true,
	percent: true,
	duration: true,
	bytes: true,
	rate: true,
	number: true
};

/** What the backend sends for one series and period. */
export interface PackedSeries {
	readonly seriesId: string;
	readonly connectionId: string;
	readonly metricId: string;
	/** `EUR`, `owner/repo`, or "". */
	readonly dimension: string;
	readonly unit: string;
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

export interface Series extends Omit<PackedSeries, 'values' | 'states' | 'unit'>, PackedDays {
	readonly unit: Unit;
	readonly dayStates: readonly DayState[];
	/** Index of the first day that is known or known to be empty; -1 when there is none. Days before it are not history. */
	readonly firstFact: number;
	/** How many of the days are over; today, if it is the last one, is not. */
	readonly daysOver: number;
}

/**
 * Unpacks a series. Days that have not begun in its own zone are cut off, and so is today while nothing was read of it:
 * they are not missing. `nowMs` since the epoch.
 */
export function unpackSeries(packed: PackedSeries, nowMs: number): Series {
	const untilToday = daysBetween(packed.from, today(packed.timeZone, nowMs));
	const begun = packed.states.slice(0, Math.max(0, untilToday + 1));
	const daysOver = Math.min(begun.length, Math.max(0, untilToday));
	const length = begun.length > daysOver && begun.endsWith('m') ? daysOver : begun.length;
	const values = decodeValues(packed.values).slice(0, length);
	const states = packed.states.slice(0, length);
	const dayStates = decodeStates(states);
	const firstFact = dayStates.findIndex((state) => isKnown(state) || state === 'no_data');
	return { ...packed, unit: unitOf(packed.unit), values, states, dayStates, firstFact, daysOver };
}

/** A unit that this version does not know is a plain number. */
export function unitOf(text: string): Unit {
	return isUnit(text) ? text : 'number';
}

/** Whether the series hold just these days; after a change of the range, an answer may still be about the old one. */
export function covers(series: readonly PackedSeries[], period: Period): boolean {
	const length = daysBetween(period.from, period.to) + 1;
	return series.every((one) => one.from === period.from && one.states.length === length);
}

/** The latest day it is now in any of the zones; in UTC when there are none. */
export function latestToday(timeZones: readonly string[], nowMs: number): Day {
	return [...new Set(timeZones)]
		.map((zone) => today(zone, nowMs))
		.reduce((a, b) => (a > b ? a : b), today(timeZones[0] ?? 'UTC', nowMs));
}

/** The same series of another period, by its id; days of which nothing is known when it is not there. */
export function counterpart(series: Series, others: readonly Series[]): PackedDays {
	return others.find((other) => other.seriesId === series.seriesId) ?? emptyDays(series.states.length);
}

function isUnit(text: string): text is Unit {
	return Object.hasOwn(UNITS, text);
}
