/** The thread behind `ThreadCommitter`: writes the batches that it is sent, and reports the end of each. */
import { parentPort, workerData } from 'node:worker_threads';
import { writeBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import { Database } from './database.ts';
import { StoreError, storeFailure } from './errors.ts';
import type { WriterThreadData } from './threadCommitter.ts';
import { WriterReport } from './writerReport.ts';

const { path, options, report: memory }: WriterThreadData = workerData;
const report = new WriterReport(memory);
// Whoever waits for this thread must not wait for ever.
process.once('exit', (code) => {
	if (code !== 0) report.end(new StoreError('uncertain', `The thread that writes ${path} ended.`));
});
const database = Database.beside(path, options);

function write(batch: Batch): StoreError | null {
	try {
		writeBatch(database, batch);
		return null;
	} catch (error) {
		return storeFailure(path, error);
	}
}

parentPort?.on('message', (batch: Batch | null) => {
	if (batch === null) {
		database.close();
		report.end(null);
		return;
	}
	report.end(write(batch));
	// Only to wake the other thread, when it sleeps.
	parentPort?.postMessage(null);
});
