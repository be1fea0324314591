import { CommitTsPlaceholder } from 'convex/values';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeId } from '../values/ids.ts';
import { EVERYTHING } from '../values/keys.ts';
import { parseValue } from '../values/value.ts';
import { SqliteStore } from './store.ts';
import { drain, read, write } from './testStore.ts';

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
			`Field name $c starts with '$'`
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
		expect(id).toHaveLength(32);
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
