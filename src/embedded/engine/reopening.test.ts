/** A data file that cannot be opened for a while, after the process that had it open has ended. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Corpus } from '../corpus/harness.ts';
import { holdFile } from '../store/heldFile.ts';
import { deathOf, DISK_FAILED, DiskFailure } from './death.ts';

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
	expect(corpus.engine.fault()).toBeNull();
	await corpus.mutation('items:insert', { name: 'after', day: 3 });
}, 60_000);

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
