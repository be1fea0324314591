/** The bounds on actions, and what is told of one that comes near to them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus } from '../corpus/harness.ts';

const MIB = 1 << 20;

describe('the wall clock', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start({ actionWallClock: 1_000, nodeActionWallClock: 1_500, pingTimeout: 20_000 });
	});
	afterAll(() => corpus.close());

	it.each([
		['runtime:waits', '1s'],
		['node:waits', '1.5s'],
		['harm:loops', '1s']
	])('ends %s', async (path, limit) => {
		const started = performance.now();
		const args = path === 'harm:loops' ? {} : { milliseconds: 60_000 };
		await expect(corpus.action(path, args)).rejects.toThrow(
			`Function execution timed out (maximum duration: ${limit})`
		);
		expect(performance.now() - started).toBeGreaterThan(1_000);
		expect(performance.now() - started).toBeLessThan(30_000);
	});
});

describe('the heap', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start({ actionHeapBytes: 32 * MIB });
	});
	afterAll(() => corpus.close());

	it('is not used up by the actions that went before', { timeout: 60_000 }, async () => {
		// Node keeps the modules of each of them, some 500 KB.
		for (let i = 0; i < 200; i++) expect(await corpus.action('runtime:repeats', { text: 'x' })).toBe('x');
		// Long enough to be looked at.
		expect(await corpus.action('runtime:waits', { milliseconds: 1_500 })).toBe(1_500);
	});
});

describe('arguments of "use node" actions', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start();
	});
	afterAll(() => corpus.close());

	it('may have 5 MiB, as JSON text', async () => {
		const around = '[{"text":""}]'.length;
		const largest = 'x'.repeat(5 * MIB - around);
		expect(await corpus.action('node:repeats', { text: largest })).toBe(largest.length);
		await expect(corpus.action('node:repeats', { text: `${largest}x` })).rejects.toThrow(
			'Node actions arguments size is too large. The maximum size is 5 MiB.'
		);
		expect(await corpus.action('runtime:repeats', { text: `${largest}x` })).toHaveLength(largest.length + 1);
	});
});

describe('warnings', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start({ warningRatio: 0.01, actionWallClock: 10_000 });
	});
	afterAll(() => corpus.close());

	async function warnings(path: string, args: Parameters<Corpus['action']>[1] = {}): Promise<string[]> {
		const { ok, logLines } = await corpus.engine.action(corpus.call(path, args));
		expect(ok).toBe(true);
		const sentences = logLines.filter((line) => line.startsWith('[WARN]'));
		// A busy machine makes any action take its time.
		return path === 'runtime:waits' ? sentences : sentences.filter((line) => !line.includes('took a long time'));
	}

	it('tell of large arguments and return values', async () => {
		expect(await warnings('runtime:repeats', { text: 'x'.repeat(MIB) })).toEqual([
			expect.stringMatching(
				/^\[WARN\] Large size of the action arguments \(actual: \d+ bytes, limit: 16777216 bytes\)\.$/
			),
			expect.stringMatching(
				/^\[WARN\] Large size of the action return value \(actual: \d+ bytes, limit: 16777216 bytes\)\.$/
			)
		]);
		expect(await warnings('runtime:repeats', { text: 'x' })).toEqual([]);
	});

	it('tell of time', async () => {
		expect(await warnings('runtime:waits', { milliseconds: 150 })).toEqual([
			expect.stringMatching(
				/^\[WARN\] Function execution took a long time\. \(maximum duration: 10s, actual duration: [\d.]+s\)\.$/
			)
		]);
	});

	it('tell of what was not awaited', async () => {
		expect(await warnings('harm:forgets')).toEqual([
			'[WARN] 3 unawaited operations: [mutation, query]. Async operations should be awaited or they might not run. See https://docs.convex.dev/functions/actions#dangling-promises for more information.'
		]);
	});
});

describe('a process that answers nothing any more', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start({ pingInterval: 100, actionsSilence: 1_500 });
	});
	afterAll(() => corpus.close());

	it('is replaced', { timeout: 30_000 }, async () => {
		await corpus.action('runtime:waits', { milliseconds: 1 });
		const lost = corpus.action('runtime:waits', { milliseconds: 60_000 }).catch((error: unknown) => String(error));
		corpus.signal('actions', 'SIGSTOP');
		expect(await lost).toContain('The action was lost');
		expect(await corpus.action('runtime:waits', { milliseconds: 1 })).toBe(1);
	});
});
