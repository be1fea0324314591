/** A data file that cannot be opened: at the start, or for a while, after the process that had it open has ended. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { CLOUD_URL, Corpus, SITE_URL } from '../corpus/harness.ts';
import { holdFile } from '../store/heldFile.ts';
import { createEngine } from './client.ts';
import { deathOf, DISK_FAILED, DiskFailure } from './death.ts';

const PLACES = { appDir: '.', cloudUrl: CLOUD_URL, siteUrl: SITE_URL, durability: 'full' } as const;

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

test('calls are refused with the reason, and answered as soon as it can be opened', async () => {
	await corpus.mutation('items:insert', { name: 'before', day: 1 });
	corpus.killEngine();
	const held = holdFile(join(corpus.dataDir, 'data.sqlite.lock'), 1_000);
	const refused = await Promise.allSettled([
		corpus.engine.mutation(corpus.call('items:insert', { name: 'meanwhile', day: 2 })),
		corpus.query('items:first')
	]);
	const reason = expect.objectContaining({ message: expect.stringMatching(/^The database .* is in use by another/) });
	expect(refused).toEqual([0, 1].map(() => ({ status: 'rejected', reason })));
	expect(refused[0]).toMatchObject({ reason: expect.any(DiskFailure) });
	expect(corpus.engine.fault()).toMatch(/is in use by another process/);
	held.release();
	expect(await corpus.query('items:first')).toBe('before');
	await expect.poll(() => corpus.engine.fault(), { timeout: 5_000 }).toBeNull();
	await corpus.mutation('items:insert', { name: 'after', day: 3 });
}, 60_000);

test('a damaged, foreign or newer file is refused at the start, in words, and left as it is', async () => {
	const dataDir = mkdtempSync(join(tmpdir(), 'unopenable-'));
	onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
	const file = join(dataDir, 'data.sqlite');
	const whole = join(dataDir, 'whole.sqlite');
	const copy = new DatabaseSync(join(corpus.dataDir, 'data.sqlite'), { readOnly: true });
	copy.prepare('VACUUM INTO ?').run(whole);
	copy.close();
	const refusal = async (): Promise<string> => {
		const before = readFileSync(file);
		const words = await createEngine({ ...PLACES, dataDir }).then(
			async (engine) => (await engine.close(), 'opened'),
			(error: unknown) => String(error)
		);
		expect(readFileSync(file).equals(before)).toBe(true);
		expect(readdirSync(dataDir).filter((name) => name.endsWith('-wal'))).toEqual([]);
		return words;
	};
	const bytes = readFileSync(whole);
	writeFileSync(file, Buffer.from(bytes).fill(0x5a, 4096 * 10, 4096 * 30));
	expect(await refusal()).toContain('is damaged');
	writeFileSync(file, 'no database '.repeat(1_000));
	expect(await refusal()).toContain('is damaged or not a database');
	rmSync(file);
	const foreign = new DatabaseSync(file);
	foreign.exec('CREATE TABLE theirs (x)');
	foreign.close();
	expect(await refusal()).toContain('holds tables that Plumbline did not make');
	cpSync(whole, file);
	const newer = new DatabaseSync(file);
	newer.exec('PRAGMA user_version = 99');
	newer.close();
	expect(await refusal()).toContain('was written by a newer version (layout 99');
});

test('the end of a process says whom to blame', () => {
	const running = { call: 7, part: 0, since: 0 };
	expect(deathOf(`exit code ${DISK_FAILED}`, running, false, 1_000)).toEqual({
		running: null,
		words: null,
		disk: true
	});
	expect(deathOf('signal SIGKILL', running, false, 1_000)).toEqual({ running, words: null, disk: false });
	expect(deathOf('signal SIGKILL', running, true, 1_000).words).toMatch(/too many/i);
	expect(deathOf('exit code 1', running, false, 1_000).words).toContain('ended the process that ran it (exit code 1)');
});
