/** A copy of a data folder, taken while the deployment runs or while it does not. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncToDisk } from '../files/sync.ts';
import { BackupFailure, copyFolder, DATABASE } from './copyFolder.ts';
import type { CopyOptions, FolderCopy } from './copyFolder.ts';
import { hasClearVariables } from './variables.ts';

const CLEAR =
	'An earlier version has stored the environment variables in clear. Start the deployment once with this version, which seals them, or back it up with its keys. Nothing was copied.';

export interface BackupOptions extends Pick<CopyOptions, 'progress'> {
	/** Whether the keys of the deployment are copied too: then the copy alone opens all that it holds. */
	readonly withKeys?: boolean;
}

/**
 * Copies the deployment in `dataDir` to the new `folder` as of one moment, which no writer waits for. Environment variables
 * are in it as they are stored: sealed with a key that is in it only `withKeys`. Throws a BackupFailure when there is
 * nothing to copy or `folder` is there already, a StoreError when the database is damaged, what the file system says when
 * the disk is full; then nothing is left. What a killed process leaves is called `<folder>.part`.
 */
export async function backUp(dataDir: string, folder: string, options: BackupOptions = {}): Promise<FolderCopy> {
	const to = path.resolve(folder);
	if (!existsSync(path.join(dataDir, DATABASE))) throw new BackupFailure(`There is no deployment in ${dataDir}.`);
	if (existsSync(to)) throw new BackupFailure(`${to} exists already. Name a new folder.`);
	const part = `${to}.part`;
	await rm(part, { recursive: true, force: true });
	try {
		const { withKeys = false, progress } = options;
		const copy = await copyFolder(dataDir, part, { keys: withKeys ? dataDir : undefined, progress });
		if (!withKeys && hasClearVariables(path.join(part, DATABASE))) throw new BackupFailure(CLEAR);
		await rename(part, to);
		await syncToDisk(path.dirname(to));
		return copy;
	} catch (error) {
		await rm(part, { recursive: true, force: true });
		throw error;
	}
}
