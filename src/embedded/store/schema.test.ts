import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { indexFaults } from './integrity.ts';
import { parseSchema } from './schema.ts';
import { SqliteStore } from './store.ts';
import { applySchema, drain, exportedSchema, objectType, read, write } from './testStore.ts';

let store: SqliteStore;
beforeEach(() => {
	store = SqliteStore.open(':memory:');
});
afterEach(() => {
	store.close();
});

function withIndexes(kinds: Record<string, unknown[]>): unknown {
	return { tables: [{ tableName: 'x', indexes: [], documentType: null, ...kinds }] };
}

describe('schema changes', () => {
	const text = { type: 'string' };

	test('a new index is filled, an old one goes, and plan and effect agree', () => {
		applySchema(store, exportedSchema({ notes: { indexes: { by_a: ['a'], by_b: ['b'] } } }));
		write(store, (tx) => {
			for (let n = 0; n < 3000; n++) tx.insert('', 'notes', { a: n % 7, b: n, c: { d: -n } });
		});
		const next = exportedSchema({
			notes: { indexes: { by_b: ['b', 'a'], by_d: ['c.d'] }, staged: { by_s: ['a'] } },
			empty: { indexes: { by_x: ['x'] } }
		});
		const plan = store.planSchema('', next);
		expect(plan.added.map(({ table, index }) => `${table}.${index.name}`).sort()).toEqual([
			'empty.by_x',
			'notes.by_b',
			'notes.by_d',
			'notes.by_s'
		]);
		expect(plan.removed.map(({ index }) => index.name).sort()).toEqual(['by_a', 'by_b']);
		applySchema(store, next);
		expect(indexFaults(store)).toEqual([]);
		expect(store.planSchema('', next)).toEqual({ added: [], removed: [] });
		const first = read(store, (tx) => drain(tx.scan('', 'notes', 'by_d', EVERYTHING, 'asc'), 1))[0];
		expect(first?.json).toContain('"b":2999');
		expect(() => read(store, (tx) => tx.scan('', 'notes', 'by_a', EVERYTHING, 'asc'))).toThrow(
			'Index notes.by_a not found.'
		);
		expect(() => read(store, (tx) => tx.scan('', 'notes', 'by_s', EVERYTHING, 'asc'))).toThrow(
			'notes.by_s is currently staged'
		);
		expect(read(store, (tx) => tx.indexFields('', 'notes', 'by_b'))).toEqual(['b', 'a', '_creationTime']);
		applySchema(store, null);
		expect(store.database.row('SELECT count(*) FROM idx')).toEqual([0]);
		expect(read(store, (tx) => tx.count('', 'notes'))).toBe(3000);
	});

	test('documents that do not fit are named by table, id and path before anything changes', () => {
		write(store, (tx) => tx.insert('', 'notes', { title: 'a' }));
		const bad = write(store, (tx) => tx.insert('', 'notes', { title: 5 }));
		const schema = exportedSchema({ notes: { type: objectType({ title: text }) } });
		const mismatch = store.checkDocuments('', schema);
		expect(mismatch).toMatchObject({ table: 'notes', id: bad });
		expect(mismatch?.message).toBe('Value does not match validator.\nPath: .title\nValue: 5.0\nValidator: v.string()');
		write(store, (tx) => tx.patch('', bad, { title: 'b' }));
		expect(store.checkDocuments('', schema)).toBeNull();
		applySchema(store, schema);
		expect(() => write(store, (tx) => tx.insert('', 'notes', { title: null }))).toThrow(
			'Failed to insert or update a document in table "notes" because it does not match the schema: Value does not match validator.\nPath: .title'
		);
		expect(() => write(store, (tx) => tx.patch('', bad, { title: undefined }))).toThrow(
			'missing the required field `title`'
		);
	});

	test('a schema that is rolled back is not in force', () => {
		const tx = store.begin('write');
		store.applySchema(tx, '', exportedSchema({ notes: { indexes: { by_a: ['a'] }, type: objectType({ a: text }) } }));
		tx.rollback();
		write(store, (next) => next.insert('', 'notes', { a: 1 }));
		expect(() => read(store, (next) => next.scan('', 'notes', 'by_a', EVERYTHING, 'asc'))).toThrow('not found');
	});

	test.each([
		[{ tables: [{ tableName: '_x', indexes: [], documentType: null }] }, 'cannot begin with an underscore'],
		[
			{ tables: [{ tableName: 'x', indexes: [{ indexDescriptor: 'by_id', fields: ['a'] }], documentType: null }] },
			'reserved'
		],
		[
			{
				tables: [{ tableName: 'x', indexes: [{ indexDescriptor: 'i', fields: ['_creationTime'] }], documentType: null }]
			},
			'`_creationTime` is automatically added to the end of each index'
		],
		[withIndexes({ searchIndexes: [{}] }), 'The index name must be text'],
		[
			withIndexes({ indexes: [{ indexDescriptor: '_i', fields: ['a'] }] }),
			'In table "x" cannot name an index "_i" because the name is reserved.'
		],
		[
			withIndexes({ vectorIndexes: [{ indexDescriptor: 'i', vectorField: 'a', dimensions: 1, filterFields: [] }] }),
			'Dimensions 1 must be between 2 and 4096.'
		],
		[
			withIndexes({
				stagedSearchIndexes: [
					{ indexDescriptor: 'i', searchField: 'a', filterFields: Array.from({ length: 17 }, (_, n) => `f${n}`) }
				]
			}),
			'Search indexes may have up to 16 filter fields.'
		],
		[
			withIndexes({
				searchIndexes: [{ indexDescriptor: 'i', searchField: 'a', filterFields: ['c', 'b'] }],
				stagedSearchIndexes: [{ indexDescriptor: 'j', searchField: 'a', filterFields: ['b', 'c'] }]
			}),
			'have the same `searchField`'
		],
		[
			withIndexes({
				indexes: [{ indexDescriptor: 'i', fields: ['a'] }],
				searchIndexes: [{ indexDescriptor: 'i', searchField: 'a', filterFields: [] }]
			}),
			'Table "x" has two or more definitions of index "i".'
		],
		[
			withIndexes({
				indexes: Array.from({ length: 60 }, (_, n) => ({ indexDescriptor: `i${n}`, fields: [`f${n}`] })),
				searchIndexes: Array.from({ length: 5 }, (_, n) => ({
					indexDescriptor: `s${n}`,
					searchField: `f${n}`,
					filterFields: []
				}))
			}),
			'Table "x" cannot have more than 64 indexes.'
		],
		[{ tables: [{ tableName: 'x', indexes: [], documentType: { type: 'string' } }] }, 'must be an object'],
		[{}, 'The tables must be a list']
	])('refuses %j', (schema, words) => {
		expect(() => parseSchema(schema)).toThrow(words);
	});
});
