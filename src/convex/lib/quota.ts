/** How many requests a service takes, and the pace that stays below it. */

export interface Quota {
	/** What is counted: `requests`, `points`. */
	readonly unit: string;
	readonly limit: number;
	readonly windowSeconds: number;
}

/** A tenth of the allowance may go out at once; after that requests are spaced evenly. */
const BURST_SHARE = 0.1;

/**
 * Gives, for each request about to be sent, the milliseconds it has to wait so that the quota holds. A token bucket:
 * the wait is reserved by asking, so concurrent requests queue up one behind the other.
 */
export function pacer(quota: Quota | null, now: () => number): () => number {
	if (quota === null) return () => 0;
	const spacing = (quota.windowSeconds * 1000) / quota.limit;
	const burst = Math.max(1, Math.floor(quota.limit * BURST_SHARE)) * spacing;
	let allUsedAt = now() - burst;
	return () => {
		allUsedAt = Math.max(allUsedAt, now() - burst) + spacing;
		return Math.max(0, allUsedAt - now());
	};
}
