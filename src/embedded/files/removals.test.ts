import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Snapshot } from '../store/snapshot.ts';
import { SqliteStore } from '../store/store.ts';
import { write } from '../store/testStore.ts';
import { filePath, storeBytes } from './disk.ts';
import { Files } from './files.ts';
import { Removals } from './removals.ts';

/** Longer than bytes outlive their row. */
const LATER = 3_000;

let dataDir: string;
let store: SqliteStore;
let files: Files;
let removals: Removals;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	dataDir = mkdtempSync(path.join(tmpdir(), 'removals-'));
	store = SqliteStore.open(path.join(dataDir, 'data.sqlite'));
	files = new Files(store);
	removals = new Removals(dataDir, store.database, files);
});

afterEach(() => {
	vi.useRealTimers();
	store.close();
	rmSync(dataDir, { recursive: true, force: true });
});

/** Stores a file. Returns where its bytes are, and what removes its row. */
async function stored() {
	const file = await storeBytes(dataDir, [Buffer.from('bytes')], { contentType: null });
	const id = write(store, (tx) => files.insert(tx, '', file, Date.now()));
	const remove = (): void => {
		const name = write(store, (tx) => files.remove(tx, '', id));
		if (name !== null) removals.add([name]);
	};
	return { bytes: filePath(dataDir, file), remove };
}

test('bytes go after their row', async () => {
	const { bytes, remove } = await stored();
	remove();
	expect(existsSync(bytes)).toBe(true);
	vi.advanceTimersByTime(LATER);
	expect(existsSync(bytes)).toBe(false);
});

test('bytes stay for whoever reads a commit that names them, in whatever process, and go afterwards', async () => {
	const { bytes, remove } = await stored();
	const snapshot = Snapshot.open(path.join(dataDir, 'data.sqlite'));
	remove();
	vi.advanceTimersByTime(LATER);
	utimesSync(bytes, 0, 0);
	removals.sweep();
	expect(snapshot.files()).toHaveLength(1);
	expect(existsSync(bytes)).toBe(true);
	snapshot.close();
	vi.advanceTimersByTime(LATER);
	expect(existsSync(bytes)).toBe(false);
});

test('bytes whose row came back stay', async () => {
	const { bytes, remove } = await stored();
	const { bytes: other } = await stored();
	remove();
	removals.add([path.basename(other)]);
	vi.advanceTimersByTime(LATER);
	expect([existsSync(bytes), existsSync(other)]).toEqual([false, true]);
});
