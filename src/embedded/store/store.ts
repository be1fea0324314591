import { applyBatch, batchOf, commitFile } from './batch.ts';
import { Catalog } from './catalog.ts';
import type { TableEntry } from './tableEntry.ts';
import { commitTsAfter } from './clock.ts';
import { Database } from './database.ts';
import type { DatabaseOptions } from './databaseOptions.ts';
import { StoreError, storeError, storeFailure } from './errors.ts';
import { diffIndexes } from './indexDiff.ts';
import { InlineCommitter } from './inlineCommitter.ts';
import { writtenRow } from './layer.ts';
import type { Layer, Row } from './layer.ts';
import { Records } from './records.ts';
import type { Statement } from './statement.ts';
import { Pipeline } from './pipeline.ts';
import type { Committer } from './pipeline.ts';
import { SchemaChanges } from './schemaChanges.ts';
import { tablesToCheck } from './schemaSteps.ts';
import { ThreadCommitter } from './threadCommitter.ts';
import { StoreTransaction } from './transaction.ts';
import type { TransactionHost } from './transactionHost.ts';
import type { IndexDiff, SchemaDefinition, SchemaMisfit, Schemas, Store, Transaction } from './types.ts';

/**
 * The documents of a deployment in one SQLite file. Functions run one at a time, so a transaction needs no snapshot of
 * SQLite's own: it reads the file, over it what was committed and is not in the file yet, and over that its own writes.
 * That nothing is written beside a transaction is checked here.
 */
export class SqliteStore implements Store, TransactionHost {
	readonly catalog: Catalog;
	readonly database: Database;
	readonly #changes: SchemaChanges;
	/** Commits on their way into the file. */
	readonly pipeline: Pipeline;
	readonly #committer: Committer;
	/** Memory for what a transaction writes, one after the other. */
	readonly records = new Records();
	/** Whether each commit waits until it is durable. */
	readonly #waits: boolean;
	readonly #open = new Set<Transaction>();
	#latestTs: bigint;
	#durableTs: bigint;
	/** The highest timestamp that was ever given; those of lost commits are not given again. */
	#givenTs: bigint;
	#commitTs: bigint | null = null;
	/** Why this store must not be used any more. */
	#uncertain: StoreError | null = null;
	/** Called when nobody can tell any more what the file holds. It has to be opened anew, best in a new process. */
	onUncertain: () => void = () => undefined;

