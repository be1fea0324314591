import { Catalog } from './catalog.ts';
import { commitTsAfter } from './clock.ts';
import { Database } from './database.ts';
import type { DatabaseOptions } from './database.ts';
import { storeError } from './errors.ts';
import { diffIndexes } from './indexDiff.ts';
import { SchemaChanges } from './schemaChanges.ts';
import { tablesToCheck } from './schemaSteps.ts';
import { StoreTransaction } from './transaction.ts';
import type { TransactionHost } from './transaction.ts';
import type { IndexDiff, SchemaDefinition, SchemaMisfit, Schemas, Store } from './types.ts';

/**
 * The documents of a deployment in one SQLite file. One connection, and never a write transaction beside another
 * transaction: the engine runs functions one at a time, so a read transaction needs no snapshot of SQLite's own (which
 * would cost two statements a query); that nothing is written meanwhile is checked here.
 */
export class SqliteStore implements Store, TransactionHost {
	readonly catalog: Catalog;
	/** For side tables, which commit with the documents. */
	readonly database: Database;
	readonly #changes: SchemaChanges;
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
		this.#changes = new SchemaChanges(database, this.catalog);
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

	/** Changes of the schema, to ask; `changingSchema` to write. */
	get schemaChanges(): Pick<SchemaChanges, 'status' | 'openId'> {
		return this.#changes;
	}

	/** Changes of the schema, to write inside a transaction of this store. */
	changingSchema(tx: StoreTransaction): SchemaChanges {
		if (!this.#open.has(tx)) throw new Error('the transaction is not of this store');
		tx.catalogWillChange();
		return this.#changes;
	}

	diffIndexes(component: string, schema: SchemaDefinition | null): IndexDiff {
		return diffIndexes(this.catalog, component, schema);
	}

	/** Tables whose documents a change to these schemas would read. */
	tablesToCheck(schemas: Schemas): readonly { readonly component: string; readonly name: string }[] {
		return tablesToCheck(this.catalog, schemas);
	}

	/** How many documents a table has, and about how long their texts are together. */
	tableSize(component: string, table: string): { readonly documents: number; readonly bytes: number } {
		const { tablet } = this.catalog.table(component, table);
		const documents = Number(this.database.row('SELECT count(*) FROM docs WHERE tbl = ?', tablet)?.[0]);
		const sample = 'SELECT length(json) AS size FROM docs WHERE tbl = ? LIMIT 256';
		const average = Number(this.database.row(`SELECT coalesce(avg(size), 0) FROM (${sample})`, tablet)?.[0]);
		return { documents, bytes: Math.round(documents * average) };
	}

	refuseSchemaChange(misfit: SchemaMisfit): void {
		this.#changes.fail(misfit);
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
