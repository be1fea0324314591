/** What an action does to the thread that runs it ends that action, and nothing beside it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus, eventually } from '../corpus/harness.ts';

/** How long a thread may hold its event loop (milliseconds); a machine that is busy with other tests needs some. */
const SILENCE = 3_000;
const ENDLESS = 'Check your function for infinite loops';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start({ pingInterval: 100, pingTimeout: SILENCE });
});
afterAll(() => corpus.close());

/** Runs an action while two others run; they end as ever. Returns what it failed with. */
async function failureBesideOthers(path: string, args = {}): Promise<string> {
	const beside = [
		corpus.action('runtime:waits', { milliseconds: 300 }),
		corpus.action('events:viaAction', { kind: 'x' })
	];
	const failed = corpus.action(path, args).then(
		(value) => `returned ${String(value)}`,
		(error: unknown) => String(error)
	);
	expect((await Promise.all(beside))[0]).toBe(300);
	return failed;
}

describe.each([
	['harm:loops', ENDLESS],
	['harm:loopsInMicrotasks', ENDLESS],
	['nodeHarm:loops', ENDLESS],
	['harm:recurses', 'Uncaught RangeError: Maximum call stack size exceeded'],
	['harm:growsArray', 'ran out of memory (maximum memory usage: 64 MB)'],
	['harm:growsMap', 'ran out of memory (maximum memory usage: 64 MB)'],
	['harm:bigArray', 'ran out of memory (maximum memory usage: 64 MB)'],
	['nodeHarm:bigArray', 'ran out of memory (maximum memory usage: 512 MB)'],
	['harm:bigBuffer', 'ran out of memory (maximum memory usage: 64 MB)'],
	['harm:manyBuffers', 'ran out of memory (maximum memory usage: 64 MB)'],
	['nodeHarm:manyBuffers', 'ran out of memory (maximum memory usage: 512 MB)'],
	['harm:rejects', 'Uncaught Error: nobody awaits this\n    at handler (../convex/harm.ts:'],
	['harm:rejectsAndReturns', 'Uncaught Error: nobody awaits this'],
	['harm:throwsLater', 'Uncaught Error: thrown in a timer\n    at ../convex/harm.ts:'],
	['nodeHarm:rejects', 'Uncaught Error: nobody awaits this\n    at handler (../convex/nodeHarm.ts:'],
	['nodeHarm:throwsLater', 'Uncaught Error: thrown in a timer'],
	['nodeHarm:exits', 'The action ended the process that ran it (exit code 3).'],
	['nodeHarm:aborts', 'The action ended the process that ran it'],
	['nodeHarm:kills', 'The action ended the process that ran it']
])('%s', (path, words) => {
	it('ends alone', { timeout: 30_000 }, async () => {
		expect(await failureBesideOthers(path)).toContain(words);
		expect(await corpus.action('runtime:waits', { milliseconds: 1 })).toBe(1);
		expect(await corpus.action('node:hash', { text: 'x' })).toHaveLength(64);
	});
});

describe('a thread that native code holds', () => {
	it('is given up: its action fails, those beside it end, and the next ones run', { timeout: 30_000 }, async () => {
		const beside = corpus.action('runtime:waits', { milliseconds: SILENCE + 2_000 });
		await expect(corpus.action('nodeHarm:blocks', { seconds: 12 })).rejects.toThrow(ENDLESS);
		expect(await corpus.action('node:hash', { text: 'x' })).toHaveLength(64);
		expect(await beside).toBe(SILENCE + 2_000);
	});
});

describe('the death of the whole process', () => {
	it('fails what ran in it with words, and the next action gets a new one', async () => {
		const died = await corpus.action('nodeHarm:dies').catch((error: unknown) => String(error));
		expect(died).toContain('It was not started again, because it may have had effects');
		expect(await corpus.mutation('events:nested')).toBeTruthy();
		expect(await corpus.action('node:hash', { text: 'x' })).toHaveLength(64);
	});
});

describe('an action that has ended', () => {
	it.each(['harm:leaves', 'nodeHarm:leaves'])('writes and logs nothing any more: %s', async (path) => {
		corpus.logs.length = 0;
		expect(await corpus.action(path, { kind: path })).toBe('returned');
		// Longer than the timers that it left.
		await corpus.action('runtime:waits', { milliseconds: 100 });
		const kinds = await corpus.query('events:kinds');
		expect(JSON.stringify(kinds)).not.toContain(path);
		expect(JSON.stringify(corpus.logs)).not.toContain('still here');
	});

	it('leaves its globals to nobody in the default runtime, and its modules in the Node runtime', async () => {
		expect([await corpus.action('harm:counts'), await corpus.action('harm:counts')]).toEqual([1, 1]);
		const first = Number(await corpus.action('nodeHarm:counts'));
		expect(await corpus.action('nodeHarm:counts')).toBe(first + 1);
	});

	it('may have fetched: a connection that is kept alive is nothing left behind', async () => {
		const server = createServer((_request, response) => response.end('x')).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const address = server.address();
		if (address === null || typeof address === 'string') throw new Error('no port');
		const url = `http://127.0.0.1:${address.port}`;
		const first = Number(await corpus.action('nodeHarm:fetches', { url }));
		expect(await corpus.action('nodeHarm:fetches', { url })).toBe(first + 1);
		server.close();
		server.closeAllConnections();
	});

	it('is told apart in the logs from those that ran at the same time', async () => {
		corpus.logs.length = 0;
		await Promise.all([10, 20, 30].map((milliseconds) => corpus.action('runtime:waits', { milliseconds })));
		const entries = await eventually(
			async () => corpus.logs.filter(({ kind, identifier }) => kind === 'Completion' && identifier === 'runtime:waits'),
			({ length }) => length === 3
		);
		expect(entries.map(({ logLines }) => Object(logLines)[0].messages[1]).sort()).toEqual(['10', '20', '30']);
	});
});
