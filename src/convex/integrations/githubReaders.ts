/** What the GitHub readers share: the job they are given and the pages they give back. */
import { daysBetween, eachDay } from '../../lib/metrics/days.ts';
import { dayOf } from '../../lib/metrics/zones.ts';
import type { Day, Point } from '../../lib/metrics/types.ts';
import type { Json } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import type { GithubApi } from './githubApi.ts';
import type { StepPage } from './steps.ts';

/** One repository's share of a slice, for one group of metrics. */
export interface ReaderJob {
	readonly api: GithubApi;
	/** `owner/name`. */
	readonly repository: string;
	readonly startDate: Day;
	/** Last day wanted; never after `today`. */
	readonly endDate: Day;
	/** The day it is now, in UTC: GitHub counts in UTC. */
	readonly today: Day;
	readonly now: number;
}

/** Reads one group of metrics of one repository, resuming from `state` (null at the beginning). */
export type Reader = (job: ReaderJob, state: Json) => AsyncIterable<StepPage>;

/** A count for a day: partial while the day is today. */
export function countPoint(job: ReaderJob, metricId: string, day: Day, value: number): Point {
	const state = day === job.today ? 'partial' : 'complete';
	return { metricId, dimension: job.repository, day, value, state };
}

/** The UTC day of a timestamp such as `2026-11-23T10:00:00Z`; throws `bad_response` when it is none. */
export function timestampDay(text: string): Day {
	return dayOf(timestampMs(text), 'UTC');
}

/** Ms since the epoch of an ISO timestamp; throws `bad_response` when it is none. */
export function timestampMs(text: string): number {
	const ms = Date.parse(text);
	if (Number.isNaN(ms)) throw new IntegrationError('bad_response', 'GitHub sent a time that is not one.');
	return ms;
}

/** Adds one to a day, when it lies in the range wanted; the counts begin at the first day. */
export function countDay(counts: number[], job: ReaderJob, day: Day): void {
	if (day < job.startDate || day > job.endDate) return;
	const index = daysBetween(job.startDate, day);
	counts[index] = (counts[index] ?? 0) + 1;
}

/** A zero for every day of the job. */
export function noCounts(job: ReaderJob): number[] {
	return eachDay(job.startDate, job.endDate).map(() => 0);
}
