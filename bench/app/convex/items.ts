/** The functions of which the benches measure the speed. */
import type { DataModelFromSchemaDefinition } from 'convex/server';
import { mutationGeneric, queryGeneric } from 'convex/server';
import type { MutationBuilder, QueryBuilder } from 'convex/server';
import { v } from 'convex/values';
import { item } from './item.ts';
import type schema from './schema.ts';

type DataModel = DataModelFromSchemaDefinition<typeof schema>;
const mutation: MutationBuilder<DataModel, 'public'> = mutationGeneric;
const query: QueryBuilder<DataModel, 'public'> = queryGeneric;

/** Inserts the items number `from` to `from + count`. */
export const fill = mutation({
	args: { from: v.number(), count: v.number() },
	returns: v.null(),
	handler: async ({ db }, { from, count }) => {
		for (let i = from; i < from + count; i++) await db.insert('items', item(i));
		return null;
	}
});

export const add = mutation({
	args: { name: v.string(), day: v.number(), value: v.number(), state: v.string() },
	returns: v.id('items'),
	handler: ({ db }, args) => db.insert('items', args)
});

/** The 30 newest days. */
export const newest = query({
	args: {},
	handler: ({ db }) => db.query('items').withIndex('by_day').order('desc').take(30)
});

/** The total of 365 documents of one series. */
export const year = query({
	args: { name: v.string() },
	returns: v.number(),
	handler: async ({ db }, { name }) => {
		const items = await db
			.query('items')
			.withIndex('by_name_day', (q) => q.eq('name', name).gte('day', 20_000).lt('day', 20_365))
			.collect();
		return items.reduce((sum, { value }) => sum + value, 0);
	}
});
