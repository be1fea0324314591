/** What concurrent clients do in the checks of histories: transfers, lists and unique tickets, with marks of half-done work. */
import type { GenericMutationCtx, GenericQueryCtx } from 'convex/server';
import { v } from 'convex/values';
import { internal } from './_generated/api';
import type { DataModel } from './_generated/dataModel';
import { internalAction, internalMutation, mutation, query } from './_generated/server';

type QueryCtx = GenericQueryCtx<DataModel>;
type MutationCtx = GenericMutationCtx<DataModel>;

async function balanceOf({ db }: QueryCtx, name: string) {
	return await db
		.query('accounts')
		.withIndex('by_name', (q) => q.eq('name', name))
		.unique();
}

async function add(ctx: MutationCtx, name: string, by: number): Promise<number> {
	const found = await balanceOf(ctx, name);
	if (found === null) await ctx.db.insert('accounts', { name, value: by });
	else await ctx.db.patch(found._id, { value: found.value + by });
	return (found?.value ?? 0) + by;
}

async function itemsOf({ db }: QueryCtx, list: string): Promise<string[]> {
	const entries = await db
		.query('entries')
		.withIndex('by_list', (q) => q.eq('list', list))
		.collect();
	return entries.map(({ item }) => item);
}

/** Takes from one account in a transaction of its own inside this one, then gives to the other. */
export const transfer = mutation({
	args: { from: v.string(), to: v.string(), by: v.number() },
	handler: async (ctx, { from, to, by }): Promise<number[]> => [
		await ctx.runMutation(internal.ledger.give, { to: from, by: -by }),
		await add(ctx, to, by)
	]
});

export const give = internalMutation({
	args: { to: v.string(), by: v.number() },
	handler: (ctx, { to, by }) => add(ctx, to, by)
});

/** Appends and returns the list as it is then. */
export const append = mutation({
	args: { list: v.string(), item: v.string() },
	handler: async (ctx, { list, item }) => {
		await ctx.db.insert('entries', { list, item });
		return await itemsOf(ctx, list);
	}
});

/** Refused when the amount is not there; what it had written by then must not stay. */
export const withdraw = mutation({
	args: { from: v.string(), by: v.number() },
	handler: async (ctx, { from, by }) => {
		const left = await add(ctx, from, -by);
		if (left < 0) throw new Error('not enough');
		await add(ctx, 'bank', by);
		return left;
	}
});

export const read = query({
	args: { accounts: v.array(v.string()), lists: v.array(v.string()) },
	handler: async (ctx, { accounts, lists }) => ({
		accounts: await Promise.all(accounts.map(async (name) => (await balanceOf(ctx, name))?.value ?? 0)),
		lists: await Promise.all(lists.map((list) => itemsOf(ctx, list)))
	})
});

/** So many rows of one batch, half of them in a nested mutation, and a job and an action that each leave one mark. */
export const batch = mutation({
	args: { batch: v.string(), rows: v.number() },
	handler: async (ctx, { batch, rows }): Promise<null> => {
		for (let row = 0; row < rows; row += 2) await ctx.db.insert('rows', { batch, row });
		await ctx.runMutation(internal.ledger.rest, { batch, rows });
		await ctx.db.insert('batches', { batch, rows });
		await ctx.scheduler.runAfter(0, internal.ledger.mark, { batch, kind: 'mutation' });
		await ctx.scheduler.runAfter(0, internal.ledger.markLater, { batch });
		return null;
	}
});

export const rest = internalMutation({
	args: { batch: v.string(), rows: v.number() },
	handler: async ({ db }, { batch, rows }) => {
		for (let row = 1; row < rows; row += 2) await db.insert('rows', { batch, row });
	}
});

export const mark = internalMutation({
	args: { batch: v.string(), kind: v.string() },
	handler: async ({ db }, { batch, kind }) => void (await db.insert('marks', { batch, kind }))
});

export const markLater = internalAction({
	args: { batch: v.string() },
	handler: async (ctx, { batch }) => void (await ctx.runMutation(internal.ledger.mark, { batch, kind: 'action' }))
});

/** Names the bytes that were uploaded before. */
export const keep = mutation({
	args: { name: v.string(), storageId: v.id('_storage') },
	handler: async ({ db }, file) => void (await db.insert('keeps', file))
});

export const uploadUrl = mutation({ args: {}, handler: ({ storage }) => storage.generateUploadUrl() });

export const urls = query({
	args: {},
	handler: async ({ db, storage }) =>
		await Promise.all(
			(await db.query('keeps').collect()).map(async ({ name, storageId }) => ({
				name,
				url: await storage.getUrl(storageId)
			}))
		)
});

/** Batches whose scheduled function of this kind ran, once for each run. */
export const marks = query({
	args: { kind: v.string() },
	handler: async ({ db }, { kind }) =>
		(await db.query('marks').collect())
			.filter((mark) => mark.kind === kind)
			.map(({ batch }) => batch)
			.sort()
});
