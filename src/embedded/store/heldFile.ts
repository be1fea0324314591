import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface HeldFile {
	release(): void;
}

/**
 * Holds a file that says who owns something else. The lock is SQLite's own: the operating system gives it up with the
 * process, however that ends. Waits for another holder so many milliseconds, then throws SQLite's error (SQLITE_BUSY).
 */
export function holdFile(path: string, patience = 0): HeldFile {
	makePrivate(path);
	const database = new DatabaseSync(path, { timeout: patience });
	try {
		database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
	} catch (error) {
		database.close();
		throw error;
	}
	return { release: () => database.close() };
}

/**
 * SQLite would make the file for everybody to read. One that is there is not touched: to close a file gives up every lock
 * that this process holds on it.
 */
function makePrivate(path: string): void {
	if (existsSync(path)) return;
	try {
		closeSync(openSync(path, 'a', 0o600));
	} catch {
		// SQLite meets the same, and what it says of it is known (`storeError`).
	}
}
