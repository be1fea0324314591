import type { Catalog } from './catalog.ts';
import type { TableEntry } from './tableEntry.ts';
import type { Database } from './database.ts';
import type { StoreError } from './errors.ts';
import type { Layer } from './layer.ts';
import type { Records } from './records.ts';
import type { SchemaMisfit, Transaction } from './types.ts';

/** What the store lends to a transaction. */
export interface TransactionHost {
	readonly database: Database;
	readonly catalog: Catalog;
	readonly latestTs: bigint;
	/** Ends the change of the schema that is under way, inside an exclusive transaction, because a document was written that it refuses. */
	refuseSchemaChange(misfit: SchemaMisfit): void;
	/** What earlier transactions wrote that is not in the file yet, the newest first. */
	readonly pending: readonly Layer[];
	/** Memory for what a transaction writes. */
	readonly records: Records;
	/** How often what had been committed was lost, and why the last time. */
	readonly losses: number;
	readonly lossError: StoreError | null;
	/** The timestamp that this commit will have. */
	commitTs(): bigint;
	/** Takes over what a transaction wrote. Throws a StoreError when it is known already that it cannot be kept. */
	accept(layer: Layer, ts: bigint): void;
	/** Committed documents of a table. */
	count(table: TableEntry): number;
	/** Waits until nothing is pending, and opens the file's own transaction on the connection that is read from. */
	beginExclusive(): void;
	/** Writes the layer too, and commits the file's transaction. Throws a StoreError. */
	commitExclusive(layer: Layer, ts: bigint): void;
	rollbackExclusive(): void;
	/** Ends the transaction; `ts` is null on rollback. */
	end(transaction: Transaction, ts: bigint | null): void;
}
