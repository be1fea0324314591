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
	anything: defineTable(v.any())
});
