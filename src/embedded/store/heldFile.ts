import { DatabaseSync } from 'node:sqlite';

export interface HeldFile {
	release(): void;
}

/**
 * Holds a file that says who owns something else. The lock is SQLite's own: the operating system gives it up with the
 * process, however that ends. Waits for another holder so many milliseconds, then throws SQLite's error (SQLITE_BUSY).
 */
export function holdFile(path: string, patience = 0): HeldFile {
	const database = new DatabaseSync(path, { timeout: patience });
	try {
		database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
	} catch (error) {
		database.close();
		throw error;
	}
	return { release: () => database.close() };
}
