import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EVERYTHING, encodeKey, keyAfter, prefixRange } from '../values/keys.ts';
import { parseValue } from '../values/value.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { SubscriptionIndex } from './subscriptions.ts';
import { applySchema, drain, exportedSchema, read, write } from './testStore.ts';

let store: SqliteStore;
beforeEach(() => {
	store = SqliteStore.open(':memory:');
});
afterEach(() => {
	store.close();
});

const get = (id: string, component = '') => {
	const found = read(store, (tx) => tx.get(component, id));
	return found === null ? null : parseValue(found.json);
};

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

	test('a transaction that SQLite fails to write leaves nothing behind', () => {
		applySchema(store, exportedSchema({ notes: { indexes: { by_a: ['a'] } } }));
		// The second half of an insert, the index entry, is made to fail.
		store.database.connection.exec(
			"CREATE TEMP TRIGGER fail BEFORE INSERT ON idx BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
		);
		const tx = store.begin('write');
		tx.insert('', 'notes', { a: 1 });
		tx.insert('', 'other', {});
		expect(() => tx.commit()).toThrow('disk trouble');
		expect(() => tx.insert('', 'other', {})).toThrow('the transaction has ended');
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
