/** What an aggregate is for: counts, sums and ranks of a table, kept with it, a game apart from the others. */
import { TableAggregate } from '@convex-dev/aggregate';
import { v } from 'convex/values';
import { components } from './_generated/api';
import type { DataModel, Id } from './_generated/dataModel';
import { mutation, query } from './_generated/server';

const ranking = new TableAggregate<{ Namespace: string; Key: number; DataModel: DataModel; TableName: 'scores' }>(
	components.aggregate,
	{ namespace: ({ game }) => game, sortKey: ({ points }) => points, sumValue: ({ points }) => points }
);

export const add = mutation({
	args: { game: v.string(), player: v.string(), points: v.number(), fail: v.optional(v.boolean()) },
	handler: async (ctx, { fail, ...score }): Promise<Id<'scores'>> => {
		const id = await ctx.db.insert('scores', score);
		const document = await ctx.db.get(id);
		if (document !== null) await ranking.insert(ctx, document);
		if (fail) throw new Error('nothing of it stays');
		return id;
	}
});

export const change = mutation({
	args: { id: v.id('scores'), points: v.number() },
	handler: async (ctx, { id, points }) => {
		const before = await ctx.db.get(id);
		await ctx.db.patch(id, { points });
		const after = await ctx.db.get(id);
		if (before !== null && after !== null) await ranking.replace(ctx, before, after);
	}
});

export const remove = mutation({
	args: { id: v.id('scores') },
	handler: async (ctx, { id }) => {
		const document = await ctx.db.get(id);
		await ctx.db.delete(id);
		if (document !== null) await ranking.delete(ctx, document);
	}
});

/** Number, sum, and how many have fewer than so many points. */
export const summary = query({
	args: { game: v.string(), below: v.number() },
	handler: async (ctx, { game, below }) => ({
		count: await ranking.count(ctx, { namespace: game }),
		sum: await ranking.sum(ctx, { namespace: game }),
		rank: await ranking.indexOf(ctx, below, { namespace: game })
	})
});

export const best = query({
	args: { game: v.string() },
	handler: async (ctx, { game }) => (await ranking.max(ctx, { namespace: game }))?.key ?? null
});
