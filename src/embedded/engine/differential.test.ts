import { convexTest } from 'convex-test';
import { makeFunctionReference } from 'convex/server';
import { ConvexError, convexToJson } from 'convex/values';
import type { JSONValue, Value } from 'convex/values';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import schema from '../corpus/convex/schema.ts';
import { CallFailed, Corpus } from '../corpus/harness.ts';

/**
 * The same functions on `convex-test` and on the engine give the same answers. Left out, because convex-test is not like
 * the backend there: comparisons of values of different types in filters (it compares with JavaScript's `<`), the form of
 * ids and cursors, the texts of errors other than ConvexErrors, and the order of writes under Promise.all (the backend keeps
 * the order in which they were asked for).
 */
const MODULES = import.meta.glob([
	'../corpus/convex/**/*.ts',
	'../corpus/convex/**/*.js',
	'!../corpus/convex/**/*.d.ts'
]);

type Step = {
	readonly kind: 'query' | 'mutation' | 'action';
	readonly path: string;
	readonly args: { readonly [name: string]: Value };
};
type Answer = { readonly value: JSONValue } | { readonly data: JSONValue } | { readonly failed: true };
type Run = (step: Step) => Promise<Value>;

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
	// convex-test runs no crons.
	await corpus.push({ ...corpus.bundle, functions: corpus.bundle.functions.filter(({ path }) => path !== 'crons.js') });
});
afterAll(() => corpus.close());

const onEngine: Run = ({ kind, path, args }) => corpus[kind](path, args);

function onConvexTest(): Run {
	const backend = convexTest(schema, MODULES);
	return async ({ kind, path, args }) => {
		switch (kind) {
			case 'query':
				return backend.query(makeFunctionReference<'query'>(path), args);
			case 'mutation':
				return backend.mutation(makeFunctionReference<'mutation'>(path), args);
			case 'action':
				return backend.action(makeFunctionReference<'action'>(path), args);
		}
	};
}

/** Answers of a run, with ids replaced by the order in which they appeared and system times left out. */
class Transcript {
	readonly ids: string[] = [];
	readonly #run: Run;

	constructor(run: Run) {
		this.#run = run;
	}

	async answer(step: Step): Promise<Answer> {
		try {
			const value = await this.#run({ ...step, args: this.#withIds(step.args) });
			if (step.path === 'items:insert' && typeof value === 'string') this.ids.push(value);
			return { value: this.#withoutIds(convexToJson(value ?? null)) };
		} catch (error) {
			if (error instanceof CallFailed)
				return error.data === undefined ? { failed: true } : { data: convexToJson(error.data) };
			return error instanceof ConvexError ? { data: convexToJson(error.data) } : { failed: true };
		}
	}

	/** `id: 3` stands for the id that the fourth insert gave. */
	#withIds(args: Step['args']): Step['args'] {
		return typeof args.id === 'bigint'
			? { ...args, id: this.ids[Number(args.id) % Math.max(1, this.ids.length)] ?? 'none' }
			: args;
	}

	#withoutIds(json: JSONValue): JSONValue {
		const text = JSON.stringify(json, (name: string, value: JSONValue) => (name === '_creationTime' ? 0 : value));
		const parsed: JSONValue = JSON.parse(
			this.ids.reduce((all, id, place) => all.replaceAll(`"${id}"`, `"#${place}"`), text)
		);
		return parsed;
	}
}

const day = fc.integer({ min: -3, max: 12 });
const group = fc.constantFrom('a', 'b', 'ü');
const id = fc.nat(20).map(BigInt);
const size = fc.oneof(
	fc.double({ noNaN: true }),
	fc.bigInt({ min: -300n, max: 300n }),
	fc.string({ maxLength: 3 }),
	fc.constant(null),
	fc.boolean()
);
const order = fc.constantFrom('asc', 'desc');

function step<T extends { [name: string]: fc.Arbitrary<Value> }>(
	kind: Step['kind'],
	path: string,
	required: T,
	optional: T | object = {}
): fc.Arbitrary<Step> {
	const names = Object.keys(required);
	return fc
		.record({ ...required, ...optional }, { requiredKeys: names })
		.map((args) => ({ kind, path, args: Object.fromEntries(Object.entries(args)) }));
}

const steps = fc.oneof(
	{
		weight: 8,
		arbitrary: step('mutation', 'items:insert', { name: fc.string({ maxLength: 4 }), day }, { group, size })
	},
	step('mutation', 'items:insertMany', { from: day, count: fc.nat(5) }, { group }),
	step('mutation', 'items:patch', { id }, { name: fc.string({ maxLength: 4 }), clearGroup: fc.boolean() }),
	step('mutation', 'items:replace', { id, name: fc.constant('replaced'), day }),
	step('mutation', 'items:remove', { id }),
	step('query', 'items:get', { id }),
	step('query', 'items:list', {}, { order }),
	step('query', 'items:byDay', { from: day, to: day }, { take: fc.nat(5) }),
	step('query', 'items:byGroup', {}, { group, after: day, order }),
	step('query', 'items:bySize', {}),
	step('query', 'items:filtered', { min: day }),
	step('query', 'items:filteredTake', { min: day, take: fc.nat(5) }),
	step('query', 'items:first', {}),
	step('query', 'items:unique', { day }),
	step('mutation', 'items:anything', {
		value: fc.oneof(size, fc.array(fc.nat()), fc.dictionary(fc.constantFrom('x', 'y'), fc.nat()))
	}),
	step('mutation', 'events:nested', {}),
	step('mutation', 'events:addThenThrow', { message: fc.constant('no') }),
	step('query', 'events:kinds', {}),
	step('query', 'events:convexError', { data: fc.oneof(fc.nat(), fc.record({ code: fc.string() })) }),
	step('query', 'runtime:badReturn', {}),
	step('action', 'events:viaAction', { kind: fc.constant('via') }),
	step('action', 'events:actionCatches', {})
);

describe('the engine and convex-test', () => {
	it('give the same answers to the same calls', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 30 }), async (sequence) => {
				await corpus.mutation('items:clear');
				const engine = new Transcript(onEngine);
				const reference = new Transcript(onConvexTest());
				for (const next of sequence)
					expect({ next, answer: await engine.answer(next) }).toEqual({ next, answer: await reference.answer(next) });
			}),
			{ numRuns: 60 }
		);
	});
});
