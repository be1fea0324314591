/** Random scenarios: small pools of names and values, so that documents, ranges and validators meet. */
import fc from 'fast-check';
import type { Value } from 'convex/values';
import { PLANNED } from './model/failure.ts';
import type { Bound, Expression, Operation, Scenario, Schema, Selection, Step } from './program.ts';

const TABLES = ['red', 'green'] as const;
/** Written to without ever being declared. */
const UNDECLARED = 'wild';

const table = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...TABLES) }, fc.constant(UNDECLARED));
const INDEXES: readonly { readonly indexDescriptor: string; readonly fields: string[] }[] = [
	{ indexDescriptor: 'by_a', fields: ['a'] },
	{ indexDescriptor: 'by_b_a', fields: ['b', 'a'] },
	{ indexDescriptor: 'by_inner', fields: ['o.x', 'a'] },
	{ indexDescriptor: 'by_deep', fields: ['o.y.z'] },
	{ indexDescriptor: 'by_three', fields: ['c', 'b', 'o'] }
];
const PATHS = ['a', 'b', 'c', 'o', 'o.x', 'o.y', 'o.y.z', 'ref'];

const bytes = (...of: number[]) => Uint8Array.from(of).buffer;
const leaf: fc.Arbitrary<Value> = fc.oneof(
	{ weight: 6, arbitrary: fc.integer({ min: -2, max: 3 }) },
	{ weight: 2, arbitrary: fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 0.5, 1e21, Number.MIN_VALUE) },
	{ weight: 3, arbitrary: fc.constantFrom(-1n, 0n, 1n, 127n, 128n, -129n, 2n ** 63n - 1n, -(2n ** 63n), 70_000n) },
	{ weight: 3, arbitrary: fc.constantFrom('', 'a', 'b', 'ab', 'a\0', '\0', 'é', '\u{ffff}', '\u{10000}', 'Z') },
	{ weight: 2, arbitrary: fc.constantFrom(true, false) },
	{ weight: 1, arbitrary: fc.constant(null) },
	{ weight: 1, arbitrary: fc.constantFrom(bytes(), bytes(0), bytes(0, 255), bytes(255), bytes(1)) }
);
const value: fc.Arbitrary<Value> = fc.oneof(
	{ weight: 8, arbitrary: leaf },
	{ weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }) },
	{ weight: 1, arbitrary: fc.dictionary(fc.constantFrom('x', 'y', 'xy', ''), leaf, dictionary(2)) }
);
const inner = fc.oneof(
	{ weight: 3, arbitrary: fc.record({ x: leaf }, { noNullPrototype: true }) },
	{
		weight: 1,
		arbitrary: fc.record({ x: leaf, y: fc.record({ z: leaf }, { noNullPrototype: true }) }, { noNullPrototype: true })
	},
	{ weight: 1, arbitrary: value }
);
const id = fc.nat(14).map((place) => `#${place}`);
const fields: fc.Arbitrary<Record<string, Value>> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record(
			{ a: value, b: value, c: leaf, o: inner, ref: fc.oneof(id, leaf) },
			{ requiredKeys: ['a'], noNullPrototype: true }
		)
	},
	{
		weight: 4,
		arbitrary: fc.record(
			{ a: fc.integer({ min: -2, max: 3 }), b: fc.constantFrom('a', 'b') },
			{ requiredKeys: ['a'], noNullPrototype: true }
		)
	},
	{ weight: 1, arbitrary: fc.record({ _id: id, a: leaf }, { noNullPrototype: true }) },
	{ weight: 1, arbitrary: fc.record({ _other: leaf }, { noNullPrototype: true }) },
	{ weight: 1, arbitrary: fc.constant({}) }
);

