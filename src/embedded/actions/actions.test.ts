import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

describe('actions', () => {
	it('run at the same time', async () => {
		const count = 10;
		const meetings = Array.from({ length: count }, () => corpus.action('events:meets', { kind: 'meeting', count }));
		expect(await Promise.all(meetings)).toEqual(meetings.map(() => count));
	});

	it('wait for threads when there are more of them than threads can be started', { timeout: 60_000 }, async () => {
		const all = Array.from({ length: 64 }, () => corpus.action('runtime:waits', { milliseconds: 50 }));
		expect(await Promise.all(all)).toEqual(all.map(() => 50));
	});

	it('keep their console lines and their calls apart', async () => {
		const outcomes = await Promise.all(
			[10, 30, 20].map((milliseconds) => corpus.engine.action(corpus.call('runtime:waits', { milliseconds })))
		);
		expect(outcomes.map(({ logLines }) => logLines)).toEqual([
			["[LOG] 'waited' 10"],
			["[LOG] 'waited' 30"],
			["[LOG] 'waited' 20"]
		]);
	});

	it('read and write through queries and mutations', async () => {
		const { before, after } = Object(await corpus.action('events:viaAction', { kind: 'via' }));
		expect(after).toBe(before + 1);
	});

	it('find the variables of the deployment in process.env, and no others', async () => {
		await corpus.engine.setEnvironment([{ name: 'COLOUR', value: 'green' }]);
		expect(await corpus.action('node:variables')).toEqual(['COLOUR', 'CONVEX_CLOUD_URL', 'CONVEX_SITE_URL', 'TZ']);
		expect(await corpus.query('runtime:variable', { name: 'COLOUR' })).toBe('green');
		expect(await corpus.query('runtime:variable', { name: 'PATH' })).toBeNull();
		await corpus.engine.setEnvironment([{ name: 'COLOUR', value: null }]);
		expect(await corpus.query('runtime:variable', { name: 'COLOUR' })).toBeNull();
	});

	it('store files, which end with their row', async () => {
		const stored = Object(await corpus.action('files:store', { text: 'hello' }));
		expect(stored).toMatchObject({ text: 'hello', type: 'text/plain' });
		expect(await corpus.query('files:url', { id: stored.id })).toBe(stored.url);
		expect(await corpus.query('files:metadata', { id: stored.id })).toMatchObject({
			size: 5,
			contentType: 'text/plain'
		});
		const uuid = new URL(String(stored.url)).pathname.split('/').at(-1) ?? '';
		expect(await corpus.engine.fileByUuid('', uuid)).toMatchObject({ size: 5, storageId: stored.id });
		await corpus.mutation('files:remove', { id: stored.id });
		expect(await corpus.query('files:url', { id: stored.id })).toBeNull();
		expect(await corpus.engine.fileByUuid('', uuid)).toBeNull();
	});
});
