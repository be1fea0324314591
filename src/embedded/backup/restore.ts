/** Puts a backup into a data folder. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncToDisk } from '../files/sync.ts';
import { LOCK_FILES, lockFolder } from '../lock.ts';
import { BackupFailure, copyFolder, DATABASE, SIGNING_KEY } from './copyFolder.ts';
import type { CopyOptions, FolderCopy } from './copyFolder.ts';
import { dropVariables, openVariables } from './variables.ts';

/** Where the copy is until it is whole. While a database is in it, what else is in the folder is of the same restore. */
const PART = 'restoring';
/** What says that a folder is in use, and means nothing when it is not. */
const LOCKS = new Set([...LOCK_FILES, `${DATABASE}.lock`]);

export interface RestoreOptions extends CopyOptions {
	/** Goes on without the keys: environment variables are dropped, and whoever starts the deployment sets them anew. */
	readonly withoutKeys?: boolean;
}

/**
 * Checks the backup and copies it into `dataDir`, which must hold nothing yet. It is a deployment's folder from the moment
 * in which everything is there: a restore that was interrupted can be repeated. The keys are those in the folder
 * `options.keys`, or else in the backup. Throws a BackupFailure or a StoreError, also when a deployment runs in `dataDir`,
 * and when the keys do not open the environment variables.
 */
export async function restore(backup: string, dataDir: string, options: RestoreOptions = {}): Promise<FolderCopy> {
	const { withoutKeys = false, keys = backup, progress } = options;
	if (!existsSync(path.join(backup, DATABASE))) throw new BackupFailure(`There is no backup in ${backup}.`);
	await refuseTaken(dataDir);
	await mkdir(dataDir, { recursive: true, mode: 0o700 });
	const lock = lockFolder(dataDir);
	try {
		await refuseTaken(dataDir);
		const part = path.join(dataDir, PART);
		try {
			await clear(dataDir);
			const copy = await copyFolder(backup, part, { keys: withoutKeys ? undefined : keys, progress });
			if (withoutKeys) dropVariables(path.join(part, DATABASE));
			else if (!openVariables(path.join(part, DATABASE), part)) throw keyless(keys);
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

function keyless(keys: string): BackupFailure {
	const file = path.join(keys, SIGNING_KEY);
	const fault = existsSync(file) ? `${file} is not the key of this backup` : `The key of this backup is not in ${keys}`;
	return new BackupFailure(
		`${fault}, so its environment variables cannot be read. Name the folder that has the ${SIGNING_KEY} of that deployment, or go on without keys and set the variables anew. Nothing was restored.`
	);
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
