/**
 * Long work over the documents of a table, cut into steps: they are read in the order of their ids, a few at a time, until
 * a budget is used up. Every step runs inside a write transaction and leaves in the file how far it came.
 */
import type { Catalog } from './catalog.ts';
import type { IndexEntry, TableEntry } from './tableEntry.ts';
import type { Database } from './database.ts';
import { parseDocument } from './documents.ts';
import type { ParsedDocument } from './documents.ts';
import { indexKeys } from './indexes.ts';
import { storedShape } from './indexShapes.ts';
import type { IndexDefinition } from './types.ts';

/** How much one step may do. At least one chunk is done, whatever the time. */
export interface StepBudget {
	readonly documents: number;
	readonly milliseconds: number;
}

const WITHOUT_END: StepBudget = { documents: Infinity, milliseconds: Infinity };

/** Documents are up to 1 MiB, so not many are held at once. */
const CHUNK = 32;

/** Visits documents after an id, null before the first. Returns the last id visited, or null when the table has no more. */
export function walk(
	database: Database,
	table: TableEntry,
	after: Uint8Array | null,
	{ documents, milliseconds }: StepBudget,
	visit: (internal: Uint8Array, document: ParsedDocument) => 'on' | 'stop'
): Uint8Array | null {
	const deadline = performance.now() + milliseconds;
	let last = after ?? new Uint8Array(0);
	for (let left = documents; left > 0; left -= CHUNK) {
		const size = Math.min(CHUNK, left);
		const rows = database.rows(
			'SELECT id, json FROM docs WHERE tbl = ? AND id > ? ORDER BY id LIMIT ?',
			table.tablet,
			last,
			size
		);
		for (const [id, json] of rows) {
			if (!(id instanceof Uint8Array)) throw new TypeError('an id is no blob');
			last = id;
			if (visit(id, parseDocument(String(json))) === 'stop') return last;
		}
		if (rows.length < size) return null;
		if (performance.now() > deadline) break;
	}
	return last;
}

/** Adds more documents to an index that is being filled, and makes it ready after the last; says whether it is. */
export function fillIndex(database: Database, table: TableEntry, index: IndexEntry, budget: StepBudget): boolean {
	const filledTo = database.row('SELECT filled_to FROM indexes WHERE id = ?', index.id)?.[0];
	const last = walk(database, table, filledTo instanceof Uint8Array ? filledTo : null, budget, (internal, document) => {
		for (const key of indexKeys(index, document.fields, internal, document.creationTime)) {
			// Writes since the filling began may have added it already.
			database.run('INSERT OR IGNORE INTO idx (ix, k) VALUES (?, ?)', index.id, key);
		}
		return 'on';
	});
	if (last === null) database.run("UPDATE indexes SET state = 'ready', filled_to = NULL WHERE id = ?", index.id);
	else database.run('UPDATE indexes SET filled_to = ? WHERE id = ?', last, index.id);
	return last === null;
}

/** Declares an index that is needed at once: it is filled in this transaction and serves queries. */
export function addIndex(
	database: Database,
	catalog: Pick<Catalog, 'loadIndexes'>,
	table: TableEntry,
	definition: IndexDefinition
): void {
	declareIndex(database, table, definition);
	catalog.loadIndexes(table);
	const created = table.indexes.find((index) => index.name === definition.name);
	if (created === undefined) throw new Error(`the index ${definition.name} was not made`);
	fillIndex(database, table, created, WITHOUT_END);
	database.run("UPDATE indexes SET state = 'enabled' WHERE id = ?", created.id);
	catalog.loadIndexes(table);
}

/** Declares an index that is to be filled in steps. */
export function declareIndex(database: Database, table: TableEntry, definition: IndexDefinition): void {
	database.run(
		"INSERT INTO indexes (tbl, name, fields, state, staged) VALUES (?, ?, ?, 'backfilling', ?)",
		table.tablet,
		definition.name,
		storedShape(definition),
		definition.staged ? 1 : 0
	);
}

/** Removes entries of a dropped index, and the index after the last. False when none is being dropped. */
export function dropIndex(database: Database, { documents }: StepBudget): boolean {
	const id = database.row("SELECT id FROM indexes WHERE state = 'dropping' ORDER BY id")?.[0];
	if (id === undefined) return false;
	const { changes } = database
		.prepare('DELETE FROM idx WHERE ix = ?1 AND k IN (SELECT k FROM idx WHERE ix = ?1 ORDER BY k LIMIT ?2)')
		.run(id, documents);
	if (Number(changes) < documents) database.run('DELETE FROM indexes WHERE id = ?', id);
	return true;
}
