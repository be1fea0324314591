import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredFile } from '../engine/types.ts';
import { syncToDisk } from './sync.ts';

/** Where the bytes of stored files lie. */
export function filesDirectory(dataDir: string): string {
	return join(dataDir, 'files');
}

/** Where the bytes of one file lie. */
export function filePath(dataDir: string, { name }: Pick<StoredFile, 'name'>): string {
	return join(filesDirectory(dataDir), name);
}

/** Bytes on disk that have no row yet. */
export type NewFile = Omit<StoredFile, 'storageId'>;

/** The bytes could not be kept: `message` says why, for the person who sent them. Nothing of them is left. */
export class FileRefusal extends Error {
	override readonly name = 'FileRefusal';
	readonly kind: 'tooLarge' | 'diskFull' | 'diskFailed' | 'wrongDigest';

	constructor(kind: FileRefusal['kind'], message: string) {
		super(message);
		this.kind = kind;
	}
}

export interface FileExpectations {
	readonly contentType: string | null;
	/** Base64 or hexadecimal; null accepts anything. */
	readonly sha256?: string | null;
	readonly maxBytes?: number;
}

/**
 * Streams bytes to a file, so that a crash leaves either the whole file or nothing that counts: a temporary file, synced,
 * renamed, the folder synced. The row is written afterwards by the engine; a file without a row is removed by `sweepFiles`.
 * Throws a FileRefusal.
 */
export async function storeBytes(
	dataDir: string,
	source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
	{ contentType, sha256 = null, maxBytes = Infinity }: FileExpectations
): Promise<NewFile> {
	const directory = filesDirectory(dataDir);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const name = randomUUID();
	const path = join(directory, name);
	const temporary = `${path}.part`;
	const hasher = createHash('sha256');
	let size = 0;
	try {
		const file = await open(temporary, 'wx', 0o600);
		try {
			for await (const chunk of source) {
				size += chunk.length;
				if (size > maxBytes) throw tooLarge(maxBytes);
				hasher.update(chunk);
				await file.writeFile(chunk);
			}
			await file.sync();
		} finally {
			await file.close();
		}
		const digest = hasher.digest();
		if (sha256 !== null && sha256 !== digest.toString('hex') && sha256 !== digest.toString('base64')) {
			throw new FileRefusal(
				'wrongDigest',
				`Sha256 mismatch. Expected: ${sha256} Actual: ${digest.toString(sha256.length === 64 ? 'hex' : 'base64')}`
			);
		}
		await rename(temporary, path);
		await syncToDisk(directory);
		return { uuid: name, name, sha256: digest.toString('hex'), size, contentType };
	} catch (error) {
		await rm(temporary, { force: true });
		throw diskRefusal(error) ?? error;
	}
}

/** Refuses a file by its announced size. */
export function tooLarge(maxBytes: number): FileRefusal {
	return new FileRefusal('tooLarge', `A file may have at most ${maxBytes / 1024 ** 3} GiB.`);
}

/** What an error of the file system means to whoever sent the bytes; null for other errors. */
export function diskRefusal(error: unknown): FileRefusal | null {
	switch (error instanceof Error && 'code' in error ? error.code : null) {
		case 'ENOSPC':
		case 'EDQUOT':
			return new FileRefusal('diskFull', 'The disk of the deployment is full. Nothing of this file was stored.');
		case 'EFBIG':
			return new FileRefusal(
				'tooLarge',
				'The deployment may not write files of this size. Nothing of this file was stored.'
			);
		case 'EIO':
			return new FileRefusal('diskFailed', 'The disk of the deployment failed. Nothing of this file was stored.');
		default:
			return null;
	}
}

/** Younger files may belong to an upload that is under way. */
const UPLOAD_GRACE = 60 * 60_000;

/** Removes files without a row: left by a crash between the bytes and the row, or by a mutation that was rolled back. */
export function sweepFiles(dataDir: string, known: ReadonlySet<string>): void {
	const directory = filesDirectory(dataDir);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	for (const name of readdirSync(directory)) {
		const path = join(directory, name);
		if (!known.has(name) && Date.now() - statSync(path).mtimeMs > UPLOAD_GRACE) rmSync(path, { force: true });
	}
}
