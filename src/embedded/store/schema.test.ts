import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { indexFaults } from './integrity.ts';
import { parseSchema } from './schema.ts';
import { SqliteStore } from './store.ts';
import type { IndexChange } from './types.ts';
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
		const names = (changes: readonly IndexChange[]) =>
			changes.map(({ table, index }) => `${table}.${index.name}`).sort();
		const plan = store.diffIndexes('', next);
		expect(names(plan.added)).toEqual(['empty.by_x', 'notes.by_b', 'notes.by_d', 'notes.by_s']);
		expect(names(plan.removed)).toEqual(['notes.by_a', 'notes.by_b']);
		applySchema(store, next);
		expect(indexFaults(store)).toEqual([]);
		const after = store.diffIndexes('', next);
		expect([...after.added, ...after.removed, ...after.enabled, ...after.disabled]).toEqual([]);
		expect(names(after.identical)).toEqual(['empty.by_x', 'notes.by_b', 'notes.by_d', 'notes.by_s']);
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

	test('a schema in force refuses writes in words', () => {
		const id = write(store, (tx) => tx.insert('', 'notes', { title: 'a' }));
		applySchema(store, exportedSchema({ notes: { type: objectType({ title: text }) } }));
		expect(() => write(store, (tx) => tx.insert('', 'notes', { title: null }))).toThrow(
			'Failed to insert or update a document in table "notes" because it does not match the schema: Value does not match validator.\nPath: .title'
		);
		expect(() => write(store, (tx) => tx.patch('', id, { title: undefined }))).toThrow(
			'missing the required field `title`'
		);
	});

	test('a schema that is not validated only declares indexes', () => {
		write(store, (tx) => tx.insert('', 'notes', { title: 5 }));
		const type = objectType({ title: text });
		const schema = exportedSchema({ notes: { type, indexes: { by_title: ['title'] } } });
		applySchema(store, { ...schema, schemaValidation: false });
		write(store, (tx) => tx.insert('', 'notes', { title: null }));
		expect(read(store, (tx) => drain(tx.scan('', 'notes', 'by_title', EVERYTHING, 'asc')))).toHaveLength(2);
		expect(() => applySchema(store, schema)).toThrow('does not match the schema');
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
