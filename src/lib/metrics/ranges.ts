/** The period a board shows: presets and free choice, read from and written to the address. */
import { addDays, daysBetween, isDay } from './days.ts';
import type { Day } from './types.ts';

export interface Period {
	readonly from: Day;
	readonly to: Day;
}

export const PRESETS = [
	{ value: '7d', label: '7 d', days: 7 },
	{ value: '30d', label: '30 d', days: 30 },
	{ value: '90d', label: '90 d', days: 90 },
	{ value: '12m', label: '12 m', days: 365 }
] as const;
export type Preset = (typeof PRESETS)[number]['value'];
const DEFAULT_PRESET: Preset = '30d';

/** Longest free choice, in days: two years and a leap day, the most that the backend reads in one go. */
export const LONGEST_DAYS = 732;

export interface RangeChoice extends Period {
	readonly preset: Preset | 'custom';
	/** Why the address was not followed, as a sentence; null when it was. */
	readonly problem: string | null;
}

/** How many days a period has, both ends included. */
export function lengthOf(period: Period): number {
	return daysBetween(period.from, period.to) + 1;
}

/** The period of a preset that ends today. */
function presetPeriod(preset: Preset, today: Day): Period {
	const days = PRESETS.find((one) => one.value === preset)?.days ?? 30;
	return { from: addDays(today, 1 - days), to: today };
}

/** The period of equal length that ends the day before. */
export function previousPeriod(period: Period): Period {
	return { from: addDays(period.from, -lengthOf(period)), to: addDays(period.from, -1) };
}

/** A free choice that makes sense, or the sentence that says why it does not. */
export function checkPeriod(from: string, to: string, today: Day): Period | string {
	if (!isDay(from) || !isDay(to)) return 'A range needs two real calendar days.';
	if (daysBetween(from, to) < 0) return 'The range ends before it begins.';
	if (daysBetween(today, to) > 1) return 'The range reaches into the future.';
	if (daysBetween(from, to) >= LONGEST_DAYS) return 'The range is longer than two years.';
	return { from, to };
}

/** Reads `?range=90d` or `?from=2026-10-01&to=2026-10-31`; anything else becomes the default, with the reason. */
export function readRange(params: URLSearchParams, today: Day): RangeChoice {
	const from = params.get('from');
	const to = params.get('to');
	if (from !== null || to !== null) {
		const period = checkPeriod(from ?? '', to ?? '', today);
		if (typeof period !== 'string') return { preset: 'custom', ...period, problem: null };
		return {
			preset: DEFAULT_PRESET,
			...presetPeriod(DEFAULT_PRESET, today),
			problem: `${period} Showing 30 days instead.`
		};
	}
	const text = params.get('range');
	const preset = PRESETS.find((one) => one.value === text)?.value;
	const problem = text === null || preset ? null : 'The address names an unknown range. Showing 30 days instead.';
	return { preset: preset ?? DEFAULT_PRESET, ...presetPeriod(preset ?? DEFAULT_PRESET, today), problem };
}

/** The parameters with the range written into them; the others stay. The default leaves no trace. */
export function writeRange(params: URLSearchParams, choice: Preset | Period): URLSearchParams {
	const next = new URLSearchParams(params);
	for (const name of ['range', 'from', 'to']) next.delete(name);
	if (typeof choice !== 'string') {
		next.set('from', choice.from);
		next.set('to', choice.to);
	} else if (choice !== DEFAULT_PRESET) {
		next.set('range', choice);
	}
	return next;
}

/** Whether the period before is wanted too: unless the address says `compare=off`. */
export function readCompare(params: URLSearchParams): boolean {
	return params.get('compare') !== 'off';
}

/** The parameters with that wish written into them; the others stay. The default leaves no trace. */
export function writeCompare(params: URLSearchParams, compared: boolean): URLSearchParams {
	const next = new URLSearchParams(params);
	if (compared) next.delete('compare');
	else next.set('compare', 'off');
	return next;
}
