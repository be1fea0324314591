import { Worker } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import type { DatabaseOptions } from './databaseOptions.ts';
import { StoreError } from './errors.ts';
import type { BatchEnd, Committer } from './pipeline.ts';
import { WriterReport } from './writerReport.ts';

/** What the thread is started with. */
export interface WriterThreadData {
	readonly path: string;
	readonly options: DatabaseOptions;
	readonly report: SharedArrayBuffer;
}

const ENTRY = new URL('./writerThread.ts', import.meta.url);
/** Closing copies the write-ahead log back into the file. */
const CLOSE_PATIENCE_MS = 2_000;

/** Writes batches in a thread of its own with a connection of its own, so that nobody waits for the disk. */
export class ThreadCommitter implements Committer {
	onEnd: () => void = () => undefined;
	readonly #path: string;
	readonly #worker: Worker;
	readonly #report = new WriterReport();
	#taken = 0;
	/** Set when the thread is gone: nothing can be written any more, and perhaps it has written. */
	#broken: StoreError | null = null;

	/** The file must have been opened already: the thread does not check it. */
	constructor(path: string, options: DatabaseOptions) {
		this.#path = path;
		const workerData: WriterThreadData = { path, options, report: this.#report.memory };
		this.#worker = new Worker(ENTRY, { workerData });
		this.#worker.on('message', () => this.onEnd());
		this.#worker.on('error', (error) => this.#break(error));
		this.#worker.unref();
	}

	begin(batch: Batch): void {
		// While a batch is being written the process has something to wait for.
		this.#worker.ref();
		this.#worker.postMessage(batch);
	}

	poll(): BatchEnd | null {
		if (this.#broken !== null) return { error: this.#broken };
		if (this.#report.ended === this.#taken) return null;
		this.#taken++;
		this.#worker.unref();
		const { error } = this.#report;
		if (error?.kind === 'uncertain') this.#broken = error;
		return { error };
	}

	wait(): BatchEnd {
		for (;;) {
			const end = this.poll();
			if (end !== null) return end;
			this.#report.wait(this.#taken);
		}
	}

	close(): void {
		if (this.#broken !== null) return;
		this.#worker.postMessage(null);
		this.#report.wait(this.#taken, CLOSE_PATIENCE_MS);
		this.#worker.terminate().catch(() => undefined);
	}

	#break(cause: Error): void {
		this.#broken = new StoreError('uncertain', `The thread that writes ${this.#path} ended: ${cause.message}`, cause);
		this.onEnd();
	}
}
