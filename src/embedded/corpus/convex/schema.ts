import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';

export default defineSchema({
	items: defineTable({
		name: v.string(),
		day: v.number(),
		group: v.optional(v.string()),
		size: v.optional(v.union(v.number(), v.int64(), v.string(), v.null(), v.boolean()))
	})
		.index('by_day', ['day'])
		.index('by_group_day', ['group', 'day'])
		.index('by_size', ['size']),
	events: defineTable({ kind: v.string(), at: v.number() }).index('by_kind', ['kind']),
	numbers: defineTable({ name: v.string(), value: v.number() }).index('by_name', ['name']),
	accounts: defineTable({ name: v.string(), value: v.number() }).index('by_name', ['name']),
	entries: defineTable({ list: v.string(), item: v.string() }).index('by_list', ['list']),
	batches: defineTable({ batch: v.string(), rows: v.number() }).index('by_batch', ['batch']),
	rows: defineTable({ batch: v.string(), row: v.number() }).index('by_batch_row', ['batch', 'row']),
	marks: defineTable({ batch: v.string(), kind: v.string() }).index('by_batch', ['batch']),
	keeps: defineTable({ name: v.string(), storageId: v.id('_storage') }),
	notes: defineTable({
		text: v.string(),
		topic: v.optional(v.string()),
		meaning: v.optional(v.array(v.number()))
	})
		.searchIndex('by_text', { searchField: 'text', filterFields: ['topic'] })
		.vectorIndex('by_meaning', { vectorField: 'meaning', dimensions: 3, filterFields: ['topic'] }),
	anything: defineTable(v.any())
});
