/**
 * Speed of the embedded store beside raw node:sqlite writing the same rows with the same pragmas: one document row and
 * three index rows a document. Run it alone with `node bench/embedded-store.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pragmas } from '../src/embedded/store/database.ts';
import { parseSchema } from '../src/embedded/store/schema.ts';
import { SqliteStore } from '../src/embedded/store/store.ts';
import { applySchema } from '../src/embedded/store/testStore.ts';
import { EVERYTHING } from '../src/embedded/values/keys.ts';

export interface Measure {
	readonly name: string;
	readonly ours: number;
	readonly floor: number;
	/** ours / floor: 1 is as fast as SQLite itself. */
	readonly ratio: number;
	readonly unit: string;
}

const PER_TRANSACTION = 500;
const DOCUMENTS = 50_000;
const SINGLES = 5_000;
const ROUNDS = 5;

const required = (type: string) => ({ fieldType: { type }, optional: false });

/** As `schema.export()` gives it. */
const schema = parseSchema({
	tables: [
		{
			tableName: 'items',
			indexes: [
				{ indexDescriptor: 'by_day', fields: ['day'] },
				{ indexDescriptor: 'by_name_day', fields: ['name', 'day'] },
				{ indexDescriptor: 'by_state', fields: ['state'] }
			],
			documentType: {
				type: 'object',
				value: {
					name: required('string'),
					day: required('number'),
					value: required('number'),
					state: required('string')
				}
			}
		}
	],
	schemaValidation: true
});

function document(i: number) {
	return {
		name: `series ${i % 50}`,
		day: 20_000 + (i % 365),
		value: i * 1.5,
		state: i % 7 === 0 ? 'partial' : 'complete'
	};
}

/** The best of several rounds, each in a file of its own, the two sides taking turns: other load only ever slows a round. */
function compare(name: string, unit: string, rounds: { ours: Round; floor: Round }): Measure {
	const ours: number[] = [];
	const floor: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		ours.push(inDirectory(rounds.ours));
		floor.push(inDirectory(rounds.floor));
	}
	const [a, b] = [Math.max(...ours), Math.max(...floor)];
	return { name, ours: a, floor: b, ratio: a / b, unit };
}

/** Returns operations per second. */
type Round = (path: string) => number;

function inDirectory(round: Round): number {
	const directory = mkdtempSync(join(tmpdir(), 'store-bench-'));
	try {
		return round(join(directory, 'data.sqlite'));
	} finally {
		rmSync(directory, { recursive: true });
	}
}

function perSecond(count: number, action: () => void): number {
	const start = performance.now();
	action();
	return (count * 1000) / (performance.now() - start);
}

function openStore(path: string): SqliteStore {
	const store = SqliteStore.open(path);
	applySchema(store, schema);
	return store;
}

function writeStore(path: string, documents: number, batch: number): number {
	const store = openStore(path);
	const speed = perSecond(documents, () => {
		for (let i = 0; i < documents;) {
			const tx = store.begin('write');
			for (let j = 0; j < batch; j++) tx.insert('', 'items', document(i++));
			tx.commit();
		}
	});
	store.close();
	return speed;
}

/** The rows that the store would write, made beforehand, so that the floor is SQLite alone. */
function rows(count: number): { id: Uint8Array; json: string; keys: Uint8Array[] }[] {
	const store = SqliteStore.open(':memory:');
	applySchema(store, schema);
	const tx = store.begin('write');
	for (let i = 0; i < count; i++) tx.insert('', 'items', document(i));
	const { entries } = tx.commit();
	const json = store.database.rows('SELECT json FROM docs ORDER BY id').map(([text]) => String(text));
	store.close();
	return json.map((text, i) => {
		const [own, ...keys] = entries.slice(i * 4, i * 4 + 4).map((entry) => entry.key);
		return { id: (own ?? new Uint8Array()).slice(1), json: text, keys };
	});
}

function writeRaw(path: string, documents: number, batch: number): number {
	const prepared = rows(documents);
	const database = new DatabaseSync(path);
	database.exec(
		`${pragmas({ synchronous: 'NORMAL' })}
		CREATE TABLE docs (tbl INTEGER NOT NULL, id BLOB NOT NULL, json TEXT NOT NULL, PRIMARY KEY (tbl, id)) STRICT, WITHOUT ROWID;
		CREATE TABLE idx (ix INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (ix, k)) STRICT, WITHOUT ROWID;`
	);
	const begin = database.prepare('BEGIN IMMEDIATE');
	const commit = database.prepare('COMMIT');
	const insertDocument = database.prepare('INSERT INTO docs (tbl, id, json) VALUES (?, ?, ?)');
	const insertEntry = database.prepare('INSERT INTO idx (ix, k) VALUES (?, ?)');
	const speed = perSecond(documents, () => {
		for (let i = 0; i < documents;) {
			begin.run();
			for (let j = 0; j < batch; j++) {
				const row = prepared[i++];
				if (row === undefined) continue;
				insertDocument.run(10001, row.id, row.json);
				row.keys.forEach((key, n) => insertEntry.run(n + 1, key));
			}
			commit.run();
		}
	});
	database.close();
	return speed;
}

const READS = 2000;
const YEAR = 365;

function fillYear(path: string): SqliteStore {
	const store = openStore(path);
	const tx = store.begin('write');
	for (let i = 0; i < 10_000; i++) tx.insert('', 'items', document(i));
	tx.commit();
	return store;
}

function readStore(path: string): number {
	const store = fillYear(path);
	const speed = perSecond(READS * YEAR, () => {
		for (let i = 0; i < READS; i++) {
			const tx = store.begin('read');
			const scan = tx.scan('', 'items', 'by_day', EVERYTHING, 'asc');
			for (let n = 0; n < YEAR; n++) scan.next();
			scan.close();
			tx.commit();
		}
	});
	store.close();
	return speed;
}

function readRaw(path: string): number {
	const store = fillYear(path);
	const statement = store.database.connection.prepare(
		'SELECT docs.json FROM idx JOIN docs ON docs.tbl = 10001 AND docs.id = substr(idx.k, -16) WHERE idx.ix = 1 ORDER BY k LIMIT ?'
	);
	const speed = perSecond(READS * YEAR, () => {
		for (let i = 0; i < READS; i++) statement.all(YEAR);
	});
	store.close();
	return speed;
}

/** Runs every comparison. `ours` and `floor` are in `unit`; higher is better. */
export async function run(): Promise<Measure[]> {
	return [
		compare(`store: insert, ${PER_TRANSACTION} documents a transaction`, 'documents/s', {
			ours: (path) => writeStore(path, DOCUMENTS, PER_TRANSACTION),
			floor: (path) => writeRaw(path, DOCUMENTS, PER_TRANSACTION)
		}),
		compare('store: insert, one document a transaction', 'transactions/s', {
			ours: (path) => writeStore(path, SINGLES, 1),
			floor: (path) => writeRaw(path, SINGLES, 1)
		}),
		compare(`store: read ${YEAR} documents of an index`, 'documents/s', { ours: readStore, floor: readRaw })
	];
}

if (import.meta.main) {
	for (const { name, ours, floor, ratio, unit } of await run()) {
		console.log(`${name}: ${Math.round(ours)} ${unit}, raw SQLite ${Math.round(floor)}, ratio ${ratio.toFixed(2)}`);
	}
}
