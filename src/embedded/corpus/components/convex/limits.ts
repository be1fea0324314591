/** What a rate limiter is for: so many in a burst, so many in a window, a place in the queue. */
import { HOUR, MINUTE, RateLimiter } from '@convex-dev/rate-limiter';
import { v } from 'convex/values';
import { components } from './_generated/api';
import { mutation, query } from './_generated/server';

const limiter = new RateLimiter(components.rateLimiter, {
	burst: { kind: 'token bucket', rate: 10, period: HOUR, capacity: 3 },
	window: { kind: 'fixed window', rate: 2, period: HOUR, start: 0 },
	queue: { kind: 'token bucket', rate: 1, period: MINUTE, maxReserved: 2 }
});

const name = v.union(v.literal('burst'), v.literal('window'), v.literal('queue'));
const args = { name, key: v.string(), reserve: v.optional(v.boolean()), throws: v.optional(v.boolean()) };

export const take = mutation({ args, handler: (ctx, { name, ...options }) => limiter.limit(ctx, name, options) });
export const look = query({ args, handler: (ctx, { name, key }) => limiter.check(ctx, name, { key }) });
export const reset = mutation({ args, handler: (ctx, { name, key }) => limiter.reset(ctx, name, { key }) });

/** The limit belongs to the transaction: what failed has taken nothing. */
export const takeAndFail = mutation({
	args: { key: v.string() },
	handler: async (ctx, { key }) => {
		await limiter.limit(ctx, 'burst', { key });
		throw new Error('after all not');
	}
});
