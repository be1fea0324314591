import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { DatabaseOptions } from './databaseOptions.ts';
import { StoreError } from './errors.ts';

/**
 * Called when a file has been opened, before anybody is told what is in it. A log that was left behind may hold commits whose
 * writer was ended before it had synced them: from here on they count, so they have to be on the disk. After a sync that
 * failed (`mistrust`) a second one proves nothing, since the system may have dropped what it could not write: everything
 * that can be read of the log is written anew then, into the data file. Throws a StoreError.
 */
export function settleLog(connection: DatabaseSync, path: string, { synchronous, mistrust }: DatabaseOptions): void {
	if (mistrust === true) {
		const result = connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
		if (result?.busy === 0) return;
		throw new StoreError(
			'inUse',
			`The database ${path} has to be settled after a failure of the disk, and is being read.`
		);
	}
	if (synchronous === 'FULL') syncLog(path);
}

function syncLog(path: string): void {
	const log = openLog(`${path}-wal`);
	if (log === null) return;
	try {
		fsyncSync(log);
	} catch (error) {
		throw new StoreError('failing', `The disk that holds ${path} failed: its log could not be synced.`, error);
	} finally {
		closeSync(log);
	}
}

function openLog(path: string): number | null {
	try {
		return openSync(path, 'r+');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
		throw error;
	}
}
