/** Functions that come near their limits, and pass them. */
import { makeFunctionReference, mutationGeneric, queryGeneric } from 'convex/server';
import { v } from 'convex/values';
import { action } from './_generated/server';

const count = { count: v.number() };
const budget = v.record(v.string(), v.number());

function spinFor(milliseconds: number): void {
	// The clock stands in queries and mutations: a turn takes about a nanosecond.
	for (let i = 0; i < milliseconds * 1e6; i++);
}

export const write = mutationGeneric({
	args: { document: v.any() },
	handler: (ctx, { document }) => ctx.db.insert('loose', document)
});
export const writeText = mutationGeneric({
	args: { length: v.number() },
	handler: (ctx, { length }) => ctx.db.insert('loose', { text: 'x'.repeat(length) })
});
export const writeMany = mutationGeneric({
	args: { ...count, length: v.optional(v.number()) },
	handler: async (ctx, { count, length = 1 }) => {
		const ids = [];
		for (let i = 0; i < count; i++) ids.push(await ctx.db.insert('many', { text: 'x'.repeat(length), i }));
		return ids;
	}
});
export const patchMany = mutationGeneric({
	args: { ids: v.array(v.string()) },
	handler: async (ctx, { ids }) => {
		for (const id of ids) await ctx.db.patch(id as never, { text: 'patched' });
		return ctx.meta.getTransactionMetrics();
	}
});
export const readMany = queryGeneric({
	args: count,
	handler: async (ctx, { count }) => (await ctx.db.query('many').take(count)).length
});
export const getMany = queryGeneric({
	args: { ids: v.array(v.string()) },
	handler: async (ctx, { ids }) => {
		for (const id of ids) await ctx.db.get(id as never);
		return ctx.meta.getTransactionMetrics();
	}
});
/** Each query reads a range of its own; a step of 0 reads the same one again and again. */
export const ranges = queryGeneric({
	args: { ...count, step: v.number() },
	handler: async (ctx, { count, step }) => {
		for (let i = 0; i < count; i++) {
			await ctx.db
				.query('items')
				.withIndex('by_day', (q) => q.eq('day', i * step))
				.first();
		}
		return ctx.meta.getTransactionMetrics();
	}
});
export const scheduleMany = mutationGeneric({
	args: { ...count, length: v.optional(v.number()) },
	handler: async (ctx, { count, length = 1 }) => {
		const text = 'x'.repeat(length);
		for (let i = 0; i < count; i++)
			await ctx.scheduler.runAfter(1e9, makeFunctionReference<'mutation'>('limits:echo'), { value: text });
		return ctx.meta.getTransactionMetrics();
	}
});
export const echo = mutationGeneric({ args: { value: v.any() }, handler: (_ctx, { value }) => value });
export const echoAction = action({ args: { value: v.any() }, handler: (_ctx, { value }): unknown => value });
export const returnText = queryGeneric({
	args: { length: v.number() },
	handler: (_ctx, { length }) => 'x'.repeat(length)
});
export const logMany = queryGeneric({
	args: count,
	handler: (_ctx, { count }) => {
		for (let i = 0; i < count; i++) console.log(i);
	}
});
export const logText = queryGeneric({
	args: { text: v.string(), times: v.number() },
	handler: (_ctx, { text, times }) => console.log(text.repeat(times))
});
export const metrics = queryGeneric({ args: {}, handler: (ctx) => ctx.meta.getTransactionMetrics() });

/** Writes, lets a nested mutation write under a budget, and tells what became of it and of the usage. */
export const nested = mutationGeneric({
	args: { ...count, inner: v.number(), budget, length: v.optional(v.number()) },
	handler: async (ctx, { count, inner, budget, length = 1 }) => {
		for (let i = 0; i < count; i++) await ctx.db.insert('many', { i, text: 'x' });
		const failure = await ctx
			.runMutation(
				makeFunctionReference<'mutation'>('limits:writeMany'),
				{ count: inner, length },
				{ transactionLimits: budget }
			)
			.then(
				() => null,
				(error: Error) => error.message
			);
		return { failure, metrics: await ctx.meta.getTransactionMetrics() };
	}
});
export const metricsUnder = queryGeneric({
	args: { budget },
	handler: async (ctx, { budget }) => {
		await ctx.db.query('many').first();
		return ctx.runQuery(makeFunctionReference<'query'>('limits:metrics'), {}, { transactionLimits: budget });
	}
});

/** Spends time in its own code, with a syscall after each round, and catches whatever the syscalls throw. */
export const busy = mutationGeneric({
	args: { rounds: v.number(), milliseconds: v.number() },
	handler: async (ctx, { rounds, milliseconds }) => {
		await ctx.db.insert('many', { i: -1, text: 'busy' });
		for (let i = 0; i < rounds; i++) {
			spinFor(milliseconds);
			try {
				await ctx.db.query('items').first();
			} catch {
				// Its time is up: nothing that it does from here on may count.
			}
		}
		return 'done';
	}
});
export const microtasks = queryGeneric({
	args: {},
	handler: async () => {
		for (;;) await null;
	}
});
export const recurses = queryGeneric({
	args: {},
	handler: () => {
		const down = (depth: number): number => 1 + down(depth + 1);
		return down(0);
	}
});
export const hoards = queryGeneric({
	args: {},
	handler: () => {
		const hoard: number[][] = [];
		for (;;) hoard.push(Array.from({ length: 1e6 }, (_, i) => i));
	}
});
export const hugeString = queryGeneric({ args: {}, handler: () => 'x'.repeat(2 ** 30) });