const validator: fc.Arbitrary<Value> = fc.letrec<{ any: Value }>((tie) => ({
	any: fc.oneof(
		{ maxDepth: 2, depthIdentifier: 'validator' },
		{ weight: 6, arbitrary: fc.constant({ type: 'any' }) },
		{ weight: 4, arbitrary: fc.constant({ type: 'number' }) },
		{
			weight: 3,
			arbitrary: fc.constantFrom('string', 'bigint', 'boolean', 'null', 'bytes').map((type) => ({ type }))
		},
		{
			weight: 1,
			arbitrary: fc.constantFrom<Value>(1, 'a', true, 0).map((literal) => ({ type: 'literal', value: literal }))
		},
		{ weight: 2, arbitrary: table.map((tableName) => ({ type: 'id', tableName })) },
		{
			weight: 4,
			arbitrary: fc.array(tie('any'), { maxLength: 3 }).map((members) => ({ type: 'union', value: members }))
		},
		{ weight: 1, arbitrary: tie('any').map((element) => ({ type: 'array', value: element })) },
		{
			weight: 1,
			arbitrary: tie('any').map((fieldType) => ({
				type: 'record',
				keys: { type: 'string' },
				values: { fieldType, optional: false }
			}))
		},
		{
			weight: 1,
			arbitrary: fc
				.dictionary(fc.constantFrom('x', 'y', 'z'), field(tie('any')), dictionary(2))
				.map((shape) => ({ type: 'object', value: shape }))
		}
	)
})).any;

function field(type: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
	return fc.record({ fieldType: type, optional: fc.boolean() }, { noNullPrototype: true });
}

function dictionary(maxKeys: number) {
	return { maxKeys, noNullPrototype: true };
}

const document: fc.Arbitrary<Value> = fc
	.record(
		{ a: field(validator), b: field(validator), c: field(validator), o: field(validator), ref: field(validator) },
		{
			requiredKeys: ['a', 'b', 'c', 'o'],
			noNullPrototype: true
		}
	)
	.map((shape) => ({ type: 'object', value: shape }));
const documentType = fc.oneof(
	{ weight: 2, arbitrary: fc.constant({ type: 'any' }) },
	{ weight: 3, arbitrary: document },
	{
		weight: 1,
		arbitrary: fc.array(document, { minLength: 1, maxLength: 2 }).map((value) => ({ type: 'union', value }))
	}
);
const declaration = (tableName: string) =>
	fc.record(
		{
			tableName: fc.constant(tableName),
			indexes: fc.subarray([...INDEXES]),
			documentType
		},
		{ noNullPrototype: true }
	);
const schemaOf = (tables: readonly string[]): fc.Arbitrary<Schema> =>
	fc.record(
		{
			tables: fc.tuple(...tables.map(declaration)),
			schemaValidation: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false))
		},
		{ noNullPrototype: true }
	);
const everyTable = schemaOf(TABLES);
const laterSchema: fc.Arbitrary<Schema> = fc.oneof(
	{ weight: 6, arbitrary: everyTable },
	{ weight: 1, arbitrary: schemaOf([TABLES[0]]) },
	{ weight: 1, arbitrary: fc.constant(null) }
);

const maybe = (of: fc.Arbitrary<Value>): fc.Arbitrary<[] | [Value]> =>
	fc.oneof({ weight: 9, arbitrary: of.map((one): [Value] => [one]) }, { weight: 1, arbitrary: fc.constant<[]>([]) });
const time = fc.nat(14).map((place) => `@${place}`);

/** A range that mostly follows its index. */
const indexed: fc.Arbitrary<Pick<Selection, 'index' | 'range'>> = fc
	.record({
		index: fc.constantFrom(...INDEXES, { indexDescriptor: 'by_creation_time', fields: [] }),
		equals: fc.nat(2),
		values: fc.array(maybe(value), { minLength: 4, maxLength: 4 }),
		times: fc.array(maybe(time), { minLength: 2, maxLength: 2 }),
		lower: fc.constantFrom(null, 'gt' as const, 'gte' as const),
		upper: fc.constantFrom(null, 'lt' as const, 'lte' as const),
		stray: fc.option(
			fc.record<Bound>({
				type: fc.constantFrom('eq', 'gt', 'lte'),
				field: fc.constantFrom(...PATHS),
				value: maybe(value)
			}),
			{
				freq: 12
			}
		)
	})
	.map(({ index, equals, values, times, lower, upper, stray }) => {
		const paths = [...index.fields, '_creationTime'];
		const at = Math.min(equals, paths.length - 1);
		const range: Bound[] = paths.slice(0, at).map((path, i) => ({ type: 'eq', field: path, value: values[i] ?? [] }));
		const next = paths[at] ?? '';
		const literals = next === '_creationTime' ? times : values.slice(2);
		if (lower !== null) range.push({ type: lower, field: next, value: literals[0] ?? [] });
		if (upper !== null) range.push({ type: upper, field: next, value: literals[1] ?? [] });
		if (stray !== null) range.push(stray);
		return { index: index.indexDescriptor, range };
	});

