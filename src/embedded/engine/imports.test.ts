/** Imports while the schema changes. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleText } from '../corpus/bundle.ts';
import { Corpus } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

/** Of `size` the schema in force takes more. */
const SCHEMA = `
	import { defineSchema, defineTable } from 'convex/server';
	import { v } from 'convex/values';
	export default defineSchema({
		items: defineTable({ name: v.string(), day: v.number(), size: v.string() }).index('by_name', ['name'])
	});`;

it.each([
	['fit', 'large', { type: 'complete' }],
	['do not fit', 2, { type: 'failed', tableName: 'items', error: expect.stringContaining('Path: .size') }]
])('a change that nobody waits for is checked against imported documents, which %s', async (_what, size, status) => {
	const prepared = await corpus.engine.preparePush({
		...corpus.bundle,
		schema: await bundleText('schema.js', SCHEMA)
	});
	if ('code' in prepared) throw new Error(prepared.message);
	const change = await corpus.engine.submitSchema(prepared.analysis, false);
	expect(await corpus.engine.schemaStatus(change, 10_000)).toEqual({ type: 'complete' });
	const [table] = await corpus.engine.beginImport('replace', [{ component: '', name: 'items', number: null }]);
	if (table === undefined) throw new Error('no table was prepared');
	await corpus.engine.importRows(table.tablet, [JSON.stringify({ name: 'imported', day: 7, size })]);
	await corpus.engine.publishImport('replace', [table]);
	await corpus.engine.endImport([table]);
	expect(await corpus.query('items:byDay', { from: 0, to: 9 })).toEqual([7]);
	await expect.poll(() => corpus.engine.schemaStatus(change, 0)).toMatchObject(status);
	await corpus.engine.abandonSchema(change);
});
