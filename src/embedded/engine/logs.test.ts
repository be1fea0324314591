/** What logs tell of each function: `/api/stream_function_logs`. */
import { getDocumentSize, jsonToConvex } from 'convex/values';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { bundleText } from '../corpus/bundle.ts';
import { Corpus } from '../corpus/harness.ts';

const entryShape = z.looseObject({
	kind: z.enum(['Completion', 'Progress']),
	identifier: z.string(),
	executionId: z.string(),
	requestId: z.string(),
	logLines: z.array(z.object({ level: z.string(), messages: z.array(z.string()) })),
	usageStats: z.record(z.string(), z.number()).optional()
});

const TALKING = `
	import { actionGeneric } from 'convex/server';
	export const talks = actionGeneric(async (ctx) => {
		console.log('first');
		await ctx.runMutation('items:insert', { name: 'by an action', day: 50 });
		console.warn('second');
		return 'done';
	});`;

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
	const talking = await bundleText('talking.js', TALKING);
	const inNode = await bundleText('talkingInNode.js', `'use node';${TALKING}`, 'node');
	await corpus.push({ ...corpus.bundle, functions: [...corpus.bundle.functions, talking, inNode] });
});
beforeEach(() => void corpus.logs.splice(0));
afterAll(() => corpus.close());

const entries = () => corpus.logs.map((entry) => entryShape.parse(entry));

it('how much of the database it read and wrote', async () => {
	await corpus.mutation('items:insertMany', { from: 0, count: 3 });
	await corpus.query('items:byDay', { from: 0, to: 9 });
	const request = { componentPath: '', table: 'items', order: 'asc', numItems: 9, cursor: null } as const;
	const { page } = await corpus.engine.tableData(request);
	const documents = z.array(z.record(z.string(), z.json())).parse(JSON.parse(page));
	const bytes = documents
		.map((document) => getDocumentSize(z.record(z.string(), z.any()).parse(jsonToConvex(document))))
		.reduce((sum, size) => sum + size, 0);
	expect(bytes).toBeGreaterThan(200);
	const [written, read] = entries();
	expect(written?.usageStats).toMatchObject({
		databaseWriteDocuments: 3,
		databaseWriteBytes: bytes,
		databaseReadDocuments: 0,
		// By creation time, day, group and day, size.
		databaseWriteIndexRows: 12
	});
	expect(read).toMatchObject({
		usageStats: {
			databaseReadDocuments: 3,
			databaseReadBytes: bytes,
			databaseWriteDocuments: 0,
			databaseWriteIndexRows: 0
		},
		returnBytes: '[0,1,2]'.length,
		environment: 'isolate',
		success: null,
		error: null,
		cachedResult: false
	});
});

it.each([
	['talking:talks', 'isolate'],
	['talkingInNode:talks', 'node']
])('what an action says while it runs, and what it calls: %s', async (name, environment) => {
	await corpus.action(name);
	const [first, mutation, second, completion] = entries();
	expect(first).toMatchObject({ kind: 'Progress', identifier: name, udfType: 'Action', componentPath: null });
	expect([first, second].map((entry) => entry?.logLines)).toEqual([
		[expect.objectContaining({ level: 'LOG', messages: ["'first'"] })],
		[expect.objectContaining({ level: 'WARN', messages: ["'second'"] })]
	]);
	expect(completion).toMatchObject({ kind: 'Completion', identifier: name, environment, returnBytes: '"done"'.length });
	expect([first, second].map((entry) => entry?.executionId)).toEqual([
		completion?.executionId,
		completion?.executionId
	]);
	expect(mutation).toMatchObject({
		identifier: 'items:insert',
		caller: 'Action',
		parentExecutionId: completion?.executionId,
		requestId: completion?.requestId
	});
});

it('how much an action stored and read', async () => {
	await corpus.action('files:store', { text: 'hello' });
	expect(entries().at(-1)?.usageStats).toMatchObject({ storageWriteBytes: 5, storageReadBytes: 5 });
});

it('a function that is not there ran nowhere', async () => {
	await expect(corpus.action('node:nothing')).rejects.toThrow('Could not find');
	expect(entries()).toMatchObject([{ kind: 'Completion', environment: 'invalid', returnBytes: null }]);
});
