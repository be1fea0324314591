import { createFunctionHandle, paginationOptsValidator } from 'convex/server';
import type { FunctionHandle } from 'convex/server';
import { ConvexError, v } from 'convex/values';
import { components, internal } from './_generated/api';
import { action, internalMutation, mutation, query } from './_generated/server';
import type { MutationCtx } from './_generated/server';

async function change(ctx: MutationCtx, name: string, by: number): Promise<number> {
	const found = await ctx.db
		.query('counters')
		.withIndex('by_name', (q) => q.eq('name', name))
		.unique();
	if (found === null) await ctx.db.insert('counters', { name, value: by });
	else await ctx.db.patch(found._id, { value: found.value + by });
	return (found?.value ?? 0) + by;
}

/** By what the parent says in the environment. */
export const add = mutation({
	args: { name: v.string() },
	returns: v.number(),
	handler: (ctx, { name }) => change(ctx, name, Number(process.env.STEP ?? 1))
});

export const addInternally = internalMutation({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		await change(ctx, name, 100);
	}
});

export const get = query({
	args: { name: v.string() },
	returns: v.number(),
	handler: async (ctx, { name }) => {
		const found = await ctx.db
			.query('counters')
			.withIndex('by_name', (q) => q.eq('name', name))
			.unique();
		return found?.value ?? 0;
	}
});

export const addAndFail = mutation({
	args: { name: v.string() },
	handler: async (ctx, { name }) => {
		await change(ctx, name, 1);
		throw new ConvexError({ refused: name, big: 12n });
	}
});

export const page = query({
	args: { paginationOpts: paginationOptsValidator },
	handler: (ctx, { paginationOpts }) => ctx.db.query('counters').paginate(paginationOpts)
});

export const inside = query({
	args: {},
	handler: async (ctx) => ({
		variables: {
			step: process.env.STEP ?? null,
			greeting: process.env.GREETING ?? null,
			secret: process.env.SECRET ?? null
		},
		who: (await ctx.auth.getUserIdentity())?.subject ?? null,
		...(await ctx.meta.getFunctionMetadata())
	})
});

/** Runs in this component, with its tables, although nobody else asks for it. */
export const addLater = mutation({
	args: { name: v.string() },
	handler: async (ctx, { name }): Promise<string> =>
		ctx.scheduler.runAfter(0, internal.counters.addInternally, { name })
});

export const job = query({
	args: { id: v.id('_scheduled_functions') },
	handler: async (ctx, { id }) => {
		const found = await ctx.db.system.get(id);
		return found === null ? null : { name: found.name, kind: found.state.kind };
	}
});

/** Calls back what the parent gave, now and later. */
export const callBack = mutation({
	args: { handle: v.string(), text: v.string() },
	handler: async (ctx, { handle, text }): Promise<void> => {
		const back = handle as FunctionHandle<'mutation', { text: string }>;
		await ctx.runMutation(back, { text: `${text}, now` });
		await ctx.scheduler.runAfter(0, back, { text: `${text}, later` });
	}
});

/** A handle of this component's own, for the parent to call. */
export const handle = mutation({
	args: {},
	handler: (): Promise<string> => createFunctionHandle(internal.counters.addInternally)
});

export const addInside = mutation({
	args: { text: v.string(), fail: v.boolean() },
	handler: async (ctx, { text, fail }): Promise<unknown> => {
		await change(ctx, 'inside', 1);
		await ctx.runMutation(components.inner.notes.everywhere, { text });
		if (!fail) return null;
		try {
			await ctx.runMutation(components.inner.notes.addAndFail, { text: `${text}, failed` });
			return null;
		} catch (error) {
			return error instanceof ConvexError ? error.data : String(error);
		}
	}
});

export const notes = query({
	args: {},
	handler: async (ctx): Promise<{ inner: string[]; innermost: string[] }> => ({
		inner: await ctx.runQuery(components.inner.notes.list, {}),
		innermost: await ctx.runQuery(components.inner.notes.innermost, {})
	})
});
export const greeting = query({
	args: {},
	handler: (ctx): Promise<{ typed: string | null; plain: string | null }> =>
		ctx.runQuery(components.inner.notes.greeting, {})
});

export const addNote = mutation({
	args: { text: v.string() },
	handler: (ctx, { text }): Promise<string> => ctx.runMutation(components.inner.notes.add, { text })
});
export const note = query({
	args: { id: v.string() },
	handler: async (ctx, { id }): Promise<string | null> =>
		(await ctx.runQuery(components.inner.notes.get, { id }))?.text ?? null
});

export const store = action({
	args: { text: v.string() },
	handler: async (ctx, { text }) => {
		const id = await ctx.storage.store(new Blob([text]));
		return { id, url: await ctx.storage.getUrl(id), who: (await ctx.auth.getUserIdentity())?.subject ?? null };
	}
});
export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
export const files = query({
	args: {},
	handler: async (ctx) => (await ctx.db.system.query('_storage').collect()).map(({ _id }): string => _id)
});

/** So many calls inside one another. */
export const descend = query({
	args: { levels: v.number() },
	handler: async (ctx, { levels }): Promise<number> =>
		levels === 0 ? 0 : 1 + (await ctx.runQuery(internalDescend, { levels: levels - 1 }))
});
const internalDescend = 'counters:descend' as unknown as FunctionHandle<'query', { levels: number }, number>;
