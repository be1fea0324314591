import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeId } from '../values/ids.ts';
import { EVERYTHING, encodeKey, keyAfter, prefixRange } from '../values/keys.ts';
import { parseValue } from '../values/value.ts';
import { StoreError } from './errors.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { SubscriptionIndex } from './subscriptions.ts';
import { applySchema, drain, exportedSchema, objectType, read, withFile, write } from './testStore.ts';
import { CommitTsPlaceholder } from 'convex/values';

let store: SqliteStore;
beforeEach(() => {
	store = SqliteStore.open(':memory:');
});
afterEach(() => {
	vi.useRealTimers();
	store.close();
});

const get = (id: string, component = '') => {
	const found = read(store, (tx) => tx.get(component, id));
	return found === null ? null : parseValue(found.json);
};

describe('documents', () => {
	test('insert, patch, replace and remove', () => {
		const id = write(store, (tx) => tx.insert('', 'notes', { text: 'a', n: 1n, gone: undefined }));
		expect(get(id)).toEqual({ _id: id, _creationTime: expect.any(Number), text: 'a', n: 1n });
		write(store, (tx) => tx.patch('', id, { text: undefined, m: -0 }));
		expect(get(id)).toEqual({ _id: id, _creationTime: expect.any(Number), n: 1n, m: -0 });
		write(store, (tx) => tx.replace('', id, { _id: id, only: new ArrayBuffer(2) }));
		expect(get(id)).toEqual({ _id: id, _creationTime: expect.any(Number), only: new ArrayBuffer(2) });
		const removed = write(store, (tx) => tx.remove('', id));
		expect(removed.id).toBe(id);
		expect(get(id)).toBeNull();
	});

	test('the text has user fields first, then _creationTime and _id', () => {
		const id = write(store, (tx) => tx.insert('', 'notes', { z: 1, a: { _b: [] } }));
		const text = read(store, (tx) => tx.get('', id))?.json;
		expect(text).toMatch(/^\{"z":1,"a":\{"_b":\[\]\},"_creationTime":[0-9.]+,"_id":"[0-9a-z]{32}"\}$/);
		const empty = write(store, (tx) => tx.insert('', 'notes', {}));
		expect(Object.keys(JSON.parse(read(store, (tx) => tx.get('', empty))?.json ?? ''))).toEqual([
			'_creationTime',
			'_id'
		]);
	});

	test('creation times are unique and rise, also when the clock stands still or goes back', () => {
		vi.useFakeTimers({ now: 1_700_000_000_000 });
		write(store, (tx) => {
			for (let i = 0; i < 5; i++) tx.insert('', 'notes', { i });
			vi.setSystemTime(1_600_000_000_000);
			for (let i = 5; i < 10; i++) tx.insert('', 'notes', { i });
		});
		const documents = read(store, (tx) => drain(tx.scan('', 'notes', 'by_creation_time', EVERYTHING, 'asc')));
		const parsed = documents.map((document) => JSON.parse(document.json));
		expect(parsed.map(({ i }) => i)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
		for (let i = 1; i < 10; i++) expect(parsed[i]._creationTime).toBeGreaterThan(parsed[i - 1]._creationTime);
		expect(parsed[0]._creationTime).toBe(1_700_000_000_000);
	});

	test('a commit timestamp placeholder becomes the timestamp of the commit', () => {
		const tx = store.begin('write');
		const id = tx.insert('', 'notes', { at: new CommitTsPlaceholder(), list: [new CommitTsPlaceholder()] });
		const { ts } = tx.commit();
		expect(get(id)).toMatchObject({ at: ts, list: [ts] });
	});

	test.each([
		[
			'a system table',
			() => write(store, (tx) => tx.insert('', '_storage', {})),
			`Invalid table name _storage starts with metadata prefix '_'`
		],
		['a bad table name', () => write(store, (tx) => tx.insert('', 'no-table', {})), 'Invalid table name "no-table"'],
		['a table name of underscores', () => read(store, (tx) => tx.count('', '__')), 'Invalid table name "__"'],
		['_id on insert', () => write(store, (tx) => tx.insert('', 'a', { _id: 'x' })), `system field '_id'`],
		[
			'_creationTime on insert',
			() => write(store, (tx) => tx.insert('', 'a', { _creationTime: 1 })),
			`system field '_creationTime'`
		],
		[
			'another system field',
			() => write(store, (tx) => tx.insert('', 'a', { _x: 1 })),
			`Field '_x' starts with an underscore`
		],
		[
			'a $ field deep inside',
			() => write(store, (tx) => tx.insert('', 'a', { b: [{ $c: 1 }] })),
			`Field name $c starts with a '$'`
		],
		['a field outside ASCII', () => write(store, (tx) => tx.insert('', 'a', { é: 1 })), 'invalid character'],
		['a bigint over 64 bits', () => write(store, (tx) => tx.insert('', 'a', { n: 2n ** 63n })), '64-bit'],
		[
			'a document over 1 MiB',
			() => write(store, (tx) => tx.insert('', 'a', { s: 'x'.repeat(1 << 20) })),
			'maximum size 1 MiB'
		],
		['a malformed id', () => read(store, (tx) => tx.get('', 'nonsense')), 'Unable to decode ID: Invalid ID length 8'],
		[
			'a patch of nothing',
			() => write(store, (tx) => tx.patch('', encodeId(10_001, new Uint8Array(16)), {})),
			'not found'
		]
	])('refuses %s', (_, action, words) => {
		expect(action).toThrow(words);
		expect(store.tableNames('', true)).toEqual([]);
	});

	test('refuses to change a document that is gone, or its system fields', () => {
		const id = write(store, (tx) => tx.insert('', 'notes', { a: 1 }));
		const other = write(store, (tx) => tx.insert('', 'notes', {}));
		write(store, (tx) => tx.remove('', other));
		expect(() => write(store, (tx) => tx.patch('', other, {}))).toThrow(`Update on nonexistent document ID ${other}`);
		expect(() => write(store, (tx) => tx.replace('', other, {}))).toThrow(
			`Replace on nonexistent document ID ${other}`
		);
		expect(() => write(store, (tx) => tx.remove('', other))).toThrow(`Delete on nonexistent document ID ${other}`);
		expect(() => write(store, (tx) => tx.patch('', id, { _id: other }))).toThrow(
			`doesn't match '_id' field "${other}"`
		);
		expect(() => write(store, (tx) => tx.replace('', id, { _creationTime: 1 }))).toThrow(
			`doesn't match '_creationTime'`
		);
		expect(get(id)).toMatchObject({ a: 1 });
	});

	test('system tables are for the engine to write and for functions to read', () => {
		const id = write(store, (tx) => tx.systemInsert('', '_scheduled_functions', { name: 'f' }));
		expect(id).toHaveLength(31);
		expect(get(id)).toMatchObject({ name: 'f' });
		expect(() => write(store, (tx) => tx.patch('', id, { name: 'g' }))).toThrow('system table');
		write(store, (tx) => tx.systemPatch('', id, { name: 'g' }));
		expect(get(id)).toMatchObject({ name: 'g' });
		expect(store.tableNames('')).toEqual([]);
		expect(store.tableNames('', true)).toEqual(['_scheduled_functions']);
	});

	test('components do not see each other', () => {
		const id = write(store, (tx) => tx.insert('counter', 'notes', { a: 1 }));
		expect(get(id)).toBeNull();
		expect(get(id, 'counter')).toMatchObject({ a: 1 });
		expect(() => write(store, (tx) => tx.remove('', id))).toThrow(`Table for ID "${id}" not found`);
		expect(
			read(store, (tx) => [
				tx.normalizeId('', 'notes', id),
				tx.normalizeId('counter', 'notes', id),
				tx.normalizeId('counter', 'other', id)
			])
		).toEqual([null, id, null]);
		expect([store.tableNames(''), store.tableNames('counter')]).toEqual([[], ['notes']]);
	});
});

describe('transactions', () => {
	test('savepoints roll back documents, indexes, tables and writes, also nested', () => {
		applySchema(store, exportedSchema({ notes: { indexes: { by_a: ['a'] } } }));
		const tx = store.begin('write');
		const kept = tx.insert('', 'notes', { a: 1 });
		const outer = tx.savepoint();
		tx.patch('', kept, { a: 2 });
		const inner = tx.savepoint();
		tx.insert('', 'fresh', {});
		inner.release();
		const lost = tx.insert('', 'notes', { a: 3 });
		outer.rollback();
		expect(tx.get('', lost)).toBeNull();
		const after = tx.insert('', 'notes', { a: 4 });
		const writes = tx.commit();
		expect([...writes.ids].sort()).toEqual([kept, after].sort());
		expect(store.tableNames('')).toEqual(['notes']);
		expect(get(kept)).toMatchObject({ a: 1 });
		expect(indexFaults(store)).toEqual([]);
	});

	test('a rollback leaves nothing, and the next commit is later', () => {
		const before = store.latestTs;
		const tx = store.begin('write');
		tx.insert('', 'notes', {});
		tx.rollback();
		expect(store.latestTs).toBe(before);
		expect(store.tableNames('')).toEqual([]);
		write(store, (next) => next.insert('', 'notes', {}));
		expect(store.latestTs).toBeGreaterThan(before);
		expect(read(store, (next) => next.count('', 'notes'))).toBe(1);
	});

	test('a transaction in which SQLite failed cannot be committed, whatever the function does about it', () => {
		applySchema(store, exportedSchema({ notes: { indexes: { by_a: ['a'] } } }));
		// The second half of an insert, the index entry, is made to fail.
		store.database.connection.exec(
			"CREATE TEMP TRIGGER fail BEFORE INSERT ON idx BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
		);
		const tx = store.begin('write');
		expect(() => tx.insert('', 'notes', { a: 1 })).toThrow('disk trouble');
		expect(() => tx.insert('', 'other', {})).toThrow('can only be rolled back');
		expect(() => tx.commit()).toThrow('can only be rolled back');
		tx.rollback();
		store.database.connection.exec('DROP TRIGGER fail');
		expect(read(store, (next) => next.count('', 'notes'))).toBe(0);
		expect(store.tableNames('')).toEqual(['notes']);
		write(store, (next) => next.insert('', 'notes', { a: 1 }));
		expect(indexFaults(store)).toEqual([]);
	});

	test('a write transaction stands alone', () => {
		const reading = store.begin('read');
		expect(() => store.begin('write')).toThrow('while a read transaction is open');
		store.begin('read').commit();
		reading.commit();
		const writing = store.begin('write');
		expect(() => store.begin('read')).toThrow('while a write transaction is open');
		expect(() => reading.get('', 'x')).toThrow('has ended');
		writing.commit();
	});

	test('an open scan sees the writes of its own transaction after where it stands', () => {
		const tx = store.begin('write');
		const ids = [1, 2, 3].map((n) => tx.insert('', 'notes', { n }));
		const scan = tx.scan('', 'notes', 'by_creation_time', EVERYTHING, 'asc');
		expect(scan.next()?.document.id).toBe(ids[0]);
		tx.remove('', ids[1] ?? '');
		tx.patch('', ids[2] ?? '', { n: 30 });
		const added = tx.insert('', 'notes', { n: 4 });
		expect(scan.next()?.document.json).toContain('"n":30');
		expect(scan.next()?.document.id).toBe(added);
		expect(scan.next()).toBeNull();
		tx.commit();
	});

	test('the read set holds what was consumed and no more', () => {
		applySchema(store, exportedSchema({ notes: { indexes: { by_n: ['n'] } } }));
		write(store, (tx) => {
			for (let n = 0; n < 100; n++) tx.insert('', 'notes', { n });
		});
		const subscriptions = new SubscriptionIndex();
		read(store, (tx) => {
			drain(tx.scan('', 'notes', 'by_n', EVERYTHING, 'asc'), 1);
			subscriptions.add('first', tx.reads);
		});
		read(store, (tx) => {
			drain(tx.scan('', 'notes', 'by_n', EVERYTHING, 'desc'), 1);
			subscriptions.add('last', tx.reads);
		});
		read(store, (tx) => {
			drain(tx.scan('', 'notes', 'by_n', prefixRange([50]), 'asc'));
			subscriptions.add('fifty', tx.reads);
		});
		const invalidatedBy = (n: number) => {
			const tx = store.begin('write');
			tx.insert('', 'notes', { n });
			return subscriptions.invalidatedBy(tx.commit()).sort();
		};
		expect(invalidatedBy(10)).toEqual([]);
		expect(invalidatedBy(50)).toEqual(['fifty']);
		expect(invalidatedBy(-1)).toEqual(['first']);
		expect(invalidatedBy(1000)).toEqual(['last']);
	});

	test('a reader of a table that is made later is told', () => {
		const subscriptions = new SubscriptionIndex();
		read(store, (tx) => {
			expect(drain(tx.scan('', 'later', 'by_creation_time', EVERYTHING, 'asc'))).toEqual([]);
			subscriptions.add('reader', tx.reads);
		});
		expect(store.tableNames('')).toEqual([]);
		const tx = store.begin('write');
		tx.insert('', 'later', {});
		expect(subscriptions.invalidatedBy(tx.commit())).toEqual(['reader']);
	});

	test('by_id ranges, and continuing after a key', () => {
		const ids = write(store, (tx) => Array.from({ length: 40 }, (_, n) => tx.insert('', 'notes', { n })));
		const scanIds = (range: { lower: Uint8Array; upper: Uint8Array | null }, order: 'asc' | 'desc' = 'asc') =>
			read(store, (tx) => drain(tx.scan('', 'notes', 'by_id', range, order)).map(({ id }) => id));
		expect(scanIds(EVERYTHING)).toEqual(ids.toSorted());
		expect(scanIds(prefixRange([]), 'desc')).toEqual(ids.toSorted().reverse());
		for (const id of ids.slice(0, 5)) {
			expect(scanIds(prefixRange([id]))).toEqual([id]);
			expect(scanIds({ lower: keyAfter(encodeKey([id])), upper: null })).toEqual(
				ids.filter((other) => other > id).sort()
			);
		}
		expect(scanIds({ lower: encodeKey(['']), upper: encodeKey(['zzz']) })).toEqual(ids.toSorted());
		expect(scanIds({ lower: encodeKey(['zzz']), upper: null })).toEqual([]);
		expect(scanIds({ lower: encodeKey([false]), upper: encodeKey([true]) })).toEqual([]);
		expect(scanIds(prefixRange([7]))).toEqual([]);
	});
});

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
			'adds `_creationTime`'
		],
		[{ tables: [{ tableName: 'x', indexes: [], searchIndexes: [{}], documentType: null }] }, 'search index'],
		[{ tables: [{ tableName: 'x', indexes: [], documentType: { type: 'string' } }] }, 'must be an object'],
		[{}, 'The tables must be a list']
	])('refuses %j', async (schema, words) => {
		const { parseSchema } = await import('./schema.ts');
		expect(() => parseSchema(schema)).toThrow(words);
	});
});

