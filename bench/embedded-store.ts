/**
 * Speed of the embedded store beside raw node:sqlite writing the same rows with the same pragmas: one document row and
 * three index rows a document. Run it alone with `node bench/embedded-store.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../src/embedded/store/store.ts';
import { applySchema } from '../src/embedded/store/testStore.ts';
import { EVERYTHING } from '../src/embedded/values/keys.ts';
import { item } from './app/convex/item.ts';
import { compare, perSecond } from './measure.ts';
import type { Measure } from './measure.ts';
import { itemsSchema, RawFile, rawRows } from './rawFile.ts';

const PER_TRANSACTION = 500;
const DOCUMENTS = 50_000;
const SINGLES = 5_000;

async function inDirectory(round: (path: string) => Promise<number>): Promise<number> {
	const directory = mkdtempSync(join(tmpdir(), 'store-bench-'));
	try {
		return await round(join(directory, 'data.sqlite'));
	} finally {
		rmSync(directory, { recursive: true });
	}
}

function openStore(path: string): SqliteStore {
	const store = SqliteStore.open(path);
	applySchema(store, itemsSchema);
	return store;
}

async function writeStore(path: string, documents: number, batch: number): Promise<number> {
	const store = openStore(path);
	const speed = await perSecond(documents, () => {
		for (let i = 0; i < documents;) {
			const tx = store.begin('write');
			for (let j = 0; j < batch; j++) tx.insert('', 'items', item(i++));
			tx.commit();
		}
	});
	store.close();
	return speed;
}

async function writeRaw(path: string, documents: number, batch: number): Promise<number> {
	const prepared = rawRows(documents);
	const file = new RawFile(path, 'NORMAL');
	const speed = await perSecond(documents, () => {
		for (let i = 0; i < documents; i += batch) file.commit(prepared.slice(i, i + batch));
	});
	file.close();
	return speed;
}

const READS = 2000;
const YEAR = 365;

function fillYear(path: string): SqliteStore {
	const store = openStore(path);
	const tx = store.begin('write');
	for (let i = 0; i < 10_000; i++) tx.insert('', 'items', item(i));
	tx.commit();
	return store;
}

async function readStore(path: string): Promise<number> {
	const store = fillYear(path);
	const speed = await perSecond(READS * YEAR, () => {
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

async function readRaw(path: string): Promise<number> {
	const store = fillYear(path);
	const statement = store.database.connection.prepare(
		'SELECT docs.json FROM idx JOIN docs ON docs.tbl = 10001 AND docs.id = substr(idx.k, -16) WHERE idx.ix = 1 ORDER BY k LIMIT ?'
	);
	const speed = await perSecond(READS * YEAR, () => {
		for (let i = 0; i < READS; i++) statement.all(YEAR);
	});
	store.close();
	return speed;
}

/** Runs every comparison. `ours` and `floor` are in `unit`; higher is better. */
export async function run(): Promise<Measure[]> {
	const write = (name: string, unit: string, documents: number, batch: number): Promise<Measure> =>
		compare(name, unit, {
			ours: () => inDirectory((path) => writeStore(path, documents, batch)),
			floor: () => inDirectory((path) => writeRaw(path, documents, batch))
		});
	return [
		await write(`store: insert, ${PER_TRANSACTION} documents a transaction`, 'documents/s', DOCUMENTS, PER_TRANSACTION),
		await write('store: insert, one document a transaction', 'transactions/s', SINGLES, 1),
		await compare(`store: read ${YEAR} documents of an index`, 'documents/s', {
			ours: () => inDirectory(readStore),
			floor: () => inDirectory(readRaw)
		})
	];
}

if (import.meta.main) console.table(await run());
