import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleText } from '../corpus/bundle.ts';
import { Corpus } from '../corpus/harness.ts';
import type { PushBundle } from './bundle.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

const SCHEMA = (items: string): string => `
	import { defineSchema, defineTable } from 'convex/server';
	import { v } from 'convex/values';
	export default defineSchema({ items: ${items}, events: defineTable({ kind: v.string(), at: v.number() }) });
`;

async function withModule(
	path: string,
	source: string,
	environment: 'isolate' | 'node' = 'isolate'
): Promise<PushBundle> {
	const module = await bundleText(path, source, environment);
	return { ...corpus.bundle, functions: [...corpus.bundle.functions.filter((other) => other.path !== path), module] };
}

async function withSchema(items: string): Promise<PushBundle> {
	return { ...corpus.bundle, schema: await bundleText('schema.js', SCHEMA(items)) };
}

describe('evaluating a bundle', () => {
	it('says what it exports', async () => {
		const { analysis } = (await corpus.push(corpus.bundle)).prepared;
		const functions = analysis.modules['events.js']?.functions ?? [];
		expect(functions.find(({ name }) => name === 'add')).toEqual({
			name: 'add',
			udfType: 'Mutation',
			visibility: { kind: 'internal' },
			args: JSON.stringify({ type: 'object', value: { kind: { fieldType: { type: 'string' }, optional: false } } }),
			returns: JSON.stringify({ type: 'null' })
		});
		expect(analysis.modules['node.js']?.functions.map(({ name, udfType }) => `${udfType} ${name}`).sort()).toEqual([
			'Action fails',
			'Action hash',
			'Action repeats',
			'Action variables',
			'Action waits'
		]);
		expect(analysis.modules['http.js']?.httpRoutes).toContainEqual({ route: { path: '/echo', method: 'POST' } });
		expect(analysis.modules['crons.js']?.cronSpecs?.map(({ identifier }) => identifier)).toEqual(['tick', 'nightly']);
	});

	it('leaves nothing behind', async () => {
		const before = await corpus.engine.modules();
		const prepared = await corpus.engine.preparePush(await withModule('extra.js', 'export const x = 1;'));
		expect(prepared).not.toHaveProperty('code');
		expect(await corpus.engine.modules()).toEqual(before);
		await expect
			.poll(() => readdirSync(join(corpus.dataDir, 'modules')).filter((name) => name.startsWith('analysis')))
			.toEqual([]);
	});

	it.each([
		[
			'a module that throws',
			'export const x = 1; throw new Error("at the top");',
			/Failed to analyze bad\.js: Uncaught Error: at the top\n {4}at .*bad\.ts:1/
		],
		['a module that never ends by itself', 'process.exit?.(1); throw new Error("no exit here");', /no exit here/]
	])('refuses %s', async (_what, source, words) => {
		const refusal = await corpus.engine.preparePush(await withModule('bad.js', source));
		expect(refusal).toMatchObject({ code: 'InvalidModules', message: expect.stringMatching(words) });
	});

	it('survives a "use node" module that ends the process', async () => {
		const refusal = await corpus.engine.preparePush(
			await withModule('bad.js', 'process.kill(process.pid, "SIGKILL");', 'node')
		);
		expect(refusal).toMatchObject({ code: 'InvalidModules', message: expect.stringContaining('ended the process') });
	});

	it('refuses queries in "use node" modules', async () => {
		const source = "import { queryGeneric } from 'convex/server'; export const q = queryGeneric(() => null);";
		expect(await corpus.engine.preparePush(await withModule('bad.js', source, 'node'))).toMatchObject({
			message: expect.stringContaining(
				'`q` defined in `bad.js` is a Query function. Only actions can be defined in Node.js.'
			)
		});
	});

	it('names the variable that the auth config lacks', async () => {
		const source = `export default { providers: [{ domain: process.env.ISSUER, applicationID: 'app' }] };`;
		const bundle = { ...corpus.bundle, auth: await bundleText('auth.config.js', source) };
		expect(await corpus.engine.preparePush(bundle)).toEqual({
			code: 'AuthConfigMissingEnvironmentVariable',
			message: 'Environment variable ISSUER is used in auth config file but its value was not set'
		});
		await corpus.engine.setEnvironment([{ name: 'ISSUER', value: 'https://issuer.example' }]);
		const { prepared } = await corpus.push(bundle);
		expect(prepared.analysis.authProviders).toEqual([{ domain: 'https://issuer.example', applicationID: 'app' }]);
		await expect(corpus.engine.setEnvironment([{ name: 'ISSUER', value: null }])).rejects.toThrow('ISSUER');
		await corpus.engine.setEnvironment([{ name: 'ISSUER', value: 'https://other.example' }]);
		expect((await corpus.engine.analysis()).authProviders).toEqual([
			{ domain: 'https://other.example', applicationID: 'app' }
		]);
	});
});

