/** The app around the component `counter`, which it has mounted twice. */
import { createFunctionHandle } from 'convex/server';
import type { FunctionHandle } from 'convex/server';
import { ConvexError, v } from 'convex/values';
import { components, internal } from './_generated/api';
import { action, internalMutation, mutation, query } from './_generated/server';

const which = v.union(v.literal('counter'), v.literal('second'));

export const add = mutation({
	args: { which, name: v.string() },
	handler: (ctx, { which, name }): Promise<number> => ctx.runMutation(components[which].counters.add, { name })
});

export const get = query({
	args: { which, name: v.string() },
	handler: (ctx, { which, name }): Promise<number> => ctx.runQuery(components[which].counters.get, { name })
});

/** What stays when the component, or the app after it, fails. */
export const failing = mutation({
	args: { name: v.string(), caught: v.boolean(), then: v.optional(v.string()) },
	handler: async (ctx, { name, caught, then }): Promise<unknown> => {
		await ctx.runMutation(components.counter.counters.add, { name });
		await ctx.db.insert('counters', { name, value: 1 });
		let data: unknown = null;
		try {
			await ctx.runMutation(components.counter.counters.addAndFail, { name });
		} catch (error) {
			if (!caught) throw error;
			data = error instanceof ConvexError ? error.data : String(error);
		}
		if (then !== undefined) throw new Error(then);
		return data;
	}
});

export const counters = query({
	args: { name: v.string() },
	handler: async (ctx, { name }) =>
		(await ctx.db.query('counters').collect()).filter((counter) => counter.name === name).length
});

export const page = query({
	args: {},
	handler: (ctx): Promise<unknown> =>
		ctx.runQuery(components.counter.counters.page, { paginationOpts: { numItems: 1, cursor: null } })
});

export const inside = query({
	args: { which },
	handler: (ctx, { which }): Promise<unknown> => ctx.runQuery(components[which].counters.inside, {})
});
export const outside = query({ args: {}, handler: (ctx) => ctx.meta.getFunctionMetadata() });
export const greeting = query({
	args: { which },
	handler: (ctx, { which }): Promise<unknown> => ctx.runQuery(components[which].counters.greeting, {})
});

export const addLater = mutation({
	args: { name: v.string() },
	handler: (ctx, { name }): Promise<string> => ctx.runMutation(components.counter.counters.addLater, { name })
});
export const job = query({
	args: { id: v.string() },
	handler: (ctx, { id }): Promise<unknown> => ctx.runQuery(components.counter.counters.job, { id })
});
export const scheduleInside = mutation({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		await ctx.scheduler.runAfter(0, components.second.counters.add, { name });
	}
});

export const record = internalMutation({
	args: { text: v.string() },
	handler: async (ctx, { text }) => {
		await ctx.db.insert('counters', { name: text, value: 0 });
	}
});
export const handleOfRecord = mutation({
	args: {},
	handler: (): Promise<string> => createFunctionHandle(internal.app.record)
});
export const giveHandle = mutation({
	args: { handle: v.string(), text: v.string() },
	handler: async (ctx, args): Promise<void> => {
		await ctx.runMutation(components.counter.counters.callBack, args);
	}
});
export const callHandle = mutation({
	args: { name: v.string() },
	handler: async (ctx, { name }): Promise<string> => {
		const handle = await ctx.runMutation(components.second.counters.handle, {});
		await ctx.runMutation(handle as FunctionHandle<'mutation', { name: string }>, { name });
		return handle;
	}
});

export const deep = mutation({
	args: { text: v.string(), fail: v.boolean() },
	handler: (ctx, args): Promise<unknown> => ctx.runMutation(components.counter.counters.addInside, args)
});
export const notes = query({
	args: { which },
	handler: (ctx, { which }): Promise<unknown> => ctx.runQuery(components[which].counters.notes, {})
});
export const addNote = mutation({
	args: { text: v.string() },
	handler: (ctx, { text }): Promise<string> => ctx.runMutation(components.counter.counters.addNote, { text })
});
export const note = query({
	args: { which, id: v.string() },
	handler: (ctx, { which, id }): Promise<string | null> => ctx.runQuery(components[which].counters.note, { id })
});

export const descend = query({
	args: { levels: v.number() },
	handler: (ctx, { levels }): Promise<number> => ctx.runQuery(components.counter.counters.descend, { levels })
});

export const viaAction = action({
	args: { name: v.string() },
	handler: async (ctx, { name }): Promise<unknown> => {
		const added = await ctx.runMutation(components.second.counters.add, { name });
		const read = await ctx.runQuery(components.second.counters.get, { name });
		const stored = await ctx.runAction(components.second.counters.store, { text: name });
		const inside = await ctx.runQuery(components.second.counters.inside, {});
		let failed: unknown = null;
		try {
			await ctx.runMutation(components.second.counters.addAndFail, { name });
		} catch (error) {
			failed = error instanceof ConvexError ? error.data : String(error);
		}
		return { added, read, stored, who: inside.who, failed };
	}
});
export const uploadUrl = mutation({
	args: { which },
	handler: (ctx, { which }): Promise<string> => ctx.runMutation(components[which].counters.uploadUrl, {})
});
export const files = query({
	args: { which },
	handler: (ctx, { which }): Promise<string[]> => ctx.runQuery(components[which].counters.files, {})
});
