/** Numbers by name: what the sockets' tests watch and change. */
import { v } from 'convex/values';
import { mutation, query } from './_generated/server';
import type { MutationCtx, QueryCtx } from './_generated/server';

async function read(ctx: QueryCtx, name: string): Promise<number> {
	const found = await ctx.db
		.query('numbers')
		.withIndex('by_name', (q) => q.eq('name', name))
		.unique();
	return found?.value ?? 0;
}

async function write(ctx: MutationCtx, name: string, change: number): Promise<number> {
	const found = await ctx.db
		.query('numbers')
		.withIndex('by_name', (q) => q.eq('name', name))
		.unique();
	if (!found) await ctx.db.insert('numbers', { name, value: change });
	else await ctx.db.patch(found._id, { value: found.value + change });
	return (found?.value ?? 0) + change;
}

export const get = query({ args: { name: v.string() }, handler: (ctx, { name }) => read(ctx, name) });

export const add = mutation({
	args: { name: v.string(), by: v.number() },
	handler: (ctx, { name, by }) => write(ctx, name, by)
});

/** What one name loses the other gains, so that every whole commit leaves the same sum. */
export const move = mutation({
	args: { from: v.string(), to: v.string(), by: v.number() },
	handler: async (ctx, { from, to, by }) => {
		await write(ctx, from, 0 - by);
		await write(ctx, to, by);
		return null;
	}
});

export const fail = query({
	args: {},
	handler: () => {
		throw new Error('as asked');
	}
});

export const whoami = query({
	args: {},
	handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? 'nobody'
});

/** Who asks; somebody only once the number is not 0, so that until then everybody has the same answer. */
export const asker = query({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		if ((await read(ctx, name)) === 0) return 'nobody';
		return (await ctx.auth.getUserIdentity())?.subject ?? 'nobody';
	}
});

/** Does not end once the number is not 0. */
export const trap = query({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		if ((await read(ctx, name)) !== 0) for (;;);
		return 0;
	}
});

/** As `add`, under the name of whoever asks. */
export const addOwn = mutation({
	args: { by: v.number() },
	handler: async (ctx, { by }) => write(ctx, (await ctx.auth.getUserIdentity())?.subject ?? 'nobody', by)
});

/** A text of so many characters, which depends on a number. */
export const large = query({
	args: { name: v.string(), characters: v.number() },
	handler: async (ctx, { name, characters }) => {
		const beginning = `${await read(ctx, name)} "ü" `;
		return beginning + 'é'.repeat(characters - beginning.length);
	}
});
