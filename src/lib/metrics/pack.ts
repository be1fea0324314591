/** A run of days packed small: values as a JSON array, states as one letter per day. */
import { addDays, dayIndex, daysInMonth, eachMonth, firstDayOf, monthOf } from './days.ts';
import type { Month } from './days.ts';
import type { Day, DayState } from './types.ts';

const LETTER_OF: Readonly<Record<DayState, string>> = {
	complete: 'c',
	partial: 'p',
	provisional: 'v',
	no_data: 'n',
	missing: 'm',
	failed: 'f'
};
const STATE_OF: ReadonlyMap<string, DayState> = new Map<string, DayState>([
	['c', 'complete'],
	['p', 'partial'],
	['v', 'provisional'],
	['n', 'no_data'],
	['m', 'missing'],
	['f', 'failed']
]);

/** Consecutive days: `values[i]` belongs to `states[i]`. A value is a number exactly when the state says it is known. */
export interface PackedDays {
	readonly values: readonly (number | null)[];
	readonly states: string;
}

/** What one day turned out to be. */
export interface DayFact {
	readonly day: Day;
	readonly value: number | null;
	readonly state: DayState;
}

export interface MergeResult extends PackedDays {
	/** Days that were not known before. */
	readonly inserted: number;
	/** Known days whose value or state changed. */
	readonly updated: number;
	readonly unchanged: number;
}

/** One letter per day: c p v n m f, in the order of DAY_STATES with `v` for provisional. */
export function encodeStates(states: readonly DayState[]): string {
	return states.map((state) => LETTER_OF[state]).join('');
}

/** The reverse of `encodeStates`. Throws RangeError at an unknown letter. */
export function decodeStates(text: string): DayState[] {
	return Array.from(text, (letter) => {
		const state = STATE_OF.get(letter);
		if (!state) throw new RangeError(`Unknown day state: ${letter}`);
		return state;
	});
}

/** A JSON array of numbers and nulls. Throws RangeError for NaN and infinities. */
export function encodeValues(values: readonly (number | null)[]): string {
	for (const value of values) {
		if (value !== null && !Number.isFinite(value)) throw new RangeError(`Not a storable value: ${value}`);
	}
	return JSON.stringify(values);
}

/** The reverse of `encodeValues`. Throws when the text is anything else than an array of numbers and nulls. */
export function decodeValues(text: string): (number | null)[] {
	const parsed: unknown = JSON.parse(text);
	if (!Array.isArray(parsed)) throw new RangeError('Packed values are not an array.');
	return parsed.map((value: unknown) => {
		if (value === null || (typeof value === 'number' && Number.isFinite(value))) return value;
		throw new RangeError('A packed value is neither a number nor null.');
	});
}

/** Whether a state carries a number. */
export function isKnown(state: DayState): boolean {
	return state === 'complete' || state === 'partial' || state === 'provisional';
}

/** A month of which nothing is known yet. */
export function emptyMonth(month: Month): PackedDays {
	return emptyDays(daysInMonth(month));
}

/** `count` days of which nothing is known. */
export function emptyDays(count: number): PackedDays {
	return { values: Array.from({ length: count }, () => null), states: LETTER_OF.missing.repeat(count) };
}

/**
 * Lays facts over a month. The later fact of a day wins, except that `missing` never replaces anything and `failed`
 * replaces `missing` only: failing to fetch a day again does not undo what is known of it.
 * Throws RangeError for a day of another month, a value that contradicts its state, or one that is not finite.
 */
export function mergeMonth(month: Month, chunk: PackedDays, facts: readonly DayFact[]): MergeResult {
	const values = [...chunk.values];
	const states = decodeStates(chunk.states);
	let inserted = 0;
	let updated = 0;
	let unchanged = 0;
	for (const { day, value, state } of facts) {
		if (monthOf(day) !== month) throw new RangeError(`${day} is not in ${month}.`);
		if (isKnown(state) !== (value !== null)) throw new RangeError(`${day} is ${state} but its value is ${value}.`);
		if (value !== null && !Number.isFinite(value)) throw new RangeError(`Not a storable value on ${day}: ${value}`);
		const index = dayIndex(day);
		const before = states[index] ?? 'missing';
		if (state === 'missing' || (state === 'failed' && before !== 'missing')) {
			unchanged += 1;
			continue;
		}
		if (before === 'missing' || before === 'failed') inserted += state === 'failed' ? 0 : 1;
		else if (before === state && values[index] === value) unchanged += 1;
		else updated += 1;
		values[index] = value;
		states[index] = state;
	}
	return { values, states: encodeStates(states), inserted, updated, unchanged };
}

/** The days from `from` to `to`, both included, out of months; days of a month that is not there are `missing`. */
export function cutRange(months: ReadonlyMap<Month, PackedDays>, from: Day, to: Day): PackedDays {
	const values: (number | null)[] = [];
	let states = '';
	for (const month of eachMonth(from, to)) {
		const chunk = months.get(month) ?? emptyMonth(month);
		const start = month === monthOf(from) ? dayIndex(from) : 0;
		const end = month === monthOf(to) ? dayIndex(to) + 1 : daysInMonth(month);
		values.push(...chunk.values.slice(start, end));
		states += chunk.states.slice(start, end);
	}
	return { values, states };
}

/** The first and last day of a month of which something is known (`no_data` included), or null. */
export function knownSpan(month: Month, chunk: PackedDays): { readonly first: Day; readonly last: Day } | null {
	const known = /[cpvn]/;
	const first = chunk.states.search(known);
	if (first < 0) return null;
	let last = chunk.states.length - 1;
	while (!known.test(chunk.states[last] ?? '')) last -= 1;
	return { first: addDays(firstDayOf(month), first), last: addDays(firstDayOf(month), last) };
}
