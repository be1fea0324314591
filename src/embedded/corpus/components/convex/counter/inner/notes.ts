import { ConvexError, v } from 'convex/values';
import { components } from './_generated/api';
import { env, mutation, query } from './_generated/server';

export const add = mutation({
	args: { text: v.string() },
	returns: v.id('notes'),
	handler: (ctx, { text }) => ctx.db.insert('notes', { text })
});

export const get = query({ args: { id: v.id('notes') }, handler: (ctx, { id }) => ctx.db.get(id) });

export const list = query({
	args: {},
	returns: v.array(v.string()),
	handler: async (ctx) => (await ctx.db.query('notes').collect()).map(({ text }) => text)
});

export const addAndFail = mutation({
	args: { text: v.string() },
	handler: async (ctx, { text }) => {
		await ctx.db.insert('notes', { text });
		await ctx.runMutation(components.innermost.log.add, { text });
		throw new ConvexError({ text, big: 3n });
	}
});

export const greeting = query({
	args: {},
	handler: () => ({ typed: env.GREETING ?? null, plain: process.env.GREETING ?? null })
});

/** Through all three, with one line written in each. */
export const everywhere = mutation({
	args: { text: v.string() },
	handler: async (ctx, { text }): Promise<void> => {
		await ctx.db.insert('notes', { text });
		await ctx.runMutation(components.innermost.log.add, { text });
	}
});
export const innermost = query({
	args: {},
	handler: (ctx): Promise<string[]> => ctx.runQuery(components.innermost.log.list, {})
});