describe('applying a push', () => {
	it('replaces code at once and tells every subscription', async () => {
		corpus.notices.length = 0;
		await corpus.push(
			await withModule(
				'extra.js',
				"import { queryGeneric } from 'convex/server'; export const one = queryGeneric(() => 1);"
			)
		);
		expect(await corpus.query('extra:one')).toBe(1);
		expect(corpus.notices.some(({ everything }) => everything)).toBe(true);
		await corpus.push(
			await withModule(
				'extra.js',
				"import { queryGeneric } from 'convex/server'; export const one = queryGeneric(() => 2);"
			)
		);
		expect(await corpus.query('extra:one')).toBe(2);
		await corpus.push(corpus.bundle);
		await expect(corpus.query('extra:one')).rejects.toThrow('Could not find function');
	});

	it('adds and removes indexes, and fills them', async () => {
		await corpus.push(corpus.bundle);
		await corpus.mutation('items:insertMany', { from: 0, count: 3 });
		const without = await withSchema('defineTable({ name: v.string(), day: v.number() })');
		const { prepared } = await corpus.push(without);
		expect(prepared.indexDiffs['']?.removed).toEqual(
			expect.arrayContaining(
				['items.by_day', 'items.by_group_day', 'items.by_size', 'notes.by_text', 'notes.by_meaning'].map((name) =>
					expect.objectContaining({ name })
				)
			)
		);
		await expect(corpus.query('items:byDay', { from: 0, to: 9 })).rejects.toThrow('Index items.by_day not found.');
		await corpus.push(corpus.bundle);
		expect(await corpus.query('items:byDay', { from: 0, to: 9 })).toEqual([0, 1, 2]);
	});

	it('refuses a schema that existing documents do not fit, and changes nothing', async () => {
		const bundle = await withSchema('defineTable({ name: v.number(), day: v.number() })');
		await expect(corpus.push(bundle)).rejects.toThrow(
			/^Document with ID "\w{32}" in table "items" does not match the schema: Value does not match validator\.\nPath: \.name\n/
		);
		const prepared = await corpus.engine.preparePush(bundle);
		if ('code' in prepared) throw new Error(prepared.message);
		expect(await corpus.engine.applyPush(bundle, prepared.analysis)).toMatchObject({
			code: 'SchemaAlreadyFailed',
			message: expect.stringContaining('Schema has already been failed with error: Document with ID')
		});
		expect(await corpus.query('items:byDay', { from: 0, to: 9 })).toEqual([0, 1, 2]);
	});

	it('fills search indexes with what is there, and names them as the CLI reads them', async () => {
		const search = await withSchema(
			"defineTable({ name: v.string(), day: v.number() }).searchIndex('by_name', { searchField: 'name', filterFields: ['day'], staged: false }).vectorIndex('near', { vectorField: 'place', dimensions: 2 }).index('by_day', ['day'])"
		);
		const { prepared } = await corpus.push(search);
		expect(prepared.indexDiffs['']?.added).toEqual([
			{ name: 'items.by_name', type: 'search', searchField: 'name', filterFields: ['day'], staged: false },
			{ name: 'items.near', type: 'vector', vectorField: 'place', dimensions: 2, filterFields: [], staged: false }
		]);
		const found = await withModule(
			'extra.js',
			"import { queryGeneric } from 'convex/server'; export const found = queryGeneric(async ({ db }) => (await db.query('items').withSearchIndex('by_name', (q) => q.search('name', 'item 1')).collect()).map(({ name }) => name));"
		);
		const { prepared: again } = await corpus.push({ ...found, schema: search.schema });
		expect(again.indexDiffs['']).toEqual({ added: [], removed: [], enabled: [], disabled: [] });
		expect(await corpus.query('extra:found')).toEqual(['item 1', 'item 2', 'item 0']);
		await corpus.push(corpus.bundle);
	});

	it('survives a restart', async () => {
		await corpus.restart();
		expect(await corpus.query('items:byDay', { from: 0, to: 9 })).toEqual([0, 1, 2]);
		expect(await corpus.engine.functionInfo('node:hash', '')).toMatchObject({ udfType: 'Action' });
		expect(await corpus.engine.tableNames('')).toEqual(expect.arrayContaining(['items', 'notes', 'numbers']));
		const first = await corpus.engine.tableData({
			componentPath: '',
			table: 'items',
			order: 'asc',
			numItems: 2,
			cursor: null
		});
		const rest = await corpus.engine.tableData({
			componentPath: '',
			table: 'items',
			order: 'asc',
			numItems: 2,
			cursor: first.continueCursor
		});
		expect([...JSON.parse(first.page), ...JSON.parse(rest.page)].map(({ day }) => day)).toEqual([0, 1, 2]);
		expect([first.isDone, rest.isDone]).toEqual([false, true]);
	});
});
