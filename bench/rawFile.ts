/** The floor of the benches that write: node:sqlite with the tables, rows and pragmas of the embedded store, and nothing else. */
import { DatabaseSync } from 'node:sqlite';
import { callMethod } from '../src/embedded/engine/modules.ts';
import { pragmas } from '../src/embedded/store/databaseOptions.ts';
import { parseSchema } from '../src/embedded/store/schema.ts';
import { SqliteStore } from '../src/embedded/store/store.ts';
import { applySchema } from '../src/embedded/store/testStore.ts';
import { item } from './app/convex/item.ts';
import schema from './app/convex/schema.ts';

export const itemsSchema = parseSchema(JSON.parse(String(callMethod(schema, 'export'))));

/** A document's row and the keys of its index rows, one for each index. */
export interface RawRow {
	readonly id: Uint8Array;
	readonly json: string;
	readonly keys: readonly Uint8Array[];
}

export class RawFile {
	readonly #database: DatabaseSync;
	readonly #begin;
	readonly #commit;
	readonly #document;
	readonly #entry;

	constructor(path: string, synchronous: 'NORMAL' | 'FULL') {
		this.#database = new DatabaseSync(path);
		this.#database.exec(
			`${pragmas({ synchronous })}
			CREATE TABLE docs (tbl INTEGER NOT NULL, id BLOB NOT NULL, json TEXT NOT NULL, PRIMARY KEY (tbl, id)) STRICT, WITHOUT ROWID;
			CREATE TABLE idx (ix INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (ix, k)) STRICT, WITHOUT ROWID;`
		);
		this.#begin = this.#database.prepare('BEGIN IMMEDIATE');
		this.#commit = this.#database.prepare('COMMIT');
		this.#document = this.#database.prepare('INSERT INTO docs (tbl, id, json) VALUES (10001, ?, ?)');
		this.#entry = this.#database.prepare('INSERT INTO idx (ix, k) VALUES (?, ?)');
	}

	/** One transaction. */
	commit(rows: readonly RawRow[]): void {
		this.#begin.run();
		for (const { id, json, keys } of rows) {
			this.#document.run(id, json);
			keys.forEach((key, n) => this.#entry.run(n + 1, key));
		}
		this.#commit.run();
	}

	close(): void {
		this.#database.close();
	}
}

/** The rows that the store would write for the first items of the benches' app. */
export function rawRows(count: number): RawRow[] {
	const store = SqliteStore.open(':memory:');
	applySchema(store, itemsSchema);
	const tx = store.begin('write');
	for (let i = 0; i < count; i++) tx.insert('', 'items', item(i));
	const entries = Array.from(tx.commit().entries, ({ key }) => new Uint8Array(key));
	const json = store.database.rows('SELECT json FROM docs ORDER BY id').map(([text]) => String(text));
	store.close();
	return json.map((text, i) => {
		const [own, ...keys] = entries.slice(i * 4, i * 4 + 4);
		return { id: (own ?? new Uint8Array()).slice(1), json: text, keys };
	});
}
