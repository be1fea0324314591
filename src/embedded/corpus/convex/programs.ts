/** An interpreter of programs that are data (`fuzz/program.ts`): one query, one mutation and one action do anything. */
import { componentsGeneric, makeFunctionReference } from 'convex/server';
import { ConvexError, v } from 'convex/values';
import type { Value } from 'convex/values';
import type { Expression, Operation, Selection } from '../../fuzz/program.ts';
import { action, mutation, query } from './_generated/server';

/* The tables and indexes are only known when a program runs, so nothing here can be typed by a schema. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Untyped = any;

interface Context {
	readonly ctx: Untyped;
	/** Ids met so far; grows with every insert and every scheduled function. */
	readonly ids: string[];
	/** Creation times of the documents that the program names by `@`, as they were when it began. */
	readonly times: ReadonlyMap<string, number>;
}

interface Result {
	readonly answers: Value[];
	/** Those that this program added. */
	readonly ids: string[];
}

const args = { program: v.any(), ids: v.array(v.string()) };
const NEVER = 1e9;

const own = {
	ask: makeFunctionReference<'query', Input, Result>('programs:ask'),
	change: makeFunctionReference<'mutation', Input, Result>('programs:change')
};
const components: Untyped = componentsGeneric();

type Input = { program: Operation[]; ids: string[] };

export const ask = query({ args, handler: run });
export const change = mutation({ args, handler: run });

/** Every operation in a transaction of its own. */
export const act = action({
	args,
	handler: async (ctx, input: Input): Promise<Result> => {
		const context: Context = { ctx, ids: [...input.ids], times: new Map() };
		const answers: Value[] = [];
		for (const operation of input.program) answers.push(await perform(context, operation));
		return { answers, ids: context.ids.slice(input.ids.length) };
	}
});

export const page = query({
	args: { selection: v.any(), ids: v.array(v.string()), options: v.any() },
	handler: async (ctx, { selection, ids, options }) => {
		const context = { ctx, ids, times: await timesOf(ctx, selection, ids) };
		return await select(context, selection).paginate(options);
	}
});

async function run(ctx: Untyped, { program, ids }: Input): Promise<Result> {
	const context: Context = { ctx, ids: [...ids], times: await timesOf(ctx, program, ids) };
	const answers: Value[] = [];
	try {
		for (const operation of program) answers.push(await perform(context, operation));
	} catch (error) {
		// Ids of what is rolled back are worth keeping: nothing must ever be found under them.
		if (!(error instanceof ConvexError)) throw error;
		throw new ConvexError({ thrown: error.data.thrown, ids: context.ids.slice(ids.length) });
	}
	return { answers, ids: context.ids.slice(ids.length) };
}

async function perform(context: Context, operation: Operation): Promise<Value> {
	const { ctx } = context;
	switch (operation.op) {
		case 'insert': {
			const id = await ctx.db.insert(operation.table, resolve(context, operation.fields));
			give(context, id);
			return id;
		}
		case 'patch': {
			const fields: Record<string, Value | undefined> = { ...resolve(context, operation.fields) };
			for (const name of operation.unset) fields[name] = undefined;
			await ctx.db.patch(resolve(context, operation.id), fields);
			return null;
		}
		case 'replace':
			await ctx.db.replace(resolve(context, operation.id), resolve(context, operation.fields));
			return null;
		case 'delete':
			await ctx.db.delete(resolve(context, operation.id));
			return null;
		case 'get':
			return await ctx.db.get(resolve(context, operation.id));
		case 'normalizeId':
			return ctx.db.normalizeId(operation.table, resolve(context, operation.id));
		case 'count':
			return await ctx.db.query(operation.table).count();
		case 'query': {
			const found = select(context, operation.selection);
			if (operation.end === 'collect') return await found.collect();
			if (operation.end === 'first') return await found.first();
			if (operation.end === 'unique') return await found.unique();
			return await found.take(operation.end);
		}
		case 'search': {
			const found: Untyped[] = await ctx.db
				.query(operation.table)
				.withSearchIndex('words', (q: Untyped) =>
					operation.filters.reduce(
						(builder, { field, value }) => builder.eq(field, bounded(context, operation.table, value)),
						q.search('c', operation.words)
					)
				)
				.collect();
			// The ranks are not the model's affair.
			return found.sort((a, b) => a._creationTime - b._creationTime);
		}
		case 'nested':
			return await nested(context, operation);
		case 'attempt':
			try {
				return { value: await perform(context, operation.operation) };
			} catch (error) {
				return failure(error);
			}
		case 'parallel': {
			const branches = operation.operations.map((each) => ({ each, own: { ...context, ids: [...context.ids] } }));
			const outcomes = await Promise.allSettled(branches.map(({ each, own }) => perform(own, each)));
			const before = context.ids.length;
			for (const { own } of branches) context.ids.push(...own.ids.slice(before));
			return outcomes.map((outcome) =>
				outcome.status === 'fulfilled' ? { value: outcome.value } : failure(outcome.reason)
			);
		}
		case 'throw':
			throw new ConvexError({ thrown: operation.data, ids: [] });
		case 'fail':
			throw new Error(operation.message);
		case 'schedule': {
			const id = await ctx.scheduler.runAfter(operation.soon ? 0 : NEVER, own.change, {
				program: operation.program,
				ids: context.ids
			});
			give(context, id);
			return id;
		}
		case 'cancel':
			await ctx.scheduler.cancel(resolve(context, operation.id));
			return null;
		case 'jobState':
			return (await ctx.db.system.get(resolve(context, operation.id)))?.state.kind ?? null;
		case 'identity':
			return await ctx.auth.getUserIdentity();
	}
}

