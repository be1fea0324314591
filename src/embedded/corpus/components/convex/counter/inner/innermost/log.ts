import { v } from 'convex/values';
import { mutation, query } from './_generated/server';

/** No schema: the table comes with its first document. */
export const add = mutation({
	args: { text: v.string() },
	handler: async (ctx, { text }) => {
		await ctx.db.insert('log', { text });
	}
});

export const list = query({
	args: {},
	handler: async (ctx): Promise<string[]> => (await ctx.db.query('log').collect()).map(({ text }) => text)
});
