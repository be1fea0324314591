/** A disk that is full or fails, below the store: SQLite's own limit of pages fills it, whatever the machine has. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test, vi } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { Database } from './database.ts';
import { commitFailure, StoreError } from './errors.ts';
import { HeldCommitter } from './heldCommitter.testing.ts';
import { indexFaults } from './integrity.ts';
import { Snapshot } from './snapshot.ts';
import { SqliteStore } from './store.ts';
import { ThreadCommitter } from './threadCommitter.ts';
import { applySchema, drain, exportedSchema, read, withFile, write } from './testStore.ts';

const SCHEMA = exportedSchema({ notes: { indexes: { by_n: ['n'] } } });

/** No more pages than there are, or as many as one likes. */
function fill(store: SqliteStore, full: boolean): void {
	store.database.connection.exec(`PRAGMA max_page_count = ${full ? 1 : 1_000_000}`);
}

function add(store: SqliteStore, from: number, count: number): void {
	write(store, (tx) => {
		for (let n = from; n < from + count; n++) tx.insert('', 'notes', { n, text: 'x'.repeat(2_000) });
	});
}

const numbers = (store: SqliteStore): number[] =>
	read(store, (tx) => drain(tx.scan('', 'notes', 'by_n', EVERYTHING, 'asc'))).map(({ json }) =>
		Number(JSON.parse(json).n)
	);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const FULL = /^The disk that holds .* is full\. Nothing of this change was saved\.$/;

describe('a full disk', () => {
	test('refuses a commit in words, keeps nothing of it and all before it, and takes commits again', () => {
		withFile((path) => {
			const store = SqliteStore.open(path);
			applySchema(store, SCHEMA);
			add(store, 0, 10);
			fill(store, true);
			const { latestTs } = store;
			expect(() => add(store, 10, 10)).toThrow(FULL);
			expect(() =>
				write(
					store,
					(tx) =>
						void tx.exclusive().run("INSERT INTO environment (name, value) VALUES ('A', printf('%.*c', 99999, 'x'))")
				)
			).toThrow(/^The disk that holds .* is full\./);
			expect([store.latestTs, numbers(store), indexFaults(store)]).toEqual([latestTs, upTo(10), []]);
			fill(store, false);
			add(store, 10, 10);
			store.close();
			const again = SqliteStore.open(path);
			expect([numbers(again), indexFaults(again)]).toEqual([upTo(20), []]);
			again.close();
		});
	});

	test('loses what is on its way into the file, and takes commits again', () => {
		withFile((path) => {
			const database = Database.open(path);
			const store = SqliteStore.openWith(database, new HeldCommitter(database));
			applySchema(store, SCHEMA);
			add(store, 0, 10);
			store.drain();
			fill(store, true);
			add(store, 10, 10);
			expect(store.pipeline.drain()?.message).toMatch(FULL);
			expect(numbers(store)).toEqual(upTo(10));
			fill(store, false);
			add(store, 10, 10);
			store.drain();
			expect([numbers(store), indexFaults(store)]).toEqual([upTo(20), []]);
			store.close();
		});
	});
});

describe('a commit that failed', () => {
	const failure = (errcode: number) => Object.assign(new Error('disk I/O error'), { errcode });

	test('is not in the file after a write that failed or a full disk', () => {
		for (const code of [266, 522, 778, 13, 5]) expect(commitFailure('f', failure(code)).kind).not.toBe('uncertain');
	});

	test('may be in the file after a sync or anything else that failed behind the last write', () => {
		// SQLITE_IOERR_FSYNC, _DIR_FSYNC, _TRUNCATE, _SHMSIZE, _SHMMAP.
		for (const code of [1034, 1290, 1546, 4874, 5386]) expect(commitFailure('f', failure(code)).kind).toBe('uncertain');
	});

	test('writing -> uncertain: nothing is answered, and the store is not to be used any more', () => {
		const database = Database.open(':memory:');
		const committer = new HeldCommitter(database);
		const store = SqliteStore.openWith(database, committer);
		const uncertain = vi.fn();
		store.onUncertain = uncertain;
		add(store, 0, 1);
		store.pipeline.whenDurable(() => expect.fail('nobody knows'));
		store.pipeline.flush();
		committer.fail(commitFailure('the file', failure(1034)));
		store.pipeline.settle();
		expect(uncertain).toHaveBeenCalledOnce();
		expect(() => store.begin('read')).toThrow('Whether it was saved shows when the file is opened anew');
		store.close();
	});

	test('may be in the file when the thread that writes has ended', () => {
		const database = Database.open(':memory:');
		const thread = new ThreadCommitter('/no/such/folder/data.sqlite', { synchronous: 'FULL' });
		const store = SqliteStore.openWith(database, thread);
		const uncertain = vi.fn();
		store.onUncertain = uncertain;
		add(store, 0, 1);
		expect(store.pipeline.drain()?.kind).toBe('uncertain');
		expect(uncertain).toHaveBeenCalledOnce();
		store.close();
	});

	test('is settled when the file is opened anew: all of the log is written into the data file', () => {
		withFile((path) => {
			const store = SqliteStore.open(path);
			applySchema(store, SCHEMA);
			add(store, 0, 100);
			// As another process finds it after this one has ended.
			const reader = Snapshot.open(path);
			store.close();
			expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
			const open = (): Database => Database.open(path, { synchronous: 'FULL', mistrust: true });
			expect(open).toThrow(expect.toSatisfy((error: unknown) => error instanceof StoreError && error.kind === 'inUse'));
			reader.close();
			open().close();
			const bare = new DatabaseSync(path, { readOnly: true });
			expect(bare.prepare('SELECT count(*) AS n FROM docs').get()?.n).toBe(100);
			bare.close();
		});
	});
});
