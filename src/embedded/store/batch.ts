import { briefCopy } from './binary.ts';
import type { Database } from './database.ts';
import { commitFailure } from './errors.ts';
import type { Layer } from './layer.ts';
import { eachChange, REMOVED } from './records.ts';
import type { SharedRecords } from './records.ts';
import type { Statement } from './statement.ts';

/** What transactions wrote, in the form in which it goes to the thread that writes the file. */
export interface Batch {
	/** Commit timestamp of the newest transaction. */
	readonly ts: bigint;
	readonly records: SharedRecords;
	readonly statements: readonly Statement[];
}

/** Good for as long as nothing is written to the layer. */
export function batchOf({ records, statements }: Layer, ts: bigint, more: readonly Statement[] = []): Batch {
	return { ts, records: records.shared, statements: [...statements, ...more] };
}

/** Writes a batch in one transaction of SQLite; after a failure nothing of it is in the file. */
export function writeBatch(database: Database, batch: Batch): void {
	database.prepare('BEGIN IMMEDIATE').run();
	try {
		applyBatch(database, batch);
		commitFile(database);
	} catch (error) {
		// SQLite has already rolled back by itself after some failures (a full disk).
		if (database.connection.isTransaction) database.prepare('ROLLBACK').run();
		throw error;
	}
}

/** Commits the transaction of SQLite that is open. Throws a StoreError. */
export function commitFile(database: Database): void {
	try {
		database.prepare('COMMIT').run();
	} catch (error) {
		throw commitFailure(database.path, error);
	}
}

/** As `writeBatch`, inside a transaction of the caller's. */
export function applyBatch(database: Database, batch: Batch): void {
	writeRecords(database, batch.records);
	for (const { sql, parameters } of batch.statements) database.run(sql, ...parameters);
	database.prepare("UPDATE meta SET value = ? WHERE name = 'last_ts'").run(batch.ts);
}

/** The documents and entries alone; doing it again changes nothing. One row a statement: several in one are no faster. */
export function writeRecords(database: Database, records: SharedRecords): void {
	const put = database.prepare('INSERT OR REPLACE INTO docs (tbl, id, json) VALUES (?, ?, CAST(? AS TEXT))');
	const remove = database.prepare('DELETE FROM docs WHERE tbl = ? AND id = ?');
	const addEntry = database.prepare('INSERT OR IGNORE INTO idx (ix, k) VALUES (?, ?)');
	const removeEntry = database.prepare('DELETE FROM idx WHERE ix = ? AND k = ?');
	const { bytes } = records;
	eachChange(records, ({ target, what, start, keyEnd, end }) => {
		const key = briefCopy(bytes, start, keyEnd);
		if (target > 0) (what === REMOVED ? removeEntry : addEntry).run(target, key);
		else if (what === REMOVED) remove.run(-target, key);
		else put.run(-target, key, bytes.subarray(keyEnd, end));
	});
}
