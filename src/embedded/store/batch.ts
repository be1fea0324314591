import { briefBytes } from './binary.ts';
import type { Database } from './database.ts';
import { commitFailure } from './errors.ts';
import type { Layer } from './layer.ts';
import type { Statement } from './statement.ts';

/**
 * What transactions wrote, in the form in which it goes to the thread that writes the file: flat lists of plain values,
 * since those are cheap to hand over.
 */
export interface Batch {
	/** Commit timestamp of the newest transaction. */
	readonly ts: bigint;
	readonly documents: { readonly tables: number[]; readonly ids: string[]; readonly texts: (string | null)[] };
	readonly entries: { readonly indexes: number[]; readonly keys: string[]; readonly present: boolean[] };
	readonly statements: Statement[];
}

/** The layers in the order of their transactions. */
export function batchOf(layers: readonly Layer[], ts: bigint, more: readonly Statement[]): Batch {
	const documents: Batch['documents'] = { tables: [], ids: [], texts: [] };
	const entries: Batch['entries'] = { indexes: [], keys: [], present: [] };
	const statements: Statement[] = [];
	for (const layer of layers) {
		for (const [table, writes] of layer.documents) {
			for (const [id, { present, json }] of writes.entries()) {
				documents.tables.push(table);
				documents.ids.push(id);
				documents.texts.push(present ? json : null);
			}
		}
		for (const [index, writes] of layer.entries) {
			for (const [key, { present }] of writes.entries()) {
				entries.indexes.push(index);
				entries.keys.push(key);
				entries.present.push(present);
			}
		}
		statements.push(...layer.statements);
	}
	statements.push(...more);
	return { ts, documents, entries, statements };
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
	writeDocuments(database, batch);
	for (const { sql, parameters } of batch.statements) database.run(sql, ...parameters);
	database.prepare("UPDATE meta SET value = ? WHERE name = 'last_ts'").run(batch.ts);
}

/** The documents and entries alone; doing it again changes nothing. One row a statement: several in one are no faster. */
export function writeDocuments(database: Database, { documents, entries }: Pick<Batch, 'documents' | 'entries'>): void {
	const put = database.prepare('INSERT OR REPLACE INTO docs (tbl, id, json) VALUES (?, ?, ?)');
	const remove = database.prepare('DELETE FROM docs WHERE tbl = ? AND id = ?');
	const { tables, ids, texts } = documents;
	for (let i = 0; i < ids.length; i++) {
		const id = briefBytes(ids[i] ?? '');
		const text = texts[i] ?? null;
		if (text === null) remove.run(tables[i] ?? 0, id);
		else put.run(tables[i] ?? 0, id, text);
	}
	const addEntry = database.prepare('INSERT OR IGNORE INTO idx (ix, k) VALUES (?, ?)');
	const removeEntry = database.prepare('DELETE FROM idx WHERE ix = ? AND k = ?');
	const { indexes, keys, present } = entries;
	for (let i = 0; i < keys.length; i++) {
		(present[i] === true ? addEntry : removeEntry).run(indexes[i] ?? 0, briefBytes(keys[i] ?? ''));
	}
}
