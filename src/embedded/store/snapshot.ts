import { closeSync, openSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { StoreError, storeError } from './errors.ts';
import { checkPages, layoutOf } from './fileChecks.ts';

/** A stored file as the snapshot knows it. */
export interface NamedFile {
	/** Of its bytes, in the folder of files. */
	readonly name: string;
	readonly size: number;
	/** Hexadecimal. */
	readonly sha256: string;
}

/** How many pages a copy takes at a time. */
const STEP = 500;

/**
 * A data file as of one commit, whoever writes it meanwhile. What that commit names is not removed from the folder of
 * files, nor is the write-ahead log begun anew, until this is closed.
 */
export class Snapshot {
	/** Bytes of the whole file. */
	readonly size: number;
	readonly #connection: DatabaseSync;

	private constructor(connection: DatabaseSync) {
		this.#connection = connection;
		const pages = Number(connection.prepare('PRAGMA page_count').get()?.page_count);
		this.size = pages * Number(connection.prepare('PRAGMA page_size').get()?.page_size);
	}

	/** Throws a StoreError when there is no such file, or it is none of ours. */
	static open(path: string): Snapshot {
		let connection: DatabaseSync | null = null;
		try {
			connection = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
			connection.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
			if (layoutOf(connection, path) === 0) {
				throw new StoreError('corrupt', `The database ${path} is empty: it holds no deployment.`);
			}
			return new Snapshot(connection);
		} catch (error) {
			connection?.close();
			throw storeError(path, error);
		}
	}

	/** Every stored file that has a row, once. */
	files(): NamedFile[] {
		const rows = this.#connection.prepare('SELECT path, size, sha256 FROM files').all();
		// Layout 1 had whole paths.
		const files = rows.map(({ path, size, sha256 }) => ({
			name: String(path).slice(-36),
			size: Number(size),
			sha256: String(sha256)
		}));
		return [...new Map(files.map((file) => [file.name, file])).values()];
	}

	/**
	 * Copies the file to a new path, for its owner only; no lock keeps anybody waiting. `progress` hears which part of it is
	 * done, from 0 to 1. The copy need not be on the disk yet.
	 */
	async copyTo(path: string, progress: (part: number) => void = () => undefined): Promise<void> {
		closeSync(openSync(path, 'ax', 0o600));
		try {
			await backup(this.#connection, path, {
				rate: STEP,
				progress: ({ totalPages, remainingPages }) => progress(1 - remainingPages / totalPages)
			});
			progress(1);
		} catch (error) {
			throw storeError(path, error);
		}
	}

	close(): void {
		this.#connection.close();
	}
}

/** Makes a copy a file that stands alone, without a log, and checks it. Throws a StoreError. */
export function sealCopy(path: string): void {
	const connection = new DatabaseSync(path);
	try {
		connection.exec('PRAGMA journal_mode = DELETE');
		checkPages(connection, path);
	} catch (error) {
		throw storeError(path, error);
	} finally {
		connection.close();
	}
}