	private constructor(database: Database, committer: Committer, waits: boolean) {
		this.database = database;
		this.#committer = committer;
		this.#waits = waits;
		this.#latestTs = this.#durableTs = this.#givenTs = lastTs(database);
		this.catalog = new Catalog(database);
		this.#changes = new SchemaChanges(database, this.catalog);
		this.pipeline = new Pipeline(committer, {
			durable: (ts) => (this.#durableTs = ts),
			lost: () => this.#lost(),
			uncertain: (error) => this.#doubt(error)
		});
		if (!waits) this.#protect(true);
	}

	/** Opens or creates the file. Every commit is in it when `commit` returns. Throws a StoreError that says what to do. */
	static open(path: string, options?: DatabaseOptions): SqliteStore {
		const database = Database.open(path, options);
		return opened(database, () => new SqliteStore(database, new InlineCommitter(database), true));
	}

	/** As `open`, with a thread that writes the file: `commit` returns at once, and `pipeline` tells what is durable. */
	static openPipelined(path: string, options: DatabaseOptions): SqliteStore {
		const database = Database.open(path, options);
		return opened(database, () => new SqliteStore(database, new ThreadCommitter(path, options), false));
	}

	/** As `openPipelined`, on an open file and with a committer of the caller's: for tests. */
	static openWith(database: Database, committer: Committer): SqliteStore {
		return new SqliteStore(database, committer, false);
	}

	/** Timestamp of the newest commit, which may be on its way into the file still. */
	get latestTs(): bigint {
		return this.#latestTs;
	}

	get pending(): readonly Layer[] {
		return this.pipeline.pending;
	}

	get losses(): number {
		return this.pipeline.losses;
	}

	get lossError(): StoreError | null {
		return this.pipeline.lossError;
	}

	/** Throws when another transaction is open that this one would disturb, and when the store must not be used any more. */
	begin(kind: 'read' | 'write'): StoreTransaction {
		if (this.#uncertain !== null) throw this.#uncertain;
		for (const other of this.#open) {
			if (kind === 'write' || other.kind === 'write') {
				throw new Error(`a ${kind} transaction cannot begin while a ${other.kind} transaction is open`);
			}
		}
		const transaction = new StoreTransaction(this, kind);
		this.#open.add(transaction);
		return transaction;
	}

	/** As in a transaction, outside of one. */
	lookUp(name: string, { sql, parameters }: Statement): Row | null {
		const write = writtenRow(this.pending, name);
		return write === undefined ? this.database.row(sql, ...parameters) : write.row;
	}

	/** Waits until every commit is in the file. For what reads the file past the transactions. */
	drain(): void {
		this.pipeline.drain();
	}

	commitTs(): bigint {
		return (this.#commitTs ??= commitTsAfter(this.#givenTs));
	}

	accept(layer: Layer, ts: bigint): void {
		this.pipeline.push(layer, ts);
		const error = this.#waits ? this.pipeline.drain() : null;
		if (error !== null) throw error;
		this.#count(layer);
	}

	beginExclusive(): void {
		const error = this.pipeline.drain();
		if (error !== null) throw error;
		this.#protect(false);
		try {
			this.database.prepare('BEGIN IMMEDIATE').run();
		} catch (failure) {
			this.#protect(true);
			throw storeError(this.database.path, failure);
		}
	}

	commitExclusive(layer: Layer, ts: bigint): void {
		try {
			applyBatch(this.database, batchOf(layer, ts));
			commitFile(this.database);
		} catch (error) {
			if (error instanceof StoreError && error.kind === 'uncertain') this.#doubt(error);
			throw storeFailure(this.database.path, error);
		}
		this.#durableTs = ts;
		this.#count(layer);
		this.#protect(true);
	}

	rollbackExclusive(): void {
		// SQLite has already rolled back by itself after some failures (a full disk).
		if (this.database.connection.isTransaction) this.database.prepare('ROLLBACK').run();
		this.#protect(true);
		this.catalog.load();
	}

	end(transaction: Transaction, ts: bigint | null): void {
		this.#open.delete(transaction);
		if (transaction.kind === 'write') this.#commitTs = null;
		if (ts === null) return;
		this.#latestTs = this.#givenTs = ts;
	}

	count(table: TableEntry): number {
		if (table.documents === null) {
			this.pipeline.drain();
			const row = this.database.row('SELECT count(*) FROM docs WHERE tbl = ?', table.tablet);
			table.documents = Number(row?.[0] ?? 0);
		}
		return table.documents;
	}

	/** Changes of the schema, to ask; `changingSchema` to write. */
	get schemaChanges(): Pick<SchemaChanges, 'status' | 'openId'> {
		return this.#changes;
	}

	/** Changes of the schema, to write inside a transaction of this store. */
	changingSchema(tx: StoreTransaction): SchemaChanges {
		if (!this.#open.has(tx)) throw new Error('the transaction is not of this store');
		tx.exclusive();
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
		this.drain();
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
		this.pipeline.drain();
		this.#committer.close();
		this.database.close();
	}

	#count({ counts }: Layer): void {
		for (const [table, change] of counts) if (table.documents !== null) table.documents += change;
	}

	#doubt(error: StoreError): void {
		this.#uncertain = error;
		this.onUncertain();
	}

	#lost(): void {
		this.#latestTs = this.#durableTs;
		this.catalog.load();
	}

	/** With a thread that writes, a stray statement on this connection would be no part of any transaction: it is refused. */
	#protect(on: boolean): void {
		if (!this.#waits) this.database.connection.exec(`PRAGMA query_only = ${on ? 'ON' : 'OFF'}`);
	}
}

function opened(database: Database, open: () => SqliteStore): SqliteStore {
	try {
		return open();
	} catch (error) {
		database.close();
		throw storeError(database.path, error);
	}
}

function lastTs(database: Database): bigint {
	database.run("INSERT OR IGNORE INTO meta (name, value) VALUES ('last_ts', 0)");
	const ts = database.connection.prepare("SELECT value FROM meta WHERE name = 'last_ts'");
	ts.setReadBigInts(true);
	return BigInt(String(ts.get()?.value ?? 0));
}
