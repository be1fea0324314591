/** What a workpool is for: so much work at a time, again when it fails, told when it has ended, called off. */
import { vOnCompleteArgs, vWorkId, Workpool } from '@convex-dev/workpool';
import { v } from 'convex/values';
import { components, internal } from './_generated/api';
import { internalAction, internalMutation, mutation, query } from './_generated/server';

const pool = new Workpool(components.workpool, {
	maxParallelism: 2,
	retryActionsByDefault: true,
	defaultRetryBehavior: { maxAttempts: 3, initialBackoffMs: 20, base: 2 }
});

const RUNNING = 'running';

export const enqueue = mutation({
	args: { name: v.string(), count: v.number(), milliseconds: v.number(), failures: v.optional(v.number()) },
	handler: async (ctx, { name, count, milliseconds, failures = 0 }): Promise<string[]> => {
		const ids: string[] = [];
		for (let i = 0; i < count; i++) {
			const args = { name, milliseconds, failures };
			ids.push(
				await pool.enqueueAction(ctx, internal.pool.work, args, { onComplete: internal.pool.completed, context: name })
			);
		}
		return ids;
	}
});

export const enqueueLater = mutation({
	args: { name: v.string() },
	handler: (ctx, { name }): Promise<string> =>
		pool.enqueueMutation(
			ctx,
			internal.pool.note,
			{ name, kind: 'ran' },
			{ runAfter: 60 * 60_000, onComplete: internal.pool.completed, context: name }
		)
});

export const cancel = mutation({ args: { id: vWorkId }, handler: (ctx, { id }) => pool.cancel(ctx, id) });
export const status = query({ args: { id: vWorkId }, handler: (ctx, { id }) => pool.status(ctx, id) });

export const work = internalAction({
	args: { name: v.string(), milliseconds: v.number(), failures: v.number() },
	handler: async (ctx, { name, milliseconds, failures }): Promise<string> => {
		const attempt: number = await ctx.runMutation(internal.pool.note, { name, kind: 'started' });
		if (attempt <= failures) throw new Error(`attempt ${attempt} fails`);
		await new Promise((resolve) => setTimeout(resolve, milliseconds));
		await ctx.runMutation(internal.pool.note, { name, kind: 'ended' });
		return name;
	}
});

/** Writes down what happened, and how much was under way then. Returns how often it has happened. */
export const note = internalMutation({
	args: { name: v.string(), kind: v.string() },
	returns: v.number(),
	handler: async (ctx, { name, kind }) => {
		const counter = await ctx.db
			.query('counters')
			.filter((q) => q.eq(q.field('name'), RUNNING))
			.unique();
		const running = (counter?.value ?? 0) + ({ started: 1, ended: -1 }[kind] ?? 0);
		if (counter === null) await ctx.db.insert('counters', { name: RUNNING, value: running });
		else await ctx.db.patch(counter._id, { value: running });
		await ctx.db.insert('events', { name, kind, running });
		const events = await ctx.db
			.query('events')
			.withIndex('by_name', (q) => q.eq('name', name))
			.collect();
		return events.filter((event) => event.kind === kind).length;
	}
});

export const completed = internalMutation({
	args: vOnCompleteArgs(v.string()),
	handler: async (ctx, { context, result }) => {
		await ctx.db.insert('events', { name: context, kind: `completed: ${result.kind}`, running: 0 });
	}
});

export const events = query({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		const found = await ctx.db
			.query('events')
			.withIndex('by_name', (q) => q.eq('name', name))
			.collect();
		return found.map(({ kind, running }) => ({ kind, running }));
	}
});
