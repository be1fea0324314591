import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredFile } from '../engine/types.ts';

/** Where the bytes of stored files lie. */
export function filesDirectory(dataDir: string): string {
	return join(dataDir, 'files');
}

/**
 * Writes bytes so that a crash leaves either the whole file or nothing that counts: a temporary file, synced, renamed.
 * The row is written afterwards by the engine; a file without a row is removed by `sweepFiles`.
 */
export async function writeFile(dataDir: string, bytes: Uint8Array, contentType: string | null): Promise<StoredFile> {
	const directory = filesDirectory(dataDir);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const storageId = randomUUID();
	const path = join(directory, storageId);
	const temporary = `${path}.part`;
	const file = await open(temporary, 'wx', 0o600);
	try {
		await file.writeFile(bytes);
		await file.sync();
	} catch (error) {
		await rm(temporary, { force: true });
		throw error;
	} finally {
		await file.close();
	}
	await rename(temporary, path);
	return { storageId, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, contentType, path };
}

/** Younger files may belong to an upload that is under way. */
const UPLOAD_GRACE = 60 * 60_000;

/** Removes files without a row: left by a crash between the bytes and the row, or by a mutation that was rolled back. */
export function sweepFiles(dataDir: string, known: ReadonlySet<string>): void {
	const directory = filesDirectory(dataDir);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	for (const name of readdirSync(directory)) {
		const path = join(directory, name);
		if (!known.has(path) && Date.now() - statSync(path).mtimeMs > UPLOAD_GRACE) rmSync(path, { force: true });
	}
}

/** Whether the given digest (hex or base64) is the file's. */
export function digestMatches(file: StoredFile, digest: string): boolean {
	return digest === file.sha256 || digest === Buffer.from(file.sha256, 'hex').toString('base64');
}
