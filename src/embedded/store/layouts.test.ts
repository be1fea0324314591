/** Files of every layout there was become files of the newest, with all that is in them. */
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { indexFaults } from './integrity.ts';
import { LAYOUT_VERSION } from './layout.ts';
import { frozenLayout } from './layouts.testing.ts';
import { Snapshot } from './snapshot.ts';
import { SqliteStore } from './store.ts';
import { applySchema, exportedSchema, withFile, write } from './testStore.ts';

const VERSIONS = Array.from({ length: LAYOUT_VERSION }, (_, n) => n + 1);
const EARLIER = VERSIONS.slice(0, -1);
const UUID = '01234567-89ab-4def-8123-456789abcdef';

/** Tablets that are the tables' numbers, as layout 1 had them, and rows that every layout can hold. */
const ROWS = `
	UPDATE docs SET tbl = (SELECT number FROM tables WHERE num = tbl);
	UPDATE indexes SET tbl = (SELECT number FROM tables WHERE num = tbl);
	UPDATE tables SET num = number;
	INSERT INTO session_requests VALUES ('session', 1, 2, '{}', 3);
	INSERT INTO jobs (id, component, path, args, due, state, kind) VALUES ('job', '', 'a:b', '[{}]', 1.5, 'pending', 'mutation');
	INSERT INTO crons (component, name, spec, last_run, next_run) VALUES ('', 'cron', '{}', NULL, 2.5);
	INSERT INTO modules (definition, path, environment, source, hash) VALUES ('', 'a.js', 'node', 'source', 'hash');
	INSERT INTO environment (name, value) VALUES ('NAME', 'value');
	INSERT INTO files (id, component, sha256, size, path, created, uuid) VALUES ('id', '', 'ab', 1, '${UUID}', 1, '${UUID}');`;

type Row = Record<string, SQLInputValue>;

function tablesOf(database: DatabaseSync): string[] {
	return database
		.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
		.all()
		.map(({ name }) => String(name));
}

function rowsOf(database: DatabaseSync, table: string): Row[] {
	const rows = database.prepare(`SELECT * FROM ${table}`);
	rows.setReadBigInts(true);
	return rows.all();
}

function columnsOf(database: DatabaseSync, table: string): string[] {
	return database
		.prepare(`PRAGMA table_info(${table})`)
		.all()
		.map(({ name }) => String(name));
}

/** Tables with their columns, and indexes with theirs. */
function structureOf(database: DatabaseSync): unknown {
	return tablesOf(database).map((table) => ({
		table,
		columns: database.prepare(`PRAGMA table_xinfo(${table})`).all(),
		indexes: database
			.prepare(`SELECT name, "unique", origin, partial FROM pragma_index_list('${table}') ORDER BY name`)
			.all()
			.map((index) => ({ ...index, columns: database.prepare(`PRAGMA index_xinfo('${String(index.name)}')`).all() }))
	}));
}

function opened<T>(path: string, use: (database: DatabaseSync) => T): T {
	const database = new DatabaseSync(path);
	try {
		return use(database);
	} finally {
		database.close();
	}
}

/** A file of the newest layout with documents, indexes and everything else. */
function fill(path: string): void {
	const store = SqliteStore.open(path);
	applySchema(store, exportedSchema({ notes: { indexes: { by_a: ['a'], by_b_a: ['b', 'a'] } }, others: {} }));
	write(store, (tx) => {
		for (let n = 0; n < 50; n++) tx.insert('', 'notes', { a: n % 7, b: `text ${n}` });
		tx.insert('', 'others', { nested: { list: [1, 'two', null] } });
	});
	store.close();
	opened(path, (database) => database.exec(ROWS));
}

/** Writes the same rows into a file of an earlier layout. */
function writeAs(version: number, from: string, to: string): void {
	opened(from, (source) =>
		opened(to, (target) => {
			target.exec(frozenLayout(version));
			for (const table of tablesOf(target)) {
				const known = new Set(columnsOf(source, table));
				const columns = columnsOf(target, table).filter((column) => known.has(column));
				const insert = target.prepare(
					`INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`
				);
				for (const row of rowsOf(source, table)) insert.run(...columns.map((column) => row[column] ?? null));
			}
		})
	);
}

describe('a file of an earlier layout', () => {
	test.each(EARLIER)('%i is brought to the newest with all that is in it', (version) => {
		withFile((newest) => {
			fill(newest);
			const old = `${newest}.old`;
			writeAs(version, newest, old);
			const snapshot = Snapshot.open(old);
			expect(snapshot.files()).toEqual([{ name: UUID, size: 1, sha256: 'ab' }]);
			snapshot.close();
			SqliteStore.open(old).close();
			opened(old, (migrated) =>
				opened(newest, (made) => {
					expect(structureOf(migrated)).toEqual(structureOf(made));
					for (const table of tablesOf(made)) {
						expect([table, rowsOf(migrated, table)]).toEqual([table, rowsOf(made, table)]);
					}
					expect(migrated.prepare('PRAGMA user_version').get()).toEqual({ user_version: LAYOUT_VERSION });
				})
			);
			const store = SqliteStore.open(old);
			write(store, (tx) => tx.insert('', 'notes', { a: 1, b: 'later' }));
			expect(indexFaults(store)).toEqual([]);
			store.close();
		});
	});

	test('has its tables kept for these tests; what changes the newest makes another', () => {
		withFile((path) => {
			SqliteStore.open(path).close();
			opened(`${path}.frozen`, (frozen) => {
				frozen.exec(frozenLayout(LAYOUT_VERSION));
				opened(path, (made) => expect(structureOf(made)).toEqual(structureOf(frozen)));
			});
		});
	});
});
