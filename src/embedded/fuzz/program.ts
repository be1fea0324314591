/**
 * Programs as data: what a function of the corpus (`programs.ts`) is told to do, and what the model does by itself.
 * Every scenario is a Convex value, so that it can be sent as an argument and kept in a file.
 *
 * Texts of the form `#3` stand for the fourth id that the scenario has met, `@3` for that document's creation time
 * (0 when there is none), wherever they occur in values.
 */
import { convexToJson, jsonToConvex } from 'convex/values';
import type { JSONValue, Value } from 'convex/values';
import { z } from 'zod';

/** Two instances of one component, mounted in the app under these names. It runs programs, too. */
export const COMPONENTS = ['left', 'right'] as const;
export type Component = (typeof COMPONENTS)[number];

const value: z.ZodType<Value> = z.custom<Value>((given) => given !== undefined);
const fields = z.record(z.string(), value);
/** A value, or undefined as the empty list. */
const maybe = z.union([z.tuple([]), z.tuple([value])]);

const comparison = z.enum(['eq', 'neq', 'lt', 'lte', 'gt', 'gte']);
const arithmetic = z.enum(['add', 'sub', 'mul', 'div', 'mod']);

export type Expression =
	| { readonly is: 'field'; readonly path: string }
	| { readonly is: 'literal'; readonly value: readonly [] | readonly [Value] }
	| {
			readonly is: z.infer<typeof comparison> | z.infer<typeof arithmetic>;
			readonly left: Expression;
			readonly right: Expression;
	  }
	| { readonly is: 'and' | 'or'; readonly of: readonly Expression[] }
	| { readonly is: 'not' | 'neg'; readonly of: Expression };

const expression: z.ZodType<Expression> = z.lazy(() =>
	z.union([
		z.object({ is: z.literal('field'), path: z.string() }),
		z.object({ is: z.literal('literal'), value: maybe }),
		z.object({ is: z.union([comparison, arithmetic]), left: expression, right: expression }),
		z.object({ is: z.enum(['and', 'or']), of: z.array(expression) }),
		z.object({ is: z.enum(['not', 'neg']), of: expression })
	])
);

const bound = z.object({ type: z.enum(['eq', 'gt', 'gte', 'lt', 'lte']), field: z.string(), value: maybe });
export type Bound = z.infer<typeof bound>;

const selection = z.object({
	table: z.string(),
	/** Null scans the table in the order of creation. */
	index: z.string().nullable(),
	range: z.array(bound),
	order: z.enum(['asc', 'desc']).nullable(),
	filters: z.array(expression)
});
/** Which documents, in which order. */
export type Selection = z.infer<typeof selection>;

export type Operation =
	| { readonly op: 'insert'; readonly table: string; readonly fields: Readonly<Record<string, Value>> }
	| {
			readonly op: 'patch';
			readonly id: string;
			readonly fields: Readonly<Record<string, Value>>;
			/** Fields that are set to undefined. */
			readonly unset: readonly string[];
	  }
	| { readonly op: 'replace'; readonly id: string; readonly fields: Readonly<Record<string, Value>> }
	| { readonly op: 'delete'; readonly id: string }
	| { readonly op: 'get'; readonly id: string }
	| { readonly op: 'normalizeId'; readonly table: string; readonly id: string }
	| { readonly op: 'count'; readonly table: string }
	| {
			readonly op: 'query';
			readonly selection: Selection;
			readonly end: 'collect' | 'first' | 'unique' | number;
	  }
	/** Which documents the index `words` of a table finds. */
	| {
			readonly op: 'search';
			readonly table: string;
			readonly words: string;
			readonly filters: readonly { readonly field: string; readonly value: readonly [] | readonly [Value] }[];
	  }
	/** `into` a component, which knows no ids but those that it gives itself, and tells nobody of those. */
	| {
			readonly op: 'nested';
			readonly kind: 'query' | 'mutation';
			readonly into: Component | null;
			readonly program: readonly Operation[];
	  }
	/** Catches the failure of one operation. */
	| { readonly op: 'attempt'; readonly operation: Operation }
	/** Starts every operation before any has ended. */
	| { readonly op: 'parallel'; readonly operations: readonly Operation[] }
	| { readonly op: 'throw'; readonly data: Value | null }
	| { readonly op: 'fail'; readonly message: string }
	/** Right after the commit, or so late that it never runs. */
	| { readonly op: 'schedule'; readonly soon: boolean; readonly program: readonly Operation[] }
	| { readonly op: 'cancel'; readonly id: string }
	| { readonly op: 'jobState'; readonly id: string }
	| { readonly op: 'identity' };

