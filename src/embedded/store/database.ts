import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { LAYOUT, LAYOUT_VERSION, STEPS } from './layout.ts';
import { StoreError, storeError } from './errors.ts';

export interface DatabaseOptions {
	/** NORMAL survives the death of the process, FULL also the loss of power. */
	readonly synchronous: 'NORMAL' | 'FULL';
}

/** How long to wait for an engine that is being replaced to let go of the file. */
const HANDOVER_MS = 1000;

/** One SQLite file, opened for this process alone, with a cache of prepared statements. */
export class Database {
	readonly path: string;
	readonly connection: DatabaseSync;
	readonly #statements = new Map<string, StatementSync>();

	/**
	 * Opens or creates the file and checks it. Throws a StoreError when it is damaged, of a newer layout, in use by
	 * another process, or cannot be read; the file is then left as it is.
	 */
	constructor(path: string, options: DatabaseOptions = { synchronous: 'NORMAL' }) {
		this.path = path;
		let connection: DatabaseSync | null = null;
		try {
			connection = new DatabaseSync(path, { timeout: HANDOVER_MS });
			prepareFile(connection, path, options);
		} catch (error) {
			connection?.close();
			throw storeError(path, error);
		}
		this.connection = connection;
	}

	/** The statement for this SQL, prepared once. Rows are arrays; integers are numbers. */
	prepare(sql: string): StatementSync {
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			statement = this.connection.prepare(sql);
			statement.setReturnArrays(true);
			this.#statements.set(sql, statement);
		}
		return statement;
	}

	/** Every row of a query, as arrays of columns. */
	rows(sql: string, ...parameters: SQLInputValue[]): SQLOutputValue[][] {
		const rows: unknown[] = this.prepare(sql).all(...parameters);
		return rows.filter(isRow);
	}

	/** The first row of a query, or null. */
	row(sql: string, ...parameters: SQLInputValue[]): SQLOutputValue[] | null {
		const row: unknown = this.prepare(sql).get(...parameters);
		return isRow(row) ? row : null;
	}

	run(sql: string, ...parameters: SQLInputValue[]): void {
		this.prepare(sql).run(...parameters);
	}

	close(): void {
		this.#statements.clear();
		this.connection.close();
	}
}

function isRow(row: unknown): row is SQLOutputValue[] {
	return Array.isArray(row);
}

/**
 * How the file is used. Exclusive: one engine owns it, which also spares every read the shared-memory locks. The
 * write-ahead log may grow to 32 MB before it is copied back, since an index page is often written by many commits.
 */
export function pragmas(options: DatabaseOptions): string {
	return `PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;
		PRAGMA synchronous = ${options.synchronous}; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
		PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;`;
}

function base64OfHex(hex: SQLOutputValue): string {
	return Buffer.from(String(hex), 'hex').toString('base64');
}

function prepareFile(connection: DatabaseSync, path: string, options: DatabaseOptions): void {
	connection.exec(pragmas(options));
	// Takes the lock now rather than with the first write.
	connection.exec('BEGIN IMMEDIATE; COMMIT');
	const version = Number(connection.prepare('PRAGMA user_version').get()?.user_version ?? 0);
	if (version > LAYOUT_VERSION) {
		throw new StoreError(
			'newerLayout',
			`The database ${path} was written by a newer version (layout ${version}, this one knows ${LAYOUT_VERSION}). Update Plumbline, or use another data directory.`
		);
	}
	if (version === 0) {
		const foreign = connection.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n;
		if (foreign !== 0)
			throw new StoreError(
				'corrupt',
				`The database ${path} holds tables that Plumbline did not make. It was left as it is: choose another path.`
			);
		connection.exec(`BEGIN IMMEDIATE; ${LAYOUT} PRAGMA user_version = ${LAYOUT_VERSION}; COMMIT`);
		return;
	}
	const check = connection.prepare('PRAGMA quick_check(1)').get()?.quick_check;
	if (check !== 'ok') {
		throw new StoreError(
			'corrupt',
			`The database ${path} is damaged (${String(check)}). It was left as it is: restore a backup, or move it away to start afresh.`
		);
	}
	if (version < LAYOUT_VERSION) connection.function('base64_of_hex', { deterministic: true }, base64OfHex);
	for (let from = version; from < LAYOUT_VERSION; from++) {
		connection.exec(`BEGIN IMMEDIATE; ${STEPS[from - 1] ?? ''} PRAGMA user_version = ${from + 1}; COMMIT`);
	}
}
