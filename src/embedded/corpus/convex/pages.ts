/** Lists that are read page by page while they change. Each list is a group of items, ordered by their day. */
import { paginationOptsValidator } from 'convex/server';
import { v } from 'convex/values';
import { mutation, query } from './_generated/server';

export const list = query({
	args: {
		group: v.string(),
		order: v.union(v.literal('asc'), v.literal('desc')),
		/** Leaves out the items of this name. */
		without: v.union(v.string(), v.null()),
		paginationOpts: paginationOptsValidator
	},
	handler: async (ctx, { group, order, without, paginationOpts }) => {
		const items = ctx.db
			.query('items')
			.withIndex('by_group_day', (q) => q.eq('group', group))
			.order(order);
		const kept = without === null ? items : items.filter((q) => q.neq(q.field('name'), without));
		const result = await kept.paginate(paginationOpts);
		return { ...result, page: result.page.map(({ _id, day, name }) => ({ id: _id, day, name })) };
	}
});

/** All at once: new items, changed ones, and removed ones. Answers the ids of the new. */
export const change = mutation({
	args: {
		group: v.string(),
		inserted: v.array(v.object({ day: v.number(), name: v.string() })),
		patched: v.array(v.object({ id: v.id('items'), day: v.number(), name: v.string() })),
		removed: v.array(v.id('items'))
	},
	handler: async (ctx, { group, inserted, patched, removed }) => {
		const ids = [];
		for (const { id, ...fields } of patched) await ctx.db.patch(id, fields);
		for (const id of removed) await ctx.db.delete(id);
		for (const fields of inserted) ids.push(await ctx.db.insert('items', { ...fields, group }));
		return ids;
	}
});
