import { writeBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import type { Database } from './database.ts';
import { storeFailure } from './errors.ts';
import type { BatchEnd, Committer } from './pipeline.ts';

/** Writes each batch at once, on the connection that is also read from. */
export class InlineCommitter implements Committer {
	onEnd: () => void = () => undefined;
	readonly #database: Database;
	#end: BatchEnd | null = null;

	constructor(database: Database) {
		this.#database = database;
	}

	begin(batch: Batch): void {
		try {
			writeBatch(this.#database, batch);
			this.#end = { error: null };
		} catch (error) {
			this.#end = { error: storeFailure(this.#database.path, error) };
		}
	}

	poll(): BatchEnd | null {
		const end = this.#end;
		this.#end = null;
		return end;
	}

	wait(): BatchEnd {
		const end = this.poll();
		if (end === null) throw new Error('there is no batch to wait for');
		return end;
	}

	close(): void {
		this.#end = null;
	}
}
