import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';

export default defineSchema({
	/** What work of the pool did, in order. */
	events: defineTable({ name: v.string(), kind: v.string(), running: v.number() }).index('by_name', ['name']),
	scores: defineTable({ game: v.string(), player: v.string(), points: v.number() }),
	counters: defineTable({ name: v.string(), value: v.number() })
});