describe('the file', () => {
	test('everything is there after closing and opening, and timestamps rise over a clock that goes back', () => {
		withFile((path) => {
			vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] });
			let file = SqliteStore.open(path);
			applySchema(
				file,
				exportedSchema({ notes: { indexes: { by_a: ['a'] }, type: objectType({ a: { type: 'number' } }) } })
			);
			const id = write(file, (tx) => tx.insert('', 'notes', { a: 1 }));
			const { latestTs } = file;
			const creation = JSON.parse(read(file, (tx) => tx.get('', id))?.json ?? '')._creationTime;
			file.close();
			vi.setSystemTime(1_500_000_000_000);
			file = SqliteStore.open(path, { synchronous: 'FULL' });
			expect(file.latestTs).toBe(latestTs);
			const later = write(file, (tx) => tx.insert('', 'notes', { a: 2 }));
			expect(file.latestTs).toBe(latestTs + 1n);
			expect(JSON.parse(read(file, (tx) => tx.get('', later))?.json ?? '')._creationTime).toBeGreaterThan(creation);
			expect(() => write(file, (tx) => tx.insert('', 'notes', { a: 'x' }))).toThrow('does not match the schema');
			expect(
				read(file, (tx) => drain(tx.scan('', 'notes', 'by_a', EVERYTHING, 'desc'))).map((found) => found.id)
			).toEqual([later, id]);
			file.close();
		});
	});

	const kindOf = (action: () => unknown) => {
		try {
			action();
		} catch (error) {
			if (error instanceof StoreError) return { kind: error.kind, message: error.message };
			throw error;
		}
		return null;
	};

	test('a damaged file is refused by path and left as it is', () => {
		withFile((path) => {
			writeFileSync(path, 'no database at all, but long enough to be looked at '.repeat(100));
			const before = readFileSync(path);
			expect(kindOf(() => SqliteStore.open(path))).toEqual({ kind: 'corrupt', message: expect.stringContaining(path) });
			expect(readFileSync(path).equals(before)).toBe(true);
		});
	});

	test('a page overwritten in the middle is found on start', () => {
		withFile((path) => {
			const file = SqliteStore.open(path);
			write(file, (tx) => {
				for (let n = 0; n < 2000; n++) tx.insert('', 'notes', { text: `text ${n}`.repeat(20) });
			});
			file.close();
			const bytes = readFileSync(path);
			bytes.fill(0x5a, 8192 * 20, 8192 * 40);
			writeFileSync(path, bytes);
			expect(kindOf(() => SqliteStore.open(path))?.kind).toBe('corrupt');
			expect(readFileSync(path).equals(bytes)).toBe(true);
		});
	});

	test('a newer layout, a foreign database, a second opener and a missing directory are refused in words', () => {
		withFile((path) => {
			const foreign = new DatabaseSync(path);
			foreign.exec('CREATE TABLE theirs (x); PRAGMA user_version = 0');
			foreign.close();
			expect(kindOf(() => SqliteStore.open(path))).toEqual({
				kind: 'corrupt',
				message: expect.stringContaining('did not make')
			});
		});
		withFile((path) => {
			SqliteStore.open(path).close();
			const newer = new DatabaseSync(path);
			newer.exec('PRAGMA user_version = 99');
			newer.close();
			expect(kindOf(() => SqliteStore.open(path))).toEqual({
				kind: 'newerLayout',
				message: expect.stringContaining('layout 99')
			});
		});
		withFile((path) => {
			const first = SqliteStore.open(path);
			expect(kindOf(() => SqliteStore.open(path))).toEqual({ kind: 'inUse', message: expect.stringContaining(path) });
			first.close();
			SqliteStore.open(path).close();
			expect(kindOf(() => SqliteStore.open(`${path}/none/data.sqlite`))?.kind).toBe('unreadable');
		});
	});
});
