import type { Running } from './running.ts';
import { timedOut, TOO_MANY_OPERATIONS } from './userClock.ts';
import { OVERTIME_SIGNAL } from './watchdog.ts';

/** The engine process ended while it worked on this call, which has changed nothing. */
export class EngineDied extends Error {
	override readonly name = 'EngineDied';
	/** Parts of the call that had been finished, for calls of several parts. */
	readonly progress: number;

	constructor(message: string, progress: number) {
		super(message);
		this.progress = progress;
	}
}

/** The data file could not be opened or written. Whether the call has changed something is known when it can be. */
export class DiskFailure extends Error {
	override readonly name = 'DiskFailure';
}

/** How an engine process ends that can no longer tell what the data file holds (sysexits: EX_IOERR). */
export const DISK_FAILED = 74;

/** What is to be told once the next process has said which calls were durable. */
export interface Death {
	/** What it worked on; null when nothing says so, or when that is not to blame. */
	readonly running: Running | null;
	/** Null when somebody else ended the process: then the call may not be to blame. */
	readonly words: string | null;
	/** The disk failed: what it says is to be mistrusted. */
	readonly disk: boolean;
}

/** How processes end that somebody kills, or the system when memory is short. What functions do to theirs ends otherwise. */
const FROM_OUTSIDE = new Set(['signal SIGKILL', 'signal SIGTERM', 'signal SIGHUP']);

/** Reads how a process ended: `exit code N` or `signal NAME`; `overdue` when we killed it for the time it took. */
export function deathOf(description: string, running: Running | null, overdue: boolean, userTime: number): Death {
	if (description === `exit code ${DISK_FAILED}`) return { running: null, words: null, disk: true };
	return { running, words: blame(description, overdue, userTime), disk: false };
}

function blame(description: string, overdue: boolean, userTime: number): string | null {
	if (overdue) return TOO_MANY_OPERATIONS;
	if (description === `signal ${OVERTIME_SIGNAL}`) return timedOut(userTime);
	return FROM_OUTSIDE.has(description) ? null : `The function ended the process that ran it (${description}).`;
}
