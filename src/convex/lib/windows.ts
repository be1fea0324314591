/** Slices cut into windows of days, for services that answer questions about days. */
import { addDays, daysBetween, eachDay, isDay } from '../../lib/metrics/days.ts';
import type { Day } from '../../lib/metrics/types.ts';
import { today } from '../../lib/metrics/zones.ts';
import type { FetchRequest, MetricsPage } from './contract.ts';
import { IntegrationError } from './errors.ts';

export interface DayWindow {
	readonly days: readonly Day[];
	/** Goes into the page: the day after the window, from which the fetch resumes. */
	readonly checkpoint: Day;
	readonly progress: MetricsPage['progress'];
}

/**
 * The days of a request that are not in the future, at most `size` at a time, from the checkpoint on. Throws
 * `bad_response` when the checkpoint is none of ours.
 */
export function* dayWindows(request: Omit<FetchRequest<unknown>, 'settings'>, size: number): Generator<DayWindow> {
	const { startDate, timeZone, checkpoint } = request;
	const now = today(timeZone, request.now());
	const endDate = request.endDate < now ? request.endDate : now;
	if (checkpoint !== null && (typeof checkpoint !== 'string' || !isDay(checkpoint)))
		throw new IntegrationError('bad_response', 'The place to resume from is not readable; the next sync starts over.');
	for (let from = checkpoint ?? startDate; from <= endDate; from = addDays(from, size)) {
		const last = addDays(from, size - 1);
		const days = eachDay(from, last < endDate ? last : endDate);
		const next = addDays(from, days.length);
		yield { days, checkpoint: next, progress: daysBetween(startDate, next) / (daysBetween(startDate, endDate) + 1) };
	}
}
