import { Catalog } from './catalog.ts';
import { commitTsAfter } from './clock.ts';
import { Database } from './database.ts';
import type { DatabaseOptions } from './database.ts';
import { storeError } from './errors.ts';
import { applySchema, checkDocuments, planSchema } from './migrate.ts';
import { StoreTransaction } from './transaction.ts';
import type { TransactionHost } from './transaction.ts';
import type { SchemaChange, SchemaDefinition, SchemaMismatch, Store, Transaction } from './types.ts';

/**
 * The documents of a deployment in one SQLite file. One connection, and never a write transaction beside another
 * transaction: the engine runs functions one at a time, so a read transaction needs no snapshot of SQLite's own (which
 * would cost two statements a query); that nothing is written meanwhile is checked here.
 */
export class SqliteStore implements Store, TransactionHost {
	readonly catalog: Catalog;
	/** For side tables, which commit with the documents. */
	readonly database: Database;
	readonly #open = new Set<StoreTransaction>();
	#latestTs: bigint;
	#commitTs: bigint | null = null;

	private constructor(database: Database) {
		this.database = database;
		database.run("INSERT OR IGNORE INTO meta (name, value) VALUES ('last_ts', 0)");
		const ts = database.connection.prepare("SELECT value FROM meta WHERE name = 'last_ts'");
		ts.setReadBigInts(true);
		this.#latestTs = BigInt(String(ts.get()?.value ?? 0));
		this.catalog = new Catalog(database);
	}

	/** Opens or creates the file. Throws a StoreError that says what to do; a damaged file is never changed. */
	static open(path: string, options?: DatabaseOptions): SqliteStore {
		const database = new Database(path, options);
		try {
			return new SqliteStore(database);
		} catch (error) {
			database.close();
			throw storeError(path, error);
		}
	}

	get latestTs(): bigint {
		return this.#latestTs;
	}

	/** Throws when another transaction is open that this one would disturb. */
	begin(kind: 'read' | 'write'): StoreTransaction {
		for (const other of this.#open) {
			if (kind === 'write' || other.kind === 'write') {
				throw new Error(`a ${kind} transaction cannot begin while a ${other.kind} transaction is open`);
			}
		}
		if (kind === 'write') this.#guard(() => this.database.prepare('BEGIN IMMEDIATE').run());
		const transaction = new StoreTransaction(this, kind);
		this.#open.add(transaction);
		return transaction;
	}

	commitTs(): bigint {
		return (this.#commitTs ??= commitTsAfter(this.#latestTs));
	}

	end(transaction: StoreTransaction, ts: bigint | null): void {
		this.#open.delete(transaction);
		if (transaction.kind === 'write') this.#commitTs = null;
		if (ts !== null) this.#latestTs = ts;
	}

	planSchema(component: string, schema: SchemaDefinition | null): SchemaChange {
		return planSchema(this.catalog, component, schema);
	}

	checkDocuments(component: string, schema: SchemaDefinition | null): SchemaMismatch | null {
		return checkDocuments(this.database, this.catalog, component, schema);
	}

	applySchema(tx: Transaction, component: string, schema: SchemaDefinition | null): void {
		if (!(tx instanceof StoreTransaction) || !this.#open.has(tx))
			throw new Error('the transaction is not of this store');
		tx.catalogWillChange();
		applySchema(this.database, this.catalog, component, schema);
	}

	tableNames(component: string, system = false): string[] {
		return this.catalog.names(component, system);
	}

	close(): void {
		for (const transaction of [...this.#open]) transaction.rollback();
		this.database.close();
	}

	#guard<T>(action: () => T): T {
		try {
			return action();
		} catch (error) {
			throw storeError(this.database.path, error);
		}
	}
}
