import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus, valueOf } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start({ pingInterval: 100, pingTimeout: 1_500 });
});
afterAll(() => corpus.close());

describe('a function that does not end', () => {
	it('fails alone when it is a query, and queued calls are answered', async () => {
		const [loop, kinds] = await Promise.allSettled([corpus.query('runtime:loops'), corpus.query('events:kinds')]);
		expect(loop).toMatchObject({
			status: 'rejected',
			reason: { message: expect.stringContaining('Function execution timed out (maximum duration: 1s)') }
		});
		expect(kinds.status).toBe('fulfilled');
	});

	it('fails alone inside a set of queries', async () => {
		const request = (path: string) => ({ ...corpus.call(path), journal: null });
		const { results } = await corpus.engine.querySet([
			request('events:kinds'),
			request('runtime:loops'),
			request('items:first')
		]);
		expect(results.map(({ outcome }) => outcome.ok)).toEqual([true, false, true]);
	});

	it('is rolled back when it is a mutation', async () => {
		corpus.notices.length = 0;
		await expect(corpus.mutation('runtime:loopsInMutation')).rejects.toThrow('timed out');
		expect(await corpus.query('events:kinds')).not.toContain('lost');
		expect(corpus.notices.some(({ everything }) => everything)).toBe(true);
	});

	it('fails when it is an action, and queries and later actions are answered', async () => {
		for (const path of ['runtime:loopsInAction', 'node:loops']) {
			const loop = corpus.action(path).catch((error: unknown) => String(error));
			expect(await corpus.query('items:first')).toBeNull();
			expect(await loop).toContain('the process that ran it ended');
			expect(await corpus.action('runtime:waits', { milliseconds: 1 })).toBe(1);
		}
	});
});

describe('a function that ends its process', () => {
	it('cannot with process.exit in an action', async () => {
		const beside = corpus.action('runtime:waits', { milliseconds: 300 });
		await expect(corpus.action('node:exits')).rejects.toThrow('process.exit() is not allowed in an action');
		expect(await beside).toBe(300);
	});

	it('takes the actions beside it along when it kills the process, and nothing else', async () => {
		const died = await corpus.action('node:dies').catch((error: unknown) => String(error));
		expect(died).toContain('It was not started again, because it may have had effects');
		expect(await corpus.mutation('events:nested')).toBeTruthy();
		expect(await corpus.action('node:hash', { text: 'x' })).toHaveLength(64);
	});

	it('fails alone when it throws in a timer', async () => {
		const beside = corpus.action('runtime:waits', { milliseconds: 300 });
		await expect(corpus.action('node:lateThrow')).rejects.toThrow('thrown in a timer');
		expect(await beside).toBe(300);
	});
});

describe('actions', () => {
	it('run at the same time', async () => {
		const started = Date.now();
		const waits = await Promise.all(
			Array.from({ length: 10 }, () => corpus.action('runtime:waits', { milliseconds: 200 }))
		);
		expect(waits).toEqual(Array.from({ length: 10 }, () => 200));
		expect(Date.now() - started).toBeLessThan(1_500);
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

describe('log entries', () => {
	it('tell of every function that ended', async () => {
		corpus.logs.length = 0;
		valueOf((await corpus.queryResult('runtime:logs')).outcome);
		await corpus.query('runtime:deepError').catch(() => undefined);
		expect(corpus.logs[0]).toMatchObject({
			kind: 'Completion',
			udfType: 'Query',
			identifier: 'runtime:logs',
			componentPath: null,
			error: null,
			success: {},
			requestId: 'feedbeef',
			logLines: [
				{ level: 'LOG', messages: ["'a'", '1', '{ b: [ 2 ] }'], isTruncated: false },
				{ level: 'WARN', messages: ["'careful'"] },
				{ level: 'ERROR', messages: ["'shown'"] }
			]
		});
		expect(corpus.logs[1]).toMatchObject({
			identifier: 'runtime:deepError',
			success: null,
			error: expect.stringContaining('from below')
		});
	});
});
