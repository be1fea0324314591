import { getDocumentSize } from 'convex/values';
import type { Value } from 'convex/values';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus } from '../corpus/harness.ts';
import { DEFAULT_LIMITS, limitsFrom } from './limits.ts';

const CONSIDER =
	'Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.';

function field(value: Value, name: string): Value {
	return Object(value)[name];
}

function nestedArrays(levels: number): Value {
	let value: Value = [];
	for (let i = 1; i < levels; i++) value = [value];
	return value;
}

describe('limitsFrom', () => {
	it('takes figures by the names of the backend, in their units', () => {
		expect(limitsFrom({})).toEqual(DEFAULT_LIMITS);
		expect(limitsFrom({ TRANSACTION_MAX_NUM_SCHEDULED: '7', DATABASE_UDF_USER_TIMEOUT_SECONDS: '2' })).toEqual({
			...DEFAULT_LIMITS,
			functionsScheduled: 7,
			userTime: 2_000
		});
		expect(() => limitsFrom({ FUNCTION_MAX_ARGS_SIZE: 'lots' })).toThrow(
			'FUNCTION_MAX_ARGS_SIZE must be a number that is not negative.'
		);
	});
});

describe('with the usual figures', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start();
	});
	afterAll(() => corpus.close());

	it.each<[string, Value, string | null]>([
		['16 levels', { a: nestedArrays(15) }, null],
		['17 levels', { a: nestedArrays(16) }, 'Document is too nested (nested 17 levels deep > maximum nesting 16)'],
		['an array of 8192', { a: Array.from({ length: 8_192 }, () => null) }, null],
		[
			'an array of 8193',
			{ a: Array.from({ length: 8_193 }, () => null) },
			'Array length is too long (8193 > maximum length 8192)'
		],
		['1024 fields', { o: Object.fromEntries(Array.from({ length: 1_024 }, (_, i) => [`f${i}`, i])) }, null],
		[
			'1025 fields',
			{ o: Object.fromEntries(Array.from({ length: 1_025 }, (_, i) => [`f${i}`, i])) },
			'Object has too many fields (1025 > maximum number 1024)'
		],
		['a field name of 1024', { o: { ['n'.repeat(1_024)]: 1 } }, null],
		['an underscore', { _x: 1 }, "Field '_x' starts with an underscore"],
		['an underscore further down', { o: { _x: 1 } }, null],
		['a lone surrogate', { text: 'a\ud800' }, 'lone surrogate'],
		['a pair of surrogates', { text: '\ud83d\ude00' }, null]
	])('accepts and refuses documents as Convex does: %s', async (_name, document, refusal) => {
		const written = corpus.mutation('limits:write', { document });
		if (refusal === null) await expect(written).resolves.toBeTypeOf('string');
		else await expect(written).rejects.toThrow(refusal);
	});

	it('refuses names that Convex reserves or cannot write', async () => {
		const refusal = async (json: string): Promise<string> => {
			const call = { ...corpus.call('limits:write'), args: `[{"document":${json}}]` };
			const { outcome } = await corpus.engine.mutation(call);
			return outcome.ok ? 'accepted' : outcome.failure.message;
		};
		expect(await refusal('{"o":{"$x":1}}')).toContain("Field name $x starts with '$', which is reserved.");
		expect(await refusal('{"grün":1}')).toContain('Field names can only contain non-control ASCII characters');
		expect(await refusal(`{"${'n'.repeat(1_025)}":1}`)).toContain('Field name is too long (1025 > maximum 1024)');
		expect(await refusal('{"a b":1}')).toBe('accepted');
	});

	it('takes documents of exactly 1 MiB', async () => {
		const overhead = getDocumentSize({ text: '' });
		const most = 1 << 20;
		await expect(corpus.mutation('limits:writeText', { length: most - overhead })).resolves.toBeTypeOf('string');
		await expect(corpus.mutation('limits:writeText', { length: most - overhead + 1 })).rejects.toThrow(
			'Value is too large (1.00 MiB > maximum size 1 MiB)'
		);
	});

	it('reads 4096 ranges and no more; ranges that are the same or touch count once', async () => {
		const most = await corpus.query('limits:ranges', { count: 4_096, step: 2 });
		expect(field(most, 'databaseQueries')).toEqual({ used: 4_096, remaining: 0 });
		await expect(corpus.query('limits:ranges', { count: 4_097, step: 2 })).rejects.toThrow(
			`Too many reads in a single function execution (limit: 4096). ${CONSIDER}`
		);
		const same = await corpus.query('limits:ranges', { count: 5_000, step: 0 });
		expect(field(same, 'databaseQueries')).toEqual({ used: 1, remaining: 4_095 });
	});

	it('schedules 1000 functions and no more', async () => {
		const most = await corpus.mutation('limits:scheduleMany', { count: 1_000 });
		expect(field(most, 'functionsScheduled')).toEqual({ used: 1_000, remaining: 0 });
		await expect(corpus.mutation('limits:scheduleMany', { count: 1_001 })).rejects.toThrow(
			'Too many functions scheduled by this mutation (limit: 1000)'
		);
		await expect(corpus.mutation('limits:scheduleMany', { count: 5, length: 4 << 20 })).rejects.toThrow(
			'Too large total size of the arguments of scheduled functions from this mutation (limit: 16777216 bytes)'
		);
	});

	it('takes and returns 16 MiB', async () => {
		const rest = 2 + 2 + 'value'.length + 1 + 2;
		const fits = 'x'.repeat((16 << 20) - rest - 2);
		await expect(corpus.mutation('limits:echo', { value: `${fits}xxx` })).rejects.toThrow(
			'Arguments for limits.js:echo are too large (actual: 16.00 MiB, limit: 16 MiB)'
		);
		await expect(corpus.mutation('limits:echo', { value: fits })).resolves.toBe(fits);
		await expect(corpus.query('limits:returnText', { length: (16 << 20) - 1 })).rejects.toThrow(
			'Function limits.js:returnText return value is too large (actual: 16.00 MiB, limit: 16 MiB)'
		);
		await expect(corpus.action('limits:echoAction', { value: nestedArrays(63) })).rejects.toThrow(
			'Invalid arguments for limits.js:echoAction: Value is too nested (nested 65 levels deep > maximum nesting 64)'
		);
	});

	it('keeps 255 log lines and says that there were more', async () => {
		const lines = async (count: number) => (await corpus.queryResult('limits:logMany', { count })).outcome.logLines;
		expect(await lines(255)).toHaveLength(255);
		const more = await lines(1_000);
		expect(more).toHaveLength(256);
		expect(more.at(-1)).toBe('[ERROR] Log overflow (maximum 256). Remaining log lines omitted.');
		const { outcome } = await corpus.queryResult('limits:logText', { text: 'ü', times: 20_000 });
		expect(Buffer.byteLength(outcome.logLines[0] ?? '')).toBeLessThanOrEqual(
			32_768 + Buffer.byteLength('[LOG]  (truncated due to length)')
		);
		expect(outcome.logLines[0]).toMatch(/ü \(truncated due to length\)$/);
	});
});

