import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';

export default defineSchema({
	items: defineTable({ name: v.string(), day: v.number(), value: v.number(), state: v.string() })
		.index('by_day', ['day'])
		.index('by_name_day', ['name', 'day'])
		.index('by_state', ['state'])
});
