import { paginationOptsValidator } from 'convex/server';
import { v } from 'convex/values';
import { mutation, query } from './_generated/server';

const size = v.optional(v.union(v.number(), v.int64(), v.string(), v.null(), v.boolean()));

export const insert = mutation({
	args: { name: v.string(), day: v.number(), group: v.optional(v.string()), size },
	returns: v.id('items'),
	handler: (ctx, args) => ctx.db.insert('items', args)
});

export const insertMany = mutation({
	args: { from: v.number(), count: v.number(), group: v.optional(v.string()) },
	handler: async (ctx, { from, count, group }) => {
		for (let day = from; day < from + count; day++) await ctx.db.insert('items', { name: `item ${day}`, day, group });
	}
});

export const get = query({ args: { id: v.id('items') }, handler: (ctx, { id }) => ctx.db.get(id) });

export const getAny = query({ args: { id: v.string() }, handler: (ctx, { id }) => ctx.db.get(id as never) });

export const normalize = query({
	args: { id: v.string() },
	handler: (ctx, { id }) => [ctx.db.normalizeId('items', id), ctx.db.normalizeId('events', id)]
});

export const patch = mutation({
	args: { id: v.id('items'), name: v.optional(v.string()), clearGroup: v.optional(v.boolean()) },
	handler: async (ctx, { id, name, clearGroup }) => {
		await ctx.db.patch(id, { ...(name === undefined ? {} : { name }), ...(clearGroup ? { group: undefined } : {}) });
		return await ctx.db.get(id);
	}
});

export const replace = mutation({
	args: { id: v.id('items'), name: v.string(), day: v.number() },
	handler: async (ctx, { id, ...fields }) => {
		await ctx.db.replace(id, fields);
		return await ctx.db.get(id);
	}
});

export const remove = mutation({
	args: { id: v.id('items') },
	handler: async (ctx, { id }) => {
		await ctx.db.delete(id);
		return await ctx.db.get(id);
	}
});

export const list = query({
	args: { order: v.optional(v.union(v.literal('asc'), v.literal('desc'))) },
	handler: async (ctx, { order }) => {
		const items = await ctx.db
			.query('items')
			.order(order ?? 'asc')
			.collect();
		return items.map(({ name }) => name);
	}
});

export const byDay = query({
	args: { from: v.number(), to: v.number(), take: v.optional(v.number()) },
	handler: async (ctx, { from, to, take }) => {
		const days = ctx.db.query('items').withIndex('by_day', (q) => q.gte('day', from).lt('day', to));
		const items = take === undefined ? await days.collect() : await days.take(take);
		return items.map(({ day }) => day);
	}
});

export const byGroup = query({
	args: {
		group: v.optional(v.string()),
		after: v.optional(v.number()),
		order: v.optional(v.union(v.literal('asc'), v.literal('desc')))
	},
	handler: async (ctx, { group, after, order }) => {
		const items = await ctx.db
			.query('items')
			.withIndex('by_group_day', (q) =>
				after === undefined ? q.eq('group', group) : q.eq('group', group).gt('day', after)
			)
			.order(order ?? 'asc')
			.collect();
		return items.map(({ name, day }) => ({ name, day }));
	}
});

export const bySize = query({
	args: {},
	handler: async (ctx) => (await ctx.db.query('items').withIndex('by_size').collect()).map(({ name }) => name)
});

export const smallerThan = query({
	args: { size: v.any() },
	handler: async (ctx, args) => {
		const items = await ctx.db
			.query('items')
			.filter((q) => q.lt(q.field('size'), args.size))
			.collect();
		return items.map(({ name }) => name).sort();
	}
});

export const filtered = query({
	args: { min: v.number() },
	handler: async (ctx, { min }) => {
		const items = await ctx.db
			.query('items')
			.filter((q) =>
				q.and(q.gte(q.field('day'), min), q.or(q.eq(q.field('group'), 'a'), q.not(q.eq(q.mod(q.field('day'), 2), 0))))
			)
			.collect();
		return items.map(({ day }) => day);
	}
});

export const filteredTake = query({
	args: { min: v.number(), take: v.number() },
	handler: async (ctx, { min, take }) => {
		const items = await ctx.db
			.query('items')
			.filter((q) => q.gte(q.field('day'), min))
			.take(take);
		return items.map(({ day }) => day);
	}
});

export const first = query({ args: {}, handler: async (ctx) => (await ctx.db.query('items').first())?.name ?? null });

export const unique = query({
	args: { day: v.number() },
	handler: async (ctx, { day }) =>
		(
			await ctx.db
				.query('items')
				.withIndex('by_day', (q) => q.eq('day', day))
				.unique()
		)?.name ?? null
});

export const page = query({
	args: { paginationOpts: paginationOptsValidator, order: v.optional(v.union(v.literal('asc'), v.literal('desc'))) },
	handler: async (ctx, { paginationOpts, order }) => {
		const result = await ctx.db
			.query('items')
			.withIndex('by_day')
			.order(order ?? 'asc')
			.paginate(paginationOpts);
		return { ...result, page: result.page.map(({ day }) => day) };
	}
});

export const twoPages = query({
	args: {},
	handler: async (ctx) => {
		await ctx.db.query('items').paginate({ numItems: 1, cursor: null });
		await ctx.db.query('events').paginate({ numItems: 1, cursor: null });
	}
});

export const anything = mutation({
	args: { value: v.any() },
	handler: async (ctx, { value }) => {
		const id = await ctx.db.insert('anything', { value });
		return (await ctx.db.get(id))?.value;
	}
});

export const clear = mutation({
	args: {},
	handler: async (ctx) => {
		for (const item of await ctx.db.query('items').collect()) await ctx.db.delete(item._id);
		for (const event of await ctx.db.query('events').collect()) await ctx.db.delete(event._id);
	}
});
