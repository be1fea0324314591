import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import type { JSONValue } from 'convex/values';
import { JsonFields } from '../engine/json.ts';

/** When a cron job runs, as `crons.export()` says it. */
export type Schedule =
	| { readonly type: 'interval'; readonly milliseconds: number }
	/** A cron expression of five fields, in UTC. */
	| { readonly type: 'calendar'; readonly expression: string };

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * Reads a schedule. Without a minute, a minute is drawn from the job's name, so that the jobs of an app spread over the
 * hour and each keeps its minute. Throws an Error that names the fault.
 */
export function readSchedule(name: string, json: JSONValue): Schedule {
	const fields = new JsonFields(json, `schedule of cron "${name}"`);
	const minute = fields.optionalNumber('minuteUTC') ?? createHash('sha256').update(name).digest().readUInt16BE() % 60;
	switch (fields.text('type')) {
		case 'interval': {
			const seconds =
				(fields.optionalNumber('seconds') ?? 0) +
				(fields.optionalNumber('minutes') ?? 0) * 60 +
				(fields.optionalNumber('hours') ?? 0) * 3600;
			if (seconds < 1) throw new Error(`The interval of cron "${name}" must be at least a second.`);
			return { type: 'interval', milliseconds: seconds * 1000 };
		}
		case 'hourly':
			return calendar(name, `${minute} * * * *`);
		case 'daily':
			return calendar(name, `${minute} ${fields.number('hourUTC')} * * *`);
		case 'weekly':
			return calendar(
				name,
				`${minute} ${fields.number('hourUTC')} * * ${DAYS.indexOf(fields.text('dayOfWeek').toLowerCase())}`
			);
		case 'monthly':
			return calendar(name, `${minute} ${fields.number('hourUTC')} ${fields.number('day')} * *`);
		case 'cron':
			return calendar(name, fields.text('cron'));
		default:
			throw new Error(`Cron "${name}" has an unknown kind of schedule: ${fields.text('type')}.`);
	}
}

function calendar(name: string, expression: string): Schedule {
	try {
		new Cron(expression, { timezone: 'UTC', mode: '5-part', paused: true });
	} catch (error) {
		throw new Error(
			`The schedule "${expression}" of cron "${name}" is no cron expression: ${error instanceof Error ? error.message : String(error)}`,
			{ cause: error }
		);
	}
	return { type: 'calendar', expression };
}

/** When a job that has never run first does: an interval at once, a calendar job at its next time. */
export function firstRun(schedule: Schedule, now: number): number {
	return schedule.type === 'interval' ? now : after(schedule.expression, now);
}

/**
 * The next time after a run that was due at `previous`, and how many times in between have passed and are skipped.
 * Times are milliseconds since 1970; the result is later than `now` and than `previous`.
 */
export function nextRun(
	schedule: Schedule,
	previous: number,
	now: number
): { readonly next: number; readonly skipped: number } {
	if (schedule.type === 'interval') {
		const steps = Math.max(1, Math.floor((now - previous) / schedule.milliseconds) + 1);
		return { next: previous + steps * schedule.milliseconds, skipped: steps - 1 };
	}
	const missed = after(schedule.expression, previous);
	if (missed > now) return { next: missed, skipped: 0 };
	return { next: after(schedule.expression, now), skipped: countBetween(schedule.expression, missed, now) };
}

/** How many skipped runs are counted one by one; beyond it the count is only a lower bound. */
const MAX_COUNTED = 1_000;

function countBetween(expression: string, first: number, now: number): number {
	let count = 0;
	for (let time = first; time <= now && count < MAX_COUNTED; time = after(expression, time)) count++;
	return count;
}

/** A date that never comes (February 30th) is put where no clock gets. */
const NEVER = 8.64e15;

function after(expression: string, time: number): number {
	const next = new Cron(expression, { timezone: 'UTC', mode: '5-part', paused: true }).nextRun(new Date(time));
	return next?.getTime() ?? NEVER;
}
