/** Uploads while the server dies: every row has its whole file, and every acknowledged file has its row. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Signer } from '../engine/secret.ts';
import { SqliteStore } from '../store/store.ts';
import { startProcess } from '../testApp.testing.ts';
import { filesDirectory } from './disk.ts';
import { Files } from './files.ts';
import { Removals } from './removals.ts';
import { uploadUrl } from './tokens.ts';

const ROUNDS = 4;
const PARALLEL = 6;
const LONG_AGO = new Date(0);

test(`${ROUNDS} sudden deaths during uploads leave rows and files equal`, { timeout: 60_000 }, async () => {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'upload-crash-'));
	const acknowledged: string[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		const { child, url, ended } = await startProcess(dataDir, 0);
		const target = uploadUrl(Signer.open(dataDir), url, '', Date.now() + 60_000);
		const answered = Promise.withResolvers<void>();
		const running = Array.from({ length: PARALLEL }, async () => {
			for (;;) {
				const response = await fetch(target, {
					method: 'POST',
					body: new Uint8Array(randomBytes(randomInt(1, 400_000)))
				});
				acknowledged.push(z.object({ storageId: z.string() }).parse(await response.json()).storageId);
				answered.resolve();
			}
		});
		const stopped = Promise.allSettled(running);
		// Every second death follows an answer, however slow the machine is.
		if (round % 2 === 1) await answered.promise;
		await setTimeout(randomInt(5, 120));
		child.kill('SIGKILL');
		await Promise.all([ended, stopped]);
		await checkFiles(dataDir, acknowledged);
	}
	expect(acknowledged.length).toBeGreaterThan(0);
	rmSync(dataDir, { recursive: true, force: true });
});

async function checkFiles(dataDir: string, acknowledged: readonly string[]): Promise<void> {
	const store = await opened(path.join(dataDir, 'data.sqlite'));
	try {
		const files = new Files(store);
		const directory = filesDirectory(dataDir);
		for (const name of readdirSync(directory)) utimesSync(path.join(directory, name), LONG_AGO, LONG_AGO);
		new Removals(dataDir, store.database, files).sweep();
		const rows = store.database.rows('SELECT id, path, sha256 FROM files');
		expect(readdirSync(directory).sort()).toEqual(rows.map(([, name]) => String(name)).sort());
		for (const [, name, sha256] of rows) {
			const bytes = readFileSync(path.join(directory, String(name)));
			expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
		}
		const ids = new Set(rows.map(([id]) => String(id)));
		expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
	} finally {
		store.close();
	}
}

/** The engine process ends with its parent, a moment later. */
async function opened(file: string): Promise<SqliteStore> {
	for (;;) {
		try {
			return SqliteStore.open(file);
		} catch {
			await setTimeout(50);
		}
	}
}