const operand: fc.Arbitrary<Expression> = fc.oneof(
	fc.record({ is: fc.constant('field' as const), path: fc.constantFrom(...PATHS.filter((path) => path !== 'ref')) }),
	fc.record({ is: fc.constant('literal' as const), value: maybe(value) })
);
const boolean: fc.Arbitrary<Expression> = fc.letrec<{ boolean: Expression; number: Expression }>((tie) => ({
	boolean: fc.oneof(
		{ maxDepth: 3, depthIdentifier: 'expression' },
		{
			weight: 6,
			arbitrary: fc.record({
				is: fc.constantFrom('eq', 'neq', 'lt', 'lte', 'gt', 'gte'),
				left: operand,
				right: operand
			})
		},
		{
			weight: 1,
			arbitrary: fc.record({ is: fc.constantFrom('and', 'or'), of: fc.array(tie('boolean'), { maxLength: 3 }) })
		},
		{ weight: 1, arbitrary: fc.record({ is: fc.constant('not' as const), of: tie('boolean') }) },
		{
			weight: 1,
			arbitrary: fc.record({ is: fc.constantFrom('eq', 'lt', 'gte'), left: tie('number'), right: operand })
		},
		{ weight: 1, arbitrary: operand }
	),
	number: fc.oneof(
		{ maxDepth: 2, depthIdentifier: 'expression' },
		{ weight: 2, arbitrary: operand },
		{
			weight: 1,
			arbitrary: fc.record({
				is: fc.constantFrom('add', 'sub', 'mul', 'div', 'mod'),
				left: tie('number'),
				right: tie('number')
			})
		},
		{ weight: 1, arbitrary: fc.record({ is: fc.constant('neg' as const), of: tie('number') }) }
	)
})).boolean;

const selection: fc.Arbitrary<Selection> = fc
	.record({
		table,
		source: fc.oneof(
			{ weight: 2, arbitrary: fc.constant<Pick<Selection, 'index' | 'range'>>({ index: null, range: [] }) },
			{ weight: 6, arbitrary: indexed },
			{
				weight: 1,
				arbitrary: id.map((one) => ({
					index: 'by_id',
					range: [{ type: 'eq' as const, field: '_id', value: [one] as [Value] }]
				}))
			}
		),
		order: fc.constantFrom(null, 'asc' as const, 'desc' as const),
		filters: fc.oneof(
			{ weight: 3, arbitrary: fc.constant<Expression[]>([]) },
			{ weight: 2, arbitrary: fc.array(boolean, { maxLength: 2 }) }
		)
	})
	.map(({ table: from, source, order, filters }) => ({ table: from, ...source, order, filters }));

