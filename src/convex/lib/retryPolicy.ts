/** When a slice that failed is tried again. The HTTP client has by then tried each request several times itself. */
import type { ErrorKind } from './errors.ts';
import type { RunKind } from './validators.ts';

const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** A service that says "come back tomorrow" ends the run; the connection then waits, not the run. */
const LONGEST_QUOTA_WAIT_MS = 60 * 60_000;
const MAX_ATTEMPTS = 3;
const MAX_QUOTA_ATTEMPTS = 10;

export interface FailedAttempt {
	readonly kind: ErrorKind;
	/** Failures in a row without a page between them, this one included. */
	readonly attempts: number;
	/** When the service allows the next request. */
	readonly retryAt: number | null;
	readonly runKind: RunKind;
	readonly now: number;
	/** 0..1 */
	readonly random: number;
}

/**
 * ms since the epoch, or null when trying again is no use. A service that cannot be reached during a manual run is not
 * waited for: the person who pressed the button is told at once, and the schedule tries again.
 */
export function retryTime({ kind, attempts, retryAt, runKind, now, random }: FailedAttempt): number | null {
	const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 4 ** (attempts - 1)) * (1 + random / 4);
	if (kind === 'rate_limited') {
		const at = Math.max(retryAt ?? 0, now + (retryAt === null ? wait : 0));
		return attempts >= MAX_QUOTA_ATTEMPTS || at > now + LONGEST_QUOTA_WAIT_MS ? null : Math.ceil(at);
	}
	if (kind !== 'unreachable' && kind !== 'timeout') return null;
	return runKind === 'manual' || attempts >= MAX_ATTEMPTS ? null : Math.ceil(now + wait);
}
