/** One process per data folder. The number of the holder stands in a file beside the lock, for the message. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { holdFile } from './store/heldFile.ts';
import type { HeldFile } from './store/heldFile.ts';

export interface FolderLock {
	release(): void;
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
	try {
		writeFileSync(holderFile, String(process.pid), { mode: 0o600 });
	} catch {
		// The disk is full: the message to somebody else can do without the number.
	}
	return {
		release() {
			rmSync(holderFile, { force: true });
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