describe('with small figures', () => {
	let corpus: Corpus;
	let ids: string[] = [];
	beforeAll(async () => {
		corpus = await Corpus.start({
			documentsRead: 100,
			bytesRead: 20_000,
			documentsWritten: 100,
			bytesWritten: 20_000,
			userTime: 300
		});
		const written = await corpus.mutation('limits:writeMany', { count: 100 });
		ids = Array.isArray(written) ? written.map(String) : [];
	});
	afterAll(() => corpus.close());

	it('counts documents and bytes, and refuses the first beyond', async () => {
		const metrics = await corpus.query('limits:getMany', { ids });
		const size = getDocumentSize({ _id: ids[0] ?? '', _creationTime: 0, text: 'x', i: 0 });
		expect(metrics).toEqual({
			bytesRead: { used: 100 * size, remaining: 20_000 - 100 * size },
			bytesWritten: { used: 0, remaining: 20_000 },
			databaseQueries: { used: 100, remaining: 4_096 - 100 },
			documentsRead: { used: 100, remaining: 0 },
			documentsWritten: { used: 0, remaining: 100 },
			functionsScheduled: { used: 0, remaining: 1_000 },
			scheduledFunctionArgsBytes: { used: 0, remaining: 16 << 20 }
		});
		await corpus.mutation('limits:writeMany', { count: 1 });
		await expect(corpus.query('limits:readMany', { count: 100 })).resolves.toBe(100);
		await expect(corpus.query('limits:readMany', { count: 101 })).rejects.toThrow(
			`Too many documents read in a single function execution (limit: 100). ${CONSIDER}`
		);
		await expect(corpus.mutation('limits:writeMany', { count: 101 })).rejects.toThrow(
			'Too many writes in a single function execution (limit: 100)'
		);
		await expect(corpus.mutation('limits:writeMany', { count: 10, length: 2_000 })).rejects.toThrow(
			'Too many bytes written in a single function execution (limit: 20000 bytes)'
		);
	});

	it('counts what a patch reads and writes', async () => {
		const metrics = await corpus.mutation('limits:patchMany', { ids: ids.slice(0, 10) });
		const size = (text: string) => getDocumentSize({ _id: ids[0] ?? '', _creationTime: 0, text, i: 0 });
		expect(metrics).toMatchObject({
			bytesRead: { used: 10 * size('x') },
			bytesWritten: { used: 10 * size('patched') },
			documentsRead: { used: 10 },
			documentsWritten: { used: 10 },
			databaseQueries: { used: 10 }
		});
	});

	it('warns of what comes near', async () => {
		const { outcome } = await corpus.queryResult('limits:readMany', { count: 90 });
		expect(outcome.logLines).toEqual([
			`[WARN] Many documents read in a single function execution (actual: 90, limit: 100). ${CONSIDER}`
		]);
		expect((await corpus.queryResult('limits:readMany', { count: 80 })).outcome.logLines).toEqual([]);
	});

	it('lets nested calls use the same budget, or less when they are told so', async () => {
		expect(await corpus.mutation('limits:nested', { count: 60, inner: 40, budget: {} })).toMatchObject({
			failure: null,
			metrics: { documentsWritten: { used: 100, remaining: 0 } }
		});
		const shared = await corpus.mutation('limits:nested', { count: 60, inner: 41, budget: {} });
		expect(field(shared, 'failure')).toContain('Too many writes in a single function execution (limit: 100)');
		// What the nested mutation wrote is given back, and what it may use counts from where it began.
		expect(shared).toMatchObject({ metrics: { documentsWritten: { used: 60, remaining: 40 } } });
		const less = await corpus.mutation('limits:nested', { count: 10, inner: 6, budget: { documentsWritten: 5 } });
		expect(field(less, 'failure')).toContain('Too many writes in a single function execution (limit: 15)');
		const more = await corpus.mutation('limits:nested', { count: 60, inner: 50, budget: { documentsWritten: 500 } });
		expect(field(more, 'failure')).toContain('(limit: 100)');
		expect(await corpus.query('limits:metricsUnder', { budget: { documentsRead: 3 } })).toMatchObject({
			documentsRead: { used: 1, remaining: 3 },
			documentsWritten: { used: 0, remaining: 100 }
		});
	});

	it('stops a function at the first syscall after its time, whatever it catches', async () => {
		const kinds = corpus.notices.filter(({ everything }) => everything).length;
		await expect(corpus.mutation('limits:busy', { rounds: 20, milliseconds: 100 })).rejects.toThrow(
			'Function execution timed out (maximum duration: 0.3s)'
		);
		// It failed alone: the process that ran it goes on.
		expect(corpus.notices.filter(({ everything }) => everything)).toHaveLength(kinds);
	});
});

describe('a function that cannot be stopped from inside', () => {
	let corpus: Corpus;
	beforeAll(async () => {
		corpus = await Corpus.start({ userTime: 300, heapMegabytes: 128 });
	});
	afterAll(() => corpus.close());

	it.each([
		['limits:microtasks', 'Function execution timed out (maximum duration: 0.3s)'],
		['runtime:loops', 'Function execution timed out (maximum duration: 0.3s)'],
		['limits:recurses', 'RangeError: Maximum call stack size exceeded'],
		['limits:hoards', ''],
		['limits:hugeString', 'RangeError: Invalid string length']
	])('fails alone: %s', async (path, words) => {
		const results = await Promise.allSettled([
			corpus.query('items:first'),
			corpus.query(path),
			corpus.query('items:first'),
			corpus.mutation('limits:echo', { value: 1 })
		]);
		expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
		expect(String(results[1]?.status === 'rejected' && results[1].reason)).toContain(words);
	});
});
