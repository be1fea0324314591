/** When to ask again: which answers are worth it, and how long to wait. */

const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const FIRST_WAIT_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;
/** What a service that says "too many requests" and nothing else is given. */
const DEFAULT_RATE_LIMIT_MS = 60_000;

export function isRetried(status: number): boolean {
	return RETRIED_STATUSES.has(status);
}

/** A rate limit is told by 429, or by 403 with an exhausted allowance, a `Retry-After`, or the words in the body. */
export function isRateLimit(status: number, headers: Headers, body: string): boolean {
	if (status === 429) return true;
	if (status !== 403) return false;
	if (headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after')) return true;
	return /\brate limit/i.test(body.slice(0, 2_000));
}

/** Exponential with full jitter: between 0 and 0.5 s, 1 s, 2 s, … at most 8 s. `random` gives 0..1. */
export function backoffMs(attempt: number, random: () => number): number {
	return random() * Math.min(LONGEST_BACKOFF_MS, FIRST_WAIT_MS * 2 ** attempt);
}

/**
 * The time (ms since the epoch) from which the service takes requests again, or null when it does not say.
 * `Retry-After` is seconds or an HTTP date; `x-ratelimit-reset` is Unix seconds with most services and seconds to
 * wait with some, told apart by size.
 */
export function retryTime(headers: Headers, now: number): number | null {
	const after = headers.get('retry-after')?.trim() ?? '';
	if (/^\d+(\.\d+)?$/.test(after)) return now + Number(after) * 1000;
	const date = Date.parse(after);
	if (!Number.isNaN(date)) return date;
	// The reset headers come with every answer; they say when to return only if nothing is left until then.
	if ((headers.get('x-ratelimit-remaining') ?? headers.get('ratelimit-remaining') ?? '0') !== '0') return null;
	const reset = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset') ?? '';
	if (!/^\d+(\.\d+)?$/.test(reset)) return null;
	const seconds = Number(reset);
	if (seconds > 1e12) return seconds;
	return seconds > 1e9 ? seconds * 1000 : now + seconds * 1000;
}

/** When to try again after a rate limit that outlasted our patience. */
export function rateLimitEnd(headers: Headers, now: number): number {
	return Math.max(now, retryTime(headers, now) ?? now + DEFAULT_RATE_LIMIT_MS);
}