/** Remembers an id, and says it: the model cannot know it, and must order it among others. */
function give(context: Context, id: string): void {
	console.log('gave', id);
	context.ids.push(id);
}

async function nested(context: Context, { kind, into, program }: Extract<Operation, { op: 'nested' }>): Promise<Value> {
	const input = { program: [...program], ids: into === null ? context.ids : [] };
	const { ask: asked, change: changed } = into === null ? own : components[into].programs;
	try {
		const { answers, ids } =
			kind === 'query' ? await context.ctx.runQuery(asked, input) : await context.ctx.runMutation(changed, input);
		if (into === null) context.ids.push(...ids);
		return answers;
	} catch (error) {
		if (error instanceof ConvexError && into === null) context.ids.push(...error.data.ids);
		throw error;
	}
}

function failure(error: unknown): Value {
	return error instanceof ConvexError ? { data: error.data.thrown } : { error: String(error) };
}

async function timesOf(ctx: Untyped, program: unknown, ids: string[]): Promise<Map<string, number>> {
	const times = new Map<string, number>();
	for (const [, place] of JSON.stringify(program, plain).matchAll(/"@(\d+)"/g)) {
		const id = ids[Number(place)];
		if (id === undefined || ctx.db.system.normalizeId('_scheduled_functions', id) !== null) continue;
		const document = await ctx.db.get(id);
		if (document !== null) times.set(id, document._creationTime);
	}
	return times;
}

const plain = (_name: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

/** The value with ids in the place of the texts that stand for them. Synchronous: `parallel` keeps the order of calls. */
function resolve(context: Context, value: Value): Untyped {
	if (typeof value === 'string') return /^#\d+$/.test(value) ? (context.ids[Number(value.slice(1))] ?? value) : value;
	if (typeof value !== 'object' || value === null || value instanceof ArrayBuffer) return value;
	if (Array.isArray(value)) return value.map((item) => resolve(context, item));
	return Object.fromEntries(
		Object.entries(value).map(([name, field]) => [name, field === undefined ? undefined : resolve(context, field)])
	);
}

/** As `resolve`, where `@3` is the creation time of a document of the table that is read. */
function bounded(context: Context, table: string, given: readonly [] | readonly [Value]): Untyped {
	const [value] = given;
	if (typeof value !== 'string' || !/^@\d+$/.test(value)) return value === undefined ? value : resolve(context, value);
	const id = context.ids[Number(value.slice(1))];
	if (id === undefined || context.ctx.db.normalizeId(table, id) === null) return 0;
	return context.times.get(id) ?? 0;
}

function select(context: Context, { table, index, range, order, filters }: Selection): Untyped {
	let found = context.ctx.db.query(table);
	if (index !== null) {
		found = found.withIndex(index, (q: Untyped) =>
			range.reduce((builder, { type, field, value }) => builder[type](field, bounded(context, table, value)), q)
		);
	}
	if (order !== null) found = found.order(order);
	for (const filter of filters) found = found.filter((q: Untyped) => build(context, table, q, filter));
	return found;
}

function build(context: Context, table: string, q: Untyped, expression: Expression): Untyped {
	const inner = (part: Expression) => build(context, table, q, part);
	switch (expression.is) {
		case 'field':
			return q.field(expression.path);
		case 'literal':
			return bounded(context, table, expression.value);
		case 'and':
		case 'or':
			return q[expression.is](...expression.of.map(inner));
		case 'not':
		case 'neg':
			return q[expression.is](inner(expression.of));
		default:
			return q[expression.is](inner(expression.left), inner(expression.right));
	}
}
