/** The copy of a data folder as of one moment, of which both a backup and what is restored from one consist. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { filePath, filesDirectory } from '../files/disk.ts';
import { syncToDisk } from '../files/sync.ts';
import { sealCopy, Snapshot } from '../store/snapshot.ts';
import type { NamedFile } from '../store/snapshot.ts';

export const DATABASE = 'data.sqlite';
/** What opens the environment variables in the database, and seals upload URLs and cursors that are out. */
export const SIGNING_KEY = 'signing.key';
const KEYS = ['admin.key', SIGNING_KEY];

/** A backup or a restore that cannot be made, in a sentence that says what to do. What was there is as it was. */
export class BackupFailure extends Error {
	override readonly name = 'BackupFailure';
}

/** What was copied. Sizes are in bytes. */
export interface FolderCopy {
	readonly databaseSize: number;
	readonly files: number;
	readonly filesSize: number;
}

export interface CopyOptions {
	/** The folder from which the keys come; without it the copy has none. */
	readonly keys?: string;
	/** Hears how many bytes of how many are copied. */
	readonly progress?: (done: number, total: number) => void;
}

/**
 * Copies the deployment in the folder `from`, whether it runs or not, into the folder `to`, which is made for its owner
 * only. The copy is one commit, with all that was acknowledged before the call: its database, and every stored file that
 * its rows name and no other. When this returns everything has been checked and is on the disk. Throws a BackupFailure or
 * a StoreError; what was copied until then is the caller's to remove.
 */
export async function copyFolder(
	from: string,
	to: string,
	{ keys, progress = () => undefined }: CopyOptions = {}
): Promise<FolderCopy> {
	const [source, target] = [path.join(from, DATABASE), path.join(to, DATABASE)];
	const [fromFiles, toFiles] = [filesDirectory(from), filesDirectory(to)];
	await mkdir(toFiles, { recursive: true, mode: 0o700 });
	const before = reading(source, (snapshot) => ({ size: snapshot.size, files: snapshot.files() }));
	const expected = before.size + sizeOf(before.files);
	const copied = new Set<string>();
	let done = 0;
	const copy = async (file: NamedFile): Promise<boolean> => {
		if (!(await copyPrivately(filePath(from, file), filePath(to, file)))) return false;
		copied.add(file.name);
		progress((done += file.size), Math.max(expected, done));
		return true;
	};
	// Files never change, and while a snapshot is held the log grows: so most is copied before. Some may be removed meanwhile.
	for (const file of before.files) await copy(file);
	const snapshot = Snapshot.open(source);
	let files: NamedFile[];
	try {
		files = snapshot.files();
		for (const file of files)
			if (!copied.has(file.name) && !(await copy(file))) throw faulty(fromFiles, file, 'missing');
		const { size } = snapshot;
		await snapshot.copyTo(target, (part) => progress(done + size * part, Math.max(expected, done + size)));
	} finally {
		snapshot.close();
	}
	if (keys !== undefined) for (const key of KEYS) await copyPrivately(path.join(keys, key), path.join(to, key));
	sealCopy(target);
	await syncToDisk(target);
	for (const { name } of files) copied.delete(name);
	for (const name of copied) await rm(filePath(to, { name }));
	for (const file of files) {
		if ((await digestOf(filePath(to, file))) !== file.sha256) throw faulty(fromFiles, file, 'damaged');
	}
	for (const folder of [toFiles, to]) await syncToDisk(folder);
	return { databaseSize: (await stat(target)).size, files: files.length, filesSize: sizeOf(files) };
}

function reading<T>(file: string, read: (snapshot: Snapshot) => T): T {
	const snapshot = Snapshot.open(file);
	try {
		return read(snapshot);
	} finally {
		snapshot.close();
	}
}

function sizeOf(files: readonly NamedFile[]): number {
	return files.reduce((sum, { size }) => sum + size, 0);
}

/** Copies one file for its owner only, onto the disk. False when it is not there. */
async function copyPrivately(from: string, to: string): Promise<boolean> {
	try {
		await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
	} catch (error) {
		if (isMissing(error)) return false;
		throw error;
	}
	await chmod(to, 0o600);
	await syncToDisk(to);
	return true;
}

async function digestOf(file: string): Promise<string> {
	const hash = createHash('sha256');
	await pipeline(createReadStream(file), hash);
	return hash.digest('hex');
}

function faulty(folder: string, { name }: NamedFile, fault: 'missing' | 'damaged'): BackupFailure {
	const words = fault === 'missing' ? 'is not there' : 'is damaged: its bytes are not those that were stored';
	return new BackupFailure(
		`The stored file ${path.join(folder, name)} ${words}. Nothing was copied: bring the file back from an older backup, or delete it through the app.`
	);
}

/** Whether a failure of the file system says that something is not there. */
function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
