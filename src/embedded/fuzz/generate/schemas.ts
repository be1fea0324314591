/** Random schemas over a few tables, indexes and fields. */
import fc from 'fast-check';
import type { Value } from 'convex/values';
import type { Schema } from '../program.ts';
import { dictionary } from './values.ts';

const TABLES = ['red', 'green'] as const;
/** Written to without ever being declared. */
const UNDECLARED = 'wild';

export const table = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...TABLES) }, fc.constant(UNDECLARED));
export const INDEXES: readonly { readonly indexDescriptor: string; readonly fields: string[] }[] = [
	{ indexDescriptor: 'by_a', fields: ['a'] },
	{ indexDescriptor: 'by_b_a', fields: ['b', 'a'] },
	{ indexDescriptor: 'by_inner', fields: ['o.x', 'a'] },
	{ indexDescriptor: 'by_deep', fields: ['o.y.z'] },
	{ indexDescriptor: 'by_ref', fields: ['ref', 'a'] },
	{ indexDescriptor: 'by_three', fields: ['c', 'b', 'o'] }
];
/** The one index of words that a table may have. */
export const SEARCH = { indexDescriptor: 'words', searchField: 'c', filterFields: ['a', 'o.x'] };

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
			searchIndexes: fc.oneof(
				{ weight: 4, arbitrary: fc.constant<(typeof SEARCH)[]>([SEARCH]) },
				fc.constant<(typeof SEARCH)[]>([])
			),
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
export const everyTable = schemaOf(TABLES);
export const laterSchema: fc.Arbitrary<Schema> = fc.oneof(
	{ weight: 6, arbitrary: everyTable },
	{ weight: 1, arbitrary: schemaOf([TABLES[0]]) },
	{ weight: 1, arbitrary: fc.constant(null) }
);
