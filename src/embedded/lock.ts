/**
 * One process per data folder. The lock is SQLite's own on a file beside the data: the operating system gives it up
 * with the process, however that ends. The number of the holder stands in a second file, for the message.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface FolderLock {
	release(): void;
}

/** Throws a sentence that names the other process when the folder is taken. */
export function lockFolder(dataDir: string): FolderLock {
	const holderFile = path.join(dataDir, 'lock.pid');
	const database = new DatabaseSync(path.join(dataDir, 'lock.sqlite'));
	try {
		database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
	} catch (error) {
		database.close();
		if (!isBusy(error)) throw error;
		const words = `The data folder ${dataDir} is in use by another deployment (process ${holder(holderFile)}).`;
		throw new Error(`${words} Stop it first, or choose another folder.`, { cause: error });
	}
	writeFileSync(holderFile, String(process.pid), { mode: 0o600 });
	return {
		release() {
			rmSync(holderFile, { force: true });
			database.close();
		}
	};
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
	return (
		error instanceof Error &&
		'errcode' in error &&
		typeof error.errcode === 'number' &&
		(error.errcode & 0xff) === SQLITE_BUSY
	);
}

function holder(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return 'unknown';
	}
}
