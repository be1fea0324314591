import { writeBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import type { Database } from './database.ts';
import { storeFailure } from './errors.ts';
import type { StoreError } from './errors.ts';
import type { BatchEnd, Committer } from './pipeline.ts';

/** A committer that writes when a test says so, and can be seen in every state. */
export class HeldCommitter implements Committer {
	onEnd: () => void = () => undefined;
	/** Batches that were begun. */
	begun = 0;
	readonly #database: Database;
	#batch: Batch | null = null;
	#end: BatchEnd | null = null;

	constructor(database: Database) {
		this.#database = database;
	}

	begin(batch: Batch): void {
		if (this.#batch !== null || this.#end !== null) throw new Error('a batch is under work');
		this.#batch = batch;
		this.begun++;
	}

	/** Writes the batch, whose end is not taken yet: the file is ahead of what the store knows. */
	write(): void {
		if (this.#batch === null) return;
		this.#database.connection.exec('PRAGMA query_only = OFF');
		try {
			writeBatch(this.#database, this.#batch);
			this.#end = { error: null };
		} catch (error) {
			this.#end = { error: storeFailure(this.#database.path, error) };
		}
		this.#database.connection.exec('PRAGMA query_only = ON');
		this.#batch = null;
	}

	/** Ends the batch with an error; the file is not touched. */
	fail(error: StoreError): void {
		this.#batch = null;
		this.#end = { error };
	}

	poll(): BatchEnd | null {
		const end = this.#end;
		this.#end = null;
		return end;
	}

	wait(): BatchEnd {
		this.write();
		const end = this.poll();
		if (end === null) throw new Error('there is no batch to wait for');
		return end;
	}

	close(): void {
		this.#batch = null;
	}
}
