/** A copy of a data folder, taken while the deployment runs or while it does not. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncToDisk } from '../files/sync.ts';
import { BackupFailure, copyFolder, DATABASE } from './copyFolder.ts';
import type { FolderCopy, Progress } from './copyFolder.ts';

/**
 * Copies the deployment in `dataDir` to the new `folder` as of one moment, which no writer waits for. The copy holds
 * everything, the keys and the environment variables too: it is to be kept as private as the folder itself. Throws a
 * BackupFailure when there is nothing to copy or `folder` is there already, a StoreError when the database is damaged, what the file
 * system says when the disk is full; then nothing is left. What a killed process leaves is called `<folder>.part`.
 */
export async function backUp(dataDir: string, folder: string, progress?: Progress): Promise<FolderCopy> {
	const to = path.resolve(folder);
	if (!existsSync(path.join(dataDir, DATABASE))) throw new BackupFailure(`There is no deployment in ${dataDir}.`);
	if (existsSync(to)) throw new BackupFailure(`${to} exists already. Name a new folder.`);
	const part = `${to}.part`;
	await rm(part, { recursive: true, force: true });
	try {
		const copy = await copyFolder(dataDir, part, progress);
		await rename(part, to);
		await syncToDisk(path.dirname(to));
		return copy;
	} catch (error) {
		await rm(part, { recursive: true, force: true });
		throw error;
	}
}
