/** Puts a backup into a data folder. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncToDisk } from '../files/sync.ts';
import { lockFolder } from '../lock.ts';
import { BackupFailure, copyFolder, DATABASE } from './copyFolder.ts';
import type { FolderCopy, Progress } from './copyFolder.ts';

/** Where the copy is until it is whole. While a database is in it, what else is in the folder is of the same restore. */
const PART = 'restoring';
/** What says that a folder is in use, and means nothing when it is not. */
const LOCKS = new Set(['lock.sqlite', 'lock.pid', `${DATABASE}.lock`]);

/**
 * Checks the backup and copies it into `dataDir`, which must hold nothing yet. It is a deployment's folder from the moment
 * in which everything is there: a restore that was interrupted can be repeated. Throws a BackupFailure or a StoreError,
 * also when a deployment runs in `dataDir`.
 */
export async function restore(backup: string, dataDir: string, progress?: Progress): Promise<FolderCopy> {
	if (!existsSync(path.join(backup, DATABASE))) throw new BackupFailure(`There is no backup in ${backup}.`);
	await refuseTaken(dataDir);
	await mkdir(dataDir, { recursive: true, mode: 0o700 });
	const lock = lockFolder(dataDir);
	try {
		await refuseTaken(dataDir);
		const part = path.join(dataDir, PART);
		try {
			await clear(dataDir);
			const copy = await copyFolder(backup, part, progress);
			// The database comes last: without it there is no deployment yet.
			const names = (await readdir(part)).filter((name) => name !== DATABASE);
			for (const name of [...names, DATABASE]) await rename(path.join(part, name), path.join(dataDir, name));
			await rm(part, { recursive: true });
			await syncToDisk(dataDir);
			return copy;
		} catch (error) {
			await clear(dataDir);
			throw error;
		}
	} finally {
		lock.release();
	}
}

async function refuseTaken(dataDir: string): Promise<void> {
	const names = await entries(dataDir);
	const unfinished = path.join(dataDir, PART, DATABASE);
	const interrupted = names.every((name) => name === PART) || (!names.includes(DATABASE) && existsSync(unfinished));
	if (interrupted) return;
	throw new BackupFailure(
		`${dataDir} is not empty, and a restore replaces nothing. Stop what runs there and move the folder away first.`
	);
}

/** Removes what an unfinished restore has left, and last of all what says that it was one. */
async function clear(dataDir: string): Promise<void> {
	const names = (await entries(dataDir)).filter((name) => name !== PART);
	for (const name of [...names, PART]) await rm(path.join(dataDir, name), { recursive: true, force: true });
}

async function entries(dataDir: string): Promise<string[]> {
	if (!existsSync(dataDir)) return [];
	return (await readdir(dataDir)).filter((name) => !LOCKS.has(name));
}
