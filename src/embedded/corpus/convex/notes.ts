/** Notes that are found by their words and by their meaning, and filters of every kind. */
import { makeFunctionReference, paginationOptsValidator } from 'convex/server';
import { v } from 'convex/values';
import type { Doc, Id } from './_generated/dataModel';
import { action, internalQuery, mutation, query } from './_generated/server';

const fields = { text: v.string(), topic: v.optional(v.string()), meaning: v.optional(v.array(v.number())) };

export const write = mutation({
	args: { notes: v.array(v.object(fields)) },
	handler: async (ctx, { notes }) => {
		const ids = [];
		for (const note of notes) ids.push(await ctx.db.insert('notes', note));
		return ids;
	}
});

export const edit = mutation({
	args: { id: v.id('notes'), text: v.string() },
	handler: (ctx, { id, text }) => ctx.db.patch(id, { text })
});

export const remove = mutation({ args: { id: v.id('notes') }, handler: (ctx, { id }) => ctx.db.delete(id) });

const texts = (notes: readonly Doc<'notes'>[]): string[] => notes.map(({ text }) => text);

export const search = query({
	args: {
		words: v.string(),
		topic: v.optional(v.string()),
		without: v.optional(v.string()),
		take: v.optional(v.number())
	},
	handler: async (ctx, { words, topic, without, take }) => {
		const found = ctx.db
			.query('notes')
			.withSearchIndex('by_text', (q) => {
				const asked = q.search('text', words);
				return topic === undefined ? asked : asked.eq('topic', topic);
			})
			.filter((q) => q.neq(q.field('text'), without ?? null));
		return texts(take === undefined ? await found.collect() : await found.take(take));
	}
});

export const writeAndSearch = mutation({
	args: { text: v.string(), words: v.string() },
	handler: async (ctx, { text, words }) => {
		await ctx.db.insert('notes', { text });
		const found = await ctx.db
			.query('notes')
			.withSearchIndex('by_text', (q) => q.search('text', words))
			.take(10);
		return texts(found);
	}
});

export const searchPage = query({
	args: { words: v.string(), paginationOpts: paginationOptsValidator },
	handler: async (ctx, { words, paginationOpts }) => {
		const result = await ctx.db
			.query('notes')
			.withSearchIndex('by_text', (q) => q.search('text', words))
			.paginate(paginationOpts);
		return { ...result, page: texts(result.page) };
	}
});

/** A search that TypeScript would not allow, as data: `[method, field, value]` one after another. */
export const wrongSearch = query({
	args: { index: v.string(), calls: v.array(v.array(v.string())) },
	handler: async (ctx, { index, calls }) => {
		const notes = ctx.db.query('notes');
		const build = (q: unknown): unknown => {
			let search = q;
			for (const [method, ...args] of calls) search = Reflect.get(Object(search), method ?? '').apply(search, args);
			return search;
		};
		const found = Reflect.apply(Reflect.get(notes, 'withSearchIndex'), notes, [index, build]);
		return texts(await found.collect());
	}
});

export const near = action({
	args: {
		meaning: v.array(v.number()),
		topics: v.optional(v.array(v.string())),
		limit: v.optional(v.number())
	},
	handler: async (ctx, { meaning, topics, limit }) => {
		const found = await ctx.vectorSearch('notes', 'by_meaning', {
			vector: meaning,
			...(limit === undefined ? {} : { limit }),
			...(topics === undefined ? {} : { filter: (q) => q.or(...topics.map((topic) => q.eq('topic', topic))) })
		});
		return found.map(({ _id, _score }) => ({ id: _id, score: Math.round(_score * 1000) / 1000 }));
	}
});

const loaded = makeFunctionReference<'query', { ids: Id<'notes'>[] }, (Doc<'notes'> | null)[]>('notes:load');

export const load = internalQuery({
	args: { ids: v.array(v.id('notes')) },
	handler: (ctx, { ids }) => Promise.all(ids.map((id) => ctx.db.get(id)))
});

/** As an app would use it: the nearest, and then the documents of what was found. */
export const nearNotes = action({
	args: { meaning: v.array(v.number()), topic: v.string(), limit: v.number() },
	handler: async (ctx, { meaning, topic, limit }): Promise<{ text: string; score: number }[]> => {
		const found = await ctx.vectorSearch('notes', 'by_meaning', {
			vector: meaning,
			limit,
			filter: (q) => q.eq('topic', topic)
		});
		const documents = await ctx.runQuery(loaded, { ids: found.map(({ _id }) => _id) });
		return documents.flatMap((note, place) => (note ? [{ text: note.text, score: found[place]?._score ?? 0 }] : []));
	}
});

/** Applies an operator of filters to two values; answers whether the documents pass, or throws what the backend says. */
export const operate = mutation({
	args: { operator: v.string(), left: v.any(), right: v.any(), expected: v.any() },
	handler: async (ctx, { operator, left, right, expected }) => {
		const id = await ctx.db.insert('anything', { left, right });
		const documents = await ctx.db
			.query('anything')
			.filter((q) => {
				const apply: (...operands: unknown[]) => never = Reflect.get(q, operator);
				const result = operator === 'neg' ? apply(q.field('left')) : apply(q.field('left'), q.field('right'));
				return expected === 'as it is' ? result : q.eq(result, expected);
			})
			.collect();
		await ctx.db.delete(id);
		return documents.length;
	}
});

export const manyOperators = query({
	args: { count: v.number() },
	handler: async (ctx, { count }) => {
		let notes = ctx.db.query('notes');
		for (let n = 0; n < count; n++) notes = notes.filter((q) => q.eq(1, 1));
		return texts(await notes.collect());
	}
});