const reads: fc.Arbitrary<Operation> = fc.oneof(
	{ weight: 2, arbitrary: fc.record({ op: fc.constant('get' as const), id }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('normalizeId' as const), table, id }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('count' as const), table }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('jobState' as const), id }) },
	{ weight: 1, arbitrary: fc.constant<Operation>({ op: 'identity' }) },
	{
		weight: 7,
		arbitrary: fc.record({
			op: fc.constant('query' as const),
			selection,
			end: fc.oneof(fc.constantFrom('collect' as const, 'first' as const, 'unique' as const), fc.nat(4))
		})
	}
);
const oneWrite: fc.Arbitrary<Operation> = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ op: fc.constant('insert' as const), table, fields }) },
	{
		weight: 4,
		arbitrary: fc.record({
			op: fc.constant('patch' as const),
			id,
			fields,
			unset: fc.subarray(['a', 'b', 'o'], { maxLength: 1 })
		})
	},
	{ weight: 2, arbitrary: fc.record({ op: fc.constant('replace' as const), id, fields }) },
	{ weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), id }) },
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('cancel' as const), id }) }
);
const failing: fc.Arbitrary<Operation> = fc.oneof(
	fc.record({ op: fc.constant('throw' as const), data: value }),
	fc.constant<Operation>({ op: 'fail', message: PLANNED })
);
const programs = fc.letrec<{ write: Operation; mutation: Operation[]; nested: Operation }>((tie) => ({
	mutation: fc.array(tie('write'), { maxLength: 6 }),
	nested: fc.oneof(
		{
			weight: 1,
			arbitrary: fc.record({
				op: fc.constant('nested' as const),
				kind: fc.constant('query' as const),
				program: fc.array(reads, { maxLength: 3 })
			})
		},
		{
			weight: 2,
			arbitrary: fc.record({
				op: fc.constant('nested' as const),
				kind: fc.constant('mutation' as const),
				program: tie('mutation')
			})
		}
	),
	write: fc.oneof(
		{ maxDepth: 3, depthIdentifier: 'program' },
		{ weight: 8, arbitrary: oneWrite },
		{ weight: 8, arbitrary: oneWrite.map((operation): Operation => ({ op: 'attempt', operation })) },
		{ weight: 3, arbitrary: reads.map((operation): Operation => ({ op: 'attempt', operation })) },
		{ weight: 1, arbitrary: failing },
		{ weight: 1, arbitrary: tie('nested') },
		{ weight: 2, arbitrary: tie('nested').map((operation): Operation => ({ op: 'attempt', operation })) },
		{
			weight: 1,
			arbitrary: fc
				.array(fc.oneof(oneWrite, tie('nested')), { maxLength: 4 })
				.map((operations): Operation => ({ op: 'parallel', operations }))
		},
		{
			weight: 1,
			arbitrary: fc.record({
				op: fc.constant('schedule' as const),
				soon: fc.constant(false),
				program: fc.constant<Operation[]>([])
			})
		}
	)
}));

/** Of what a mutation schedules, one thing at most runs soon: the order of several is not promised. */
const mutation: fc.Arbitrary<Operation[]> = fc
	.record({ program: programs.mutation, job: fc.option(programs.mutation, { freq: 6 }) })
	.map(({ program, job }) => (job === null ? program : [{ op: 'schedule', soon: true, program: job }, ...program]));
const query = fc.array(
	fc.oneof(
		{ weight: 1, arbitrary: reads },
		{ weight: 2, arbitrary: reads.map((operation): Operation => ({ op: 'attempt', operation })) }
	),
	{ minLength: 1, maxLength: 5 }
);

const steps: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 14, arbitrary: mutation.map((program): Step => ({ do: 'mutation', program })) },
	{ weight: 10, arbitrary: query.map((program): Step => ({ do: 'query', program })) },
	{ weight: 2, arbitrary: query.map((program): Step => ({ do: 'watch', program })) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), selection, numItems: fc.nat(3) }) },
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant('turn' as const),
			book: fc.nat(2),
			numItems: fc.nat({ max: 3 }),
			from: fc.option(fc.nat(3), { freq: 4 }),
			to: fc.option(fc.nat(3), { freq: 2 }),
			again: fc.boolean()
		})
	},
	{
		weight: 1,
		arbitrary: fc.array(programs.nested, { maxLength: 3 }).map((program): Step => ({ do: 'action', program }))
	},
	{ weight: 1, arbitrary: laterSchema.map((schema): Step => ({ do: 'push', schema })) },
	{ weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'restart' }, { do: 'query', program: [] }) }
);

/** Scenarios of so many steps after the first push. */
export function scenarios(length: number): fc.Arbitrary<Scenario> {
	return fc
		.record({ schema: everyTable, rest: fc.array(steps, { minLength: length >> 1, maxLength: length, size: 'max' }) })
		.map(({ schema, rest }) => ({ steps: [{ do: 'push', schema }, ...rest] }));
}
