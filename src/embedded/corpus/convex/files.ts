import { v } from 'convex/values';
import { action, mutation, query } from './_generated/server';

export const store = action({
	args: { text: v.string() },
	handler: async (ctx, { text }) => {
		const id = await ctx.storage.store(new Blob([text], { type: 'text/plain' }));
		const blob = await ctx.storage.get(id);
		return { id, text: await blob?.text(), type: blob?.type, url: await ctx.storage.getUrl(id) };
	}
});

export const url = query({ args: { id: v.id('_storage') }, handler: (ctx, { id }) => ctx.storage.getUrl(id) });
export const metadata = query({ args: { id: v.id('_storage') }, handler: (ctx, { id }) => ctx.db.system.get(id) });
export const remove = mutation({ args: { id: v.id('_storage') }, handler: (ctx, { id }) => ctx.storage.delete(id) });
export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
