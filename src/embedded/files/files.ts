import type { StoredFile } from '../engine/types.ts';
import type { Database } from '../store/database.ts';
import type { StoreTransaction } from '../store/transaction.ts';

const TABLE = '_storage';

/** Rows of stored files, each with its document in `_storage`, whose id is the storage id. */
export class Files {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	/** Records bytes that are on disk. Returns the storage id. */
	insert(tx: StoreTransaction, component: string, file: Omit<StoredFile, 'storageId'>, now: number): string {
		const { sha256, size, contentType, path } = file;
		const id = tx.systemInsert(component, TABLE, { sha256, size, ...(contentType === null ? {} : { contentType }) });
		this.#database.run(
			'INSERT INTO files (id, component, sha256, size, content_type, path, created) VALUES (?, ?, ?, ?, ?, ?, ?)',
			id,
			component,
			sha256,
			size,
			contentType,
			path,
			Math.floor(now)
		);
		return id;
	}

	/** The file, or null. A transaction that asks is invalidated when the file is removed. */
	get(storageId: string, tx?: StoreTransaction): StoredFile | null {
		const row = this.#database.row(
			'SELECT id, component, sha256, size, content_type, path FROM files WHERE id = ?',
			storageId
		);
		if (tx !== undefined && tx.normalizeId(row === null ? '' : String(row[1]), TABLE, storageId) !== null)
			tx.get('', storageId);
		if (row === null) return null;
		const [id, , sha256, size, contentType, path] = row;
		return {
			storageId: String(id),
			sha256: String(sha256),
			size: Number(size),
			contentType: contentType === null || contentType === undefined ? null : String(contentType),
			path: String(path)
		};
	}

	/** Removes the row and returns the path of the bytes, which go once the transaction has committed. */
	remove(tx: StoreTransaction, component: string, storageId: string): string | null {
		const file = this.get(storageId);
		if (file === null) return null;
		this.#database.run('DELETE FROM files WHERE id = ?', storageId);
		tx.systemRemove(component, storageId);
		return file.path;
	}

	paths(): Set<string> {
		return new Set(this.#database.rows('SELECT path FROM files').map(([path]) => String(path)));
	}
}