const operation: z.ZodType<Operation> = z.lazy(() =>
	z.discriminatedUnion('op', [
		z.object({ op: z.literal('insert'), table: z.string(), fields }),
		z.object({ op: z.literal('patch'), id: z.string(), fields, unset: z.array(z.string()) }),
		z.object({ op: z.literal('replace'), id: z.string(), fields }),
		z.object({ op: z.literal('delete'), id: z.string() }),
		z.object({ op: z.literal('get'), id: z.string() }),
		z.object({ op: z.literal('normalizeId'), table: z.string(), id: z.string() }),
		z.object({ op: z.literal('count'), table: z.string() }),
		z.object({
			op: z.literal('query'),
			selection,
			end: z.union([z.enum(['collect', 'first', 'unique']), z.number()])
		}),
		z.object({
			op: z.literal('search'),
			table: z.string(),
			words: z.string(),
			filters: z.array(z.object({ field: z.string(), value: maybe }))
		}),
		z.object({
			op: z.literal('nested'),
			kind: z.enum(['query', 'mutation']),
			into: z.enum(COMPONENTS).nullable().default(null),
			program: z.array(operation)
		}),
		z.object({ op: z.literal('attempt'), operation }),
		z.object({ op: z.literal('parallel'), operations: z.array(operation) }),
		z.object({ op: z.literal('throw'), data: value }),
		z.object({ op: z.literal('fail'), message: z.string() }),
		z.object({ op: z.literal('schedule'), soon: z.boolean(), program: z.array(operation) }),
		z.object({ op: z.literal('cancel'), id: z.string() }),
		z.object({ op: z.literal('jobState'), id: z.string() }),
		z.object({ op: z.literal('identity') })
	])
);

/** Validator JSON and indexes, as `schema.export()` gives them. */
const schema = z
	.object({
		tables: z.array(
			z.object({
				tableName: z.string(),
				indexes: z.array(z.object({ indexDescriptor: z.string(), fields: z.array(z.string()) })),
				searchIndexes: z
					.array(z.object({ indexDescriptor: z.string(), searchField: z.string(), filterFields: z.array(z.string()) }))
					.default([]),
				documentType: value
			})
		),
		schemaValidation: z.boolean()
	})
	.nullable();
export type Schema = z.infer<typeof schema>;

const step = z.discriminatedUnion('do', [
	z.object({ do: z.literal('push'), schema }),
	z.object({ do: z.literal('restart') }),
	z.object({ do: z.literal('query'), program: z.array(operation) }),
	z.object({ do: z.literal('mutation'), program: z.array(operation) }),
	/** The queries and mutations of an action, in transactions of their own. */
	z.object({ do: z.literal('action'), program: z.array(operation) }),
	/** A live query: its invalidations are checked from now on. */
	z.object({ do: z.literal('watch'), program: z.array(operation) }),
	/** The first page of a selection, which becomes a book that can be read on in. */
	z.object({ do: z.literal('open'), selection, numItems: z.number() }),
	/**
	 * Another page of a book, the latest being 0. `from` and `to` are places where earlier pages ended, the last being 0;
	 * `from` null is the start. `again` reads the latest page once more with the journal that it left.
	 */
	z.object({
		do: z.literal('turn'),
		book: z.number(),
		numItems: z.number(),
		from: z.number().nullable(),
		to: z.number().nullable(),
		again: z.boolean()
	})
]);
export type Step = z.infer<typeof step>;

/** Functions must be pushed before they are called. */
const scenario = z.object({ steps: z.array(step) }).refine(({ steps }) => steps[0]?.do === 'push');
export type Scenario = z.infer<typeof scenario>;

/** A scenario as the Convex value that it is. */
export function asValue(given: Scenario): Value {
	return value.parse(given);
}

/** The scenario that a Convex value is, or null. */
export function scenarioFrom(given: Value): Scenario | null {
	return scenario.safeParse(given).data ?? null;
}

/** Reads a scenario back from Convex JSON text. Throws when it is none. */
export function readScenario(text: string): Scenario {
	const json: JSONValue = JSON.parse(text);
	return scenario.parse(jsonToConvex(json));
}

/** A scenario as Convex JSON text. */
export function scenarioText(given: Scenario): string {
	return `${JSON.stringify(convexToJson(asValue(given)), null, '\t')}\n`;
}
