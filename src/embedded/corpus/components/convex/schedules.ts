/** What the crons component is for: jobs that come and go while the app runs. */
import { Crons } from '@convex-dev/crons';
import { v } from 'convex/values';
import { components, internal } from './_generated/api';
import { internalMutation, mutation, query } from './_generated/server';

const crons = new Crons(components.crons);

export const register = mutation({
	args: { name: v.string(), ms: v.number() },
	handler: (ctx, { name, ms }): Promise<string> =>
		crons.register(ctx, { kind: 'interval', ms }, internal.schedules.tick, { name }, name)
});

export const remove = mutation({ args: { name: v.string() }, handler: (ctx, { name }) => crons.delete(ctx, { name }) });

export const list = query({
	args: {},
	handler: async (ctx) => (await crons.list(ctx)).map(({ name, schedule }) => ({ name, schedule }))
});

export const tick = internalMutation({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		await ctx.db.insert('events', { name, kind: 'tick', running: 0 });
	}
});
