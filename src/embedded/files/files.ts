import type { StoredFile } from '../engine/types.ts';
import type { SqliteStore } from '../store/store.ts';
import type { StoreTransaction } from '../store/transaction.ts';
import type { NewFile } from './disk.ts';

const TABLE = '_storage';
const COLUMNS = 'id, uuid, sha256, size, content_type, path';

/** Rows of stored files, each with its document in `_storage`, whose id is the storage id. */
export class Files {
	readonly #store: SqliteStore;

	constructor(store: SqliteStore) {
		this.#store = store;
	}

	/** Records bytes that are on disk. Returns the storage id. */
	insert(tx: StoreTransaction, component: string, file: NewFile, now: number): string {
		const id = tx.systemInsert(component, TABLE, storageFields(file));
		this.addRow(tx, component, { ...file, storageId: id }, now);
		return id;
	}

	/** The row alone, of a file whose document is there. */
	addRow(tx: StoreTransaction, component: string, file: StoredFile, now: number): void {
		const { storageId, uuid, sha256, size, contentType, name } = file;
		const row = [storageId, uuid, sha256, size, contentType, name];
		tx.execute(
			{
				sql: `INSERT INTO files (${COLUMNS}, component, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				parameters: [...row, component, Math.floor(now)]
			},
			[nameOf('id', component, storageId), row],
			[nameOf('uuid', component, uuid), row]
		);
	}

	/** The file of a component, or null. A transaction that asks is invalidated when the file comes or goes. */
	get(component: string, storageId: string, tx?: StoreTransaction): StoredFile | null {
		if (tx !== undefined && tx.normalizeId(component, TABLE, storageId) !== null) tx.get(component, storageId);
		return this.#find('id', component, storageId, tx);
	}

	/** The file whose URL ends with this. */
	byUuid(component: string, uuid: string): StoredFile | null {
		return this.#find('uuid', component, uuid);
	}

	/** Removes the row and returns the name of the bytes, which go once the transaction has committed. */
	remove(tx: StoreTransaction, component: string, storageId: string): string | null {
		const file = this.get(component, storageId, tx);
		if (file === null) return null;
		tx.execute(
			{ sql: 'DELETE FROM files WHERE component = ? AND id = ?', parameters: [component, storageId] },
			[nameOf('id', component, storageId), null],
			[nameOf('uuid', component, file.uuid), null]
		);
		tx.systemRemove(component, storageId);
		return file.name;
	}

	/** Removes the rows of a component, whose documents go otherwise. Returns the names of the bytes. */
	removeRows(tx: StoreTransaction, component: string): string[] {
		const database = tx.exclusive();
		const names = database.rows('SELECT path FROM files WHERE component = ?', component);
		database.run('DELETE FROM files WHERE component = ?', component);
		return names.map(([name]) => String(name));
	}

	/** Names of the bytes of every file. */
	names(): Set<string> {
		this.#store.drain();
		return new Set(this.#store.database.rows('SELECT path FROM files').map(([name]) => String(name)));
	}

	#find(column: 'id' | 'uuid', component: string, value: string, tx?: StoreTransaction): StoredFile | null {
		const sql = `SELECT ${COLUMNS} FROM files WHERE ${column} = ? AND component = ?`;
		const row = (tx ?? this.#store).lookUp(nameOf(column, component, value), { sql, parameters: [value, component] });
		if (row === null) return null;
		const [id, uuid, sha256, size, contentType, name] = row;
		return {
			storageId: String(id),
			uuid: String(uuid),
			sha256: String(sha256),
			size: Number(size),
			contentType: contentType === null || contentType === undefined ? null : String(contentType),
			name: String(name)
		};
	}
}

/** What the document of a file says. */
export function storageFields({ sha256, size, contentType }: NewFile) {
	const base64 = Buffer.from(sha256, 'hex').toString('base64');
	return { sha256: base64, size, ...(contentType === null ? {} : { contentType }) };
}

function nameOf(column: 'id' | 'uuid', component: string, value: string): string {
	return `file ${column} ${value} ${component}`;
}
