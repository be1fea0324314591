/** Random programs of queries, mutations and actions. */
import fc from 'fast-check';
import { PLANNED } from '../model/failure.ts';
import { COMPONENTS } from '../program.ts';
import type { Component, Operation } from '../program.ts';
import { SEARCH, table } from './schemas.ts';
import { selections } from './selections.ts';
import { WITHOUT_IDS, WITH_IDS, id, maybe } from './values.ts';
import type { Values } from './values.ts';

/** What programs are made of. */
interface Programs {
	readonly reads: fc.Arbitrary<Operation>;
	/** A call of a query. */
	readonly ask: fc.Arbitrary<Operation>;
	readonly mutation: fc.Arbitrary<Operation[]>;
	readonly nested: fc.Arbitrary<Operation>;
}

const component = fc.constantFrom(...COMPONENTS);

function call(
	kind: 'query' | 'mutation',
	into: fc.Arbitrary<Component | null>,
	program: fc.Arbitrary<Operation[]>
): fc.Arbitrary<Operation> {
	return fc.record({ op: fc.constant('nested' as const), kind: fc.constant(kind), into, program });
}

/** `inside`: what a call into a component runs; null where there is none to call. */
function programsOf(values: Values, inside: Programs | null): Programs {
	const { leaf, value, fields } = values;
	const reads: fc.Arbitrary<Operation> = fc.oneof(
		{ weight: 2, arbitrary: fc.record({ op: fc.constant('get' as const), id }) },
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('normalizeId' as const), table, id }) },
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('count' as const), table }) },
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('jobState' as const), id }) },
		{ weight: 1, arbitrary: fc.constant<Operation>({ op: 'identity' }) },
		{
			weight: 3,
			arbitrary: fc.record({
				op: fc.constant('search' as const),
				table,
				words: fc.constantFrom('a', 'b', 'ab', 'A B', 'é', 'é a', 'z ab', 'c', ''),
				filters: fc.array(fc.record({ field: fc.constantFrom(...SEARCH.filterFields, 'b'), value: maybe(leaf) }), {
					maxLength: 1
				})
			})
		},
		{
			weight: 7,
			arbitrary: fc.record({
				op: fc.constant('query' as const),
				selection: selections(values),
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
	const ask = fc.oneof(
		call('query', fc.constant(null), fc.array(reads, { maxLength: 3 })),
		...(inside === null ? [] : [call('query', component, fc.array(inside.reads, { maxLength: 3 }))])
	);
	const { mutation, nested } = fc.letrec<{ write: Operation; mutation: Operation[]; nested: Operation }>((tie) => ({
		mutation: fc.array(tie('write'), { maxLength: 6 }),
		nested: fc.oneof(
			{ weight: 1, arbitrary: ask },
			{ weight: 2, arbitrary: call('mutation', fc.constant(null), tie('mutation')) },
			...(inside === null ? [] : [{ weight: 2, arbitrary: call('mutation', component, inside.mutation) }])
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
	return { reads, ask, mutation, nested };
}

const inside = programsOf(WITH_IDS, null);
const { reads, ask, mutation: writes, nested } = programsOf(WITH_IDS, inside);
/** The model does not learn the ids that a scheduled function gives, so it cannot order them. */
const { mutation: job } = programsOf(WITHOUT_IDS, programsOf(WITHOUT_IDS, null));

/** Of what a mutation schedules, one thing at most runs soon: the order of several is not promised. */
export const mutation: fc.Arbitrary<Operation[]> = fc
	.record({ program: writes, later: fc.option(job, { freq: 6 }) })
	.map(({ program, later }) =>
		later === null ? program : [{ op: 'schedule', soon: true, program: later }, ...program]
	);
export const query = fc.array(
	fc.oneof(
		{ weight: 2, arbitrary: reads },
		{ weight: 4, arbitrary: reads.map((operation): Operation => ({ op: 'attempt', operation })) },
		{ weight: 1, arbitrary: ask.map((operation): Operation => ({ op: 'attempt', operation })) }
	),
	{ minLength: 1, maxLength: 5 }
);
/** Each in a transaction of its own. */
export const action = fc.array(nested, { maxLength: 3 });
