import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

describe('actions', () => {
	it('run at the same time', async () => {
		const started = Date.now();
		const waits = await Promise.all(
			Array.from({ length: 10 }, () => corpus.action('runtime:waits', { milliseconds: 500 }))
		);
		expect(waits).toEqual(Array.from({ length: 10 }, () => 500));
		expect(Date.now() - started).toBeLessThan(4_000);
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

	it('answer HTTP requests by route', async () => {
		const request = (method: string, path: string, body = '') =>
			corpus.engine.httpAction({
				method,
				url: `http://127.0.0.1:4002${path}`,
				headers: [['x-echo', 'hi']],
				body: Buffer.from(body),
				identity: { kind: 'none' },
				requestId: 'abc'
			});
		const echo = await request('POST', '/echo', 'hello');
		expect(echo.status).toBe(201);
		expect(Buffer.from(echo.body).toString()).toBe('hello');
		expect(Object.fromEntries(echo.headers)).toMatchObject({ 'x-echo': 'hi' });
		expect((await request('GET', '/nowhere')).status).toBe(404);
		const failed = await request('GET', '/fail/deep');
		expect(failed.status).toBe(500);
		expect(Buffer.from(failed.body).toString()).toContain('Uncaught Error: no luck');
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
