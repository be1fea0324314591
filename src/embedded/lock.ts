/** One process per data folder. The number of the holder stands in a file beside the lock, for the message. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { holdFile } from './store/heldFile.ts';
import type { HeldFile } from './store/heldFile.ts';

export interface FolderLock {
	/** Writes down where the deployment of the folder answers, for commands beside it. */
	announce(url: string): void;
	release(): void;
}

const URL_FILE = 'lock.url';
/** What says that a folder is in use, and means nothing when it is not. */
export const LOCK_FILES: readonly string[] = ['lock.sqlite', 'lock.pid', URL_FILE];

/**
 * Where the deployment that runs in the folder answers; null when none does. For another process than the deployment's:
 * a process that looks at its own lock loses it.
 */
export function runningUrl(dataDir: string): string | null {
	const lock = path.join(dataDir, 'lock.sqlite');
	if (!existsSync(lock)) return null;
	try {
		holdFile(lock).release();
		return null;
	} catch (error) {
		if (!isBusy(error)) throw error;
	}
	const file = path.join(dataDir, URL_FILE);
	return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** Throws a sentence that names the other process when the folder is taken. */
export function lockFolder(dataDir: string): FolderLock {
	const holderFile = path.join(dataDir, 'lock.pid');
	let held: HeldFile;
	try {
		held = holdFile(path.join(dataDir, 'lock.sqlite'));
	} catch (error) {
		if (!isBusy(error)) throw error;
		const words = `The data folder ${dataDir} is in use by another deployment (process ${holder(holderFile)}).`;
		throw new Error(`${words} Stop it first, or choose another folder.`, { cause: error });
	}
	// Of one that was killed.
	rmSync(path.join(dataDir, URL_FILE), { force: true });
	try {
		writeFileSync(holderFile, String(process.pid), { mode: 0o600 });
	} catch {
		// The disk is full: the message to somebody else can do without the number.
	}
	return {
		announce(url) {
			try {
				writeFileSync(path.join(dataDir, URL_FILE), url, { mode: 0o600 });
			} catch {
				// The disk is full: commands beside the deployment find it when there is room again.
			}
		},
		release() {
			rmSync(holderFile, { force: true });
			rmSync(path.join(dataDir, URL_FILE), { force: true });
			held.release();
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
