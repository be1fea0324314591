import { ConvexError, v } from 'convex/values';
import { api, internal } from './_generated/api';
import type { Id } from './_generated/dataModel';
import { action, internalAction, internalMutation, internalQuery, mutation, query } from './_generated/server';

export const add = internalMutation({
	args: { kind: v.string() },
	returns: v.null(),
	handler: async (ctx, { kind }) => {
		await ctx.db.insert('events', { kind, at: Date.now() });
		return null;
	}
});

export const addAndFail = internalMutation({
	args: { kind: v.string() },
	handler: async (ctx, { kind }) => {
		await ctx.db.insert('events', { kind, at: 0 });
		throw new ConvexError({ code: 'nested', kind });
	}
});

export const kinds = query({
	args: {},
	returns: v.array(v.string()),
	handler: async (ctx) => (await ctx.db.query('events').collect()).map(({ kind }) => kind)
});

export const count = internalQuery({
	args: {},
	handler: async (ctx) => (await ctx.db.query('events').collect()).length
});

export const nested = mutation({
	args: {},
	handler: async (ctx): Promise<{ before: number; after: number; caught: unknown }> => {
		const before = await ctx.runQuery(internal.events.count, {});
		await ctx.runMutation(internal.events.add, { kind: 'kept' });
		let caught: unknown = null;
		try {
			await ctx.runMutation(internal.events.addAndFail, { kind: 'rolled back' });
		} catch (error) {
			caught = error instanceof ConvexError ? error.data : String(error);
		}
		return { before, after: await ctx.runQuery(internal.events.count, {}), caught };
	}
});

export const parallel = mutation({
	args: {},
	handler: async (ctx): Promise<string[]> => {
		const outcomes = await Promise.allSettled([
			ctx.runMutation(internal.events.add, { kind: 'one' }),
			ctx.runMutation(internal.events.addAndFail, { kind: 'two' }),
			ctx.db.insert('events', { kind: 'direct', at: 1 }),
			ctx.runMutation(internal.events.add, { kind: 'three' })
		]);
		return outcomes.map(({ status }) => status);
	}
});

export const addThenThrow = mutation({
	args: { message: v.string() },
	handler: async (ctx, { message }) => {
		await ctx.db.insert('events', { kind: 'never', at: 0 });
		throw new Error(message);
	}
});

export const convexError = query({
	args: { data: v.any() },
	handler: (_ctx, { data }) => {
		throw new ConvexError(data);
	}
});

export const schedule = mutation({
	args: { delay: v.number(), kind: v.string() },
	handler: async (ctx, { delay, kind }): Promise<Id<'_scheduled_functions'>> =>
		ctx.scheduler.runAfter(delay, internal.events.add, { kind })
});

export const scheduleFailing = mutation({
	args: {},
	handler: async (ctx): Promise<Id<'_scheduled_functions'>> =>
		ctx.scheduler.runAfter(0, internal.events.addAndFail, { kind: 'scheduled' })
});

export const scheduleThenThrow = mutation({
	args: {},
	handler: async (ctx) => {
		await ctx.scheduler.runAfter(0, internal.events.add, { kind: 'never scheduled' });
		throw new Error('rolled back');
	}
});

export const scheduleAction = mutation({
	args: { milliseconds: v.number() },
	handler: async (ctx, { milliseconds }): Promise<Id<'_scheduled_functions'>> =>
		ctx.scheduler.runAfter(0, internal.events.slow, { milliseconds })
});

export const slow = internalAction({
	args: { milliseconds: v.number() },
	handler: async (ctx, { milliseconds }) => {
		await new Promise((resolve) => setTimeout(resolve, milliseconds));
		await ctx.runMutation(internal.events.add, { kind: 'slow' });
	}
});

export const cancel = mutation({
	args: { id: v.id('_scheduled_functions') },
	handler: (ctx, { id }) => ctx.scheduler.cancel(id)
});

export const job = query({
	args: { id: v.id('_scheduled_functions') },
	handler: (ctx, { id }) => ctx.db.system.get(id)
});

export const jobs = query({
	args: {},
	handler: async (ctx) =>
		(await ctx.db.system.query('_scheduled_functions').collect()).map(({ name, state }) => ({ name, kind: state.kind }))
});

export const scheduleWatcher = mutation({
	args: {},
	handler: async (ctx): Promise<Id<'_scheduled_functions'>> =>
		ctx.scheduler.runAfter(0, internal.events.watchItself, {})
});

/** A scheduled mutation that looks at its own record. */
export const watchItself = internalMutation({
	args: {},
	handler: async (ctx) => {
		for (const { name, state } of await ctx.db.system.query('_scheduled_functions').collect())
			if (name === 'events.js:watchItself') await ctx.db.insert('events', { kind: `saw itself ${state.kind}`, at: 0 });
	}
});

export const viaAction = action({
	args: { kind: v.string() },
	returns: v.object({ before: v.number(), after: v.number() }),
	handler: async (ctx, { kind }): Promise<{ before: number; after: number }> => {
		const before = await ctx.runQuery(internal.events.count, {});
		await ctx.runMutation(internal.events.add, { kind });
		return { before, after: await ctx.runQuery(internal.events.count, {}) };
	}
});

export const actionCatches = action({
	args: {},
	handler: async (ctx): Promise<unknown> => {
		try {
			await ctx.runQuery(api.events.convexError, { data: { why: 'because' } });
			return null;
		} catch (error) {
			return error instanceof ConvexError ? error.data : String(error);
		}
	}
});

/** Ends once so many of its kind have begun: never, unless they run at the same time. */
export const meets = action({
	args: { kind: v.string(), count: v.number() },
	handler: async (ctx, { kind, count }): Promise<number> => {
		await ctx.runMutation(internal.events.add, { kind });
		for (;;) {
			const kinds: string[] = await ctx.runQuery(api.events.kinds, {});
			const present = kinds.filter((each) => each === kind).length;
			if (present >= count) return present;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	}
});
