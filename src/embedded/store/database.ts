import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { LAYOUT, LAYOUT_VERSION, STEPS } from './layout.ts';
import { statementError, storeError } from './errors.ts';
import { checkPages, layoutOf } from './fileChecks.ts';
import { holdFile } from './heldFile.ts';
import type { HeldFile } from './heldFile.ts';
import { pragmas } from './databaseOptions.ts';
import type { DatabaseOptions } from './databaseOptions.ts';
import { settleLog } from './settledLog.ts';

/** SQLite's name for a database without a file. */
const MEMORY = ':memory:';

/** How long to wait for an engine that is being replaced to let go of the file. */
const HANDOVER_MS = 1000;

/** One connection to a SQLite file that this process owns, with a cache of prepared statements. */
export class Database {
	readonly path: string;
	readonly connection: DatabaseSync;
	readonly #statements = new Map<string, StatementSync>();
	readonly #lock: HeldFile | null;

	private constructor(path: string, connection: DatabaseSync, lock: HeldFile | null) {
		this.path = path;
		this.connection = connection;
		this.#lock = lock;
	}

	/**
	 * Opens or creates the file and checks it. Throws a StoreError when it is damaged, of a newer layout, in use by
	 * another process, or cannot be read; the file is then left as it is.
	 */
	static open(path: string, options: DatabaseOptions = { synchronous: 'NORMAL' }): Database {
		let lock: HeldFile | null = null;
		let connection: DatabaseSync | null = null;
		try {
			if (path !== MEMORY) lock = holdFile(`${path}.lock`, HANDOVER_MS);
			connection = new DatabaseSync(path, { timeout: HANDOVER_MS });
			prepareFile(connection, path, options);
			return new Database(path, connection, lock);
		} catch (error) {
			connection?.close();
			lock?.release();
			throw storeError(path, error);
		}
	}

	/** One more connection to a file that this process has opened already. */
	static beside(path: string, options: DatabaseOptions): Database {
		const connection = new DatabaseSync(path, { timeout: HANDOVER_MS });
		connection.exec(pragmas(options));
		return new Database(path, connection, null);
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
		try {
			const rows: unknown[] = this.prepare(sql).all(...parameters);
			return rows.filter(isRow);
		} catch (error) {
			throw statementError(this.path, error);
		}
	}

	/** The first row of a query, or null. */
	row(sql: string, ...parameters: SQLInputValue[]): SQLOutputValue[] | null {
		try {
			const row: unknown = this.prepare(sql).get(...parameters);
			return isRow(row) ? row : null;
		} catch (error) {
			throw statementError(this.path, error);
		}
	}

	run(sql: string, ...parameters: SQLInputValue[]): void {
		try {
			this.prepare(sql).run(...parameters);
		} catch (error) {
			throw statementError(this.path, error);
		}
	}

	close(): void {
		this.#statements.clear();
		this.connection.close();
		this.#lock?.release();
	}
}

function isRow(row: unknown): row is SQLOutputValue[] {
	return Array.isArray(row);
}

function base64OfHex(hex: SQLOutputValue): string {
	return Buffer.from(String(hex), 'hex').toString('base64');
}

function prepareFile(connection: DatabaseSync, path: string, options: DatabaseOptions): void {
	// Before anything is written: even the mode of its journal would be a change of somebody else's file.
	const version = layoutOf(connection, path);
	connection.exec(pragmas(options));
	if (version === 0) {
		connection.exec(`BEGIN IMMEDIATE; ${LAYOUT} PRAGMA user_version = ${LAYOUT_VERSION}; COMMIT`);
		return;
	}
	settleLog(connection, path, options);
	if (options.checked !== true) checkPages(connection, path);
	if (version < LAYOUT_VERSION) connection.function('base64_of_hex', { deterministic: true }, base64OfHex);
	for (let from = version; from < LAYOUT_VERSION; from++) {
		connection.exec(`BEGIN IMMEDIATE; ${STEPS[from - 1] ?? ''} PRAGMA user_version = ${from + 1}; COMMIT`);
	}
}
