/** The thread behind `checkFile`. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError, storeError } from './errors.ts';
import { checkPages, layoutOf } from './fileChecks.ts';
import type { CheckReport } from './checkFile.ts';

const PATIENCE_MS = 5_000;

function check(path: string): CheckReport {
	try {
		const connection = new DatabaseSync(path, { readOnly: true, timeout: PATIENCE_MS });
		try {
			if (layoutOf(connection, path) > 0) checkPages(connection, path);
		} finally {
			connection.close();
		}
		return null;
	} catch (error) {
		const known = storeError(path, error);
		if (known instanceof StoreError) return { kind: known.kind, message: known.message };
		return { kind: 'unreadable', message: `The database ${path} could not be read: ${String(error)}` };
	}
}

const path: string = workerData;
parentPort?.postMessage(check(path));
