/** `convex import`, by the unmodified CLI. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPromise } from 'yauzl';
import { startDeployment } from '../deployment.ts';
import type { RunningDeployment } from '../deployment.ts';
import { createTestApp } from '../testApp.testing.ts';
import type { TestApp } from '../testApp.testing.ts';

const list = makeFunctionReference<'query', { channel: string }, string[]>('messages:list');
const send = makeFunctionReference<'mutation', { channel: string; body: string }, string>('messages:send');
const uploadUrl = makeFunctionReference<'mutation', Record<string, never>, string>('files:uploadUrl');
const all = makeFunctionReference<'query', { table: string }, Record<string, unknown>[]>('odd:all');
const fill = makeFunctionReference<'mutation', Record<string, never>, null>('odd:fill');
const fileUrl = makeFunctionReference<'query', { id: string }, string | null>('files:url');

const ODD = `
	import { mutationGeneric, queryGeneric } from 'convex/server';
	import { v } from 'convex/values';
	export const all = queryGeneric({ args: { table: v.string() }, handler: async ({ db }, { table }) => await db.query(table).collect() });
	export const fill = mutationGeneric({
		args: {},
		handler: async ({ db }) => {
			const id = await db.insert('odd', { int: 2n ** 62n, small: 5n, float: 5, zero: -0, nan: NaN, far: -Infinity });
			await db.insert('odd', { bytes: new Uint8Array([0, 255]).buffer, text: 'ü\\u2028"\\n🦆', list: [1, 1n, [null]], ref: id });
			await db.insert('odd', { nested: { a: { b: [{ c: true }] } }, empty: {}, none: [] });
			for (let i = 0; i < 1200; i++) await db.insert('many', { i });
		}
	});`;

let app: TestApp;
const folders: string[] = [];
const deployments: RunningDeployment[] = [];
let first: RunningDeployment;

async function fresh(): Promise<RunningDeployment> {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'import-'));
	folders.push(dataDir);
	const started = await startDeployment({ dataDir, appDir: app.dir, port: 0 });
	deployments.push(started);
	await convex(started, 'dev', '--once', '--typecheck', 'disable');
	return started;
}

beforeAll(async () => {
	app = createTestApp();
	app.write('convex/odd.ts', ODD);
	first = await fresh();
}, 60_000);

afterAll(async () => {
	for (const deployment of deployments) await deployment.close();
	app.remove();
	for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function convex(deployment: RunningDeployment, ...args: string[]): Promise<string> {
	const { code, output } = await app.convex(deployment, ...args);
	expect(code, output).toBe(0);
	return output;
}

async function refused(deployment: RunningDeployment, ...args: string[]): Promise<string> {
	const { code, output } = await app.convex(deployment, ...args);
	expect(code, output).toBe(1);
	return output;
}

function client(deployment: RunningDeployment): ConvexHttpClient {
	return new ConvexHttpClient(deployment.url, { logger: false });
}

describe('a whole deployment', { timeout: 60_000 }, () => {
	test('export, import --replace-all elsewhere, export: the same documents, ids and files', async () => {
		const http = client(first);
		await http.mutation(fill, {});
		await http.mutation(send, { channel: 'a', body: 'hello' });
		const target = await http.mutation(uploadUrl, {});
		await fetch(target, { method: 'POST', body: 'a file', headers: { 'content-type': 'text/plain' } });
		await convex(first, 'export', '--path', path.join(app.dir, 'one.zip'), '--include-file-storage');
		const second = await fresh();
		await client(second).mutation(send, { channel: 'a', body: 'to be replaced' });
		const output = await convex(second, 'import', 'one.zip', '--replace-all', '-y');
		expect(output).toContain('Added 1204 documents');
		expect(output).toMatch(/messages +\| 1 +\| 1 of 1 +\|/);
		await convex(second, 'export', '--path', path.join(app.dir, 'two.zip'), '--include-file-storage');
		const before = await readArchive(path.join(app.dir, 'one.zip'));
		expect(await readArchive(path.join(app.dir, 'two.zip'))).toEqual(before);
		expect(await client(second).query(all, { table: 'odd' })).toEqual(await http.query(all, { table: 'odd' }));
		expect(await client(second).query(list, { channel: 'a' })).toEqual(['hello']);
		const id = [...before.keys()].find((name) => name.endsWith('.txt'))?.slice('_storage/'.length, -'.txt'.length);
		const url = await client(second).query(fileUrl, { id: id ?? '' });
		expect(await (await fetch(url ?? '')).text()).toBe('a file');
		expect(await client(second).mutation(send, { channel: 'a', body: 'after' })).toBe('after');
		expect(await client(second).query(list, { channel: 'a' })).toEqual(['hello', 'after']);
	});
});

describe('one table', { timeout: 60_000 }, () => {
	const names = async (table: string) =>
		(await client(first).query(all, { table })).map((row) => [row.name, row.value]);

	test('csv, json and jsonl; append, replace and the refusal to do either unasked', async () => {
		app.write('c.csv', 'name,value\n"a, ""b""",1\nc,-2.5e1\n');
		await convex(first, 'import', '--table', 'counters', 'c.csv');
		expect(await names('counters')).toEqual([
			['a, "b"', 1],
			['c', -25]
		]);
		app.write('d.json', '[{"name":"d","value":4}]');
		expect(await refused(first, 'import', '--table', 'counters', 'd.json')).toContain('already exists');
		await convex(first, 'import', '--table', 'counters', '--append', 'd.json');
		expect((await names('counters')).length).toBe(3);
		app.write('e.jsonl', '{"name":"e","value":5}\n{"name":"f","value":6}\n');
		const replaced = await convex(first, 'import', '--table', 'counters', '--replace', '-y', 'e.jsonl');
		expect(replaced).toMatch(/counters \| 2 +\| 3 of 3 \|/);
		expect(await names('counters')).toEqual([
			['e', 5],
			['f', 6]
		]);
	});

	test('what does not fit the schema is refused, and nothing of it is kept', async () => {
		const before = await names('counters');
		const rows = Array.from({ length: 1500 }, (_, i) => JSON.stringify({ name: 'n', value: i === 1400 ? 'x' : i }));
		app.write('bad.jsonl', rows.join('\n'));
		for (const mode of ['--append', '--replace']) {
			const output = await refused(first, 'import', '--table', 'counters', mode, '-y', 'bad.jsonl');
			expect(output).toContain('does not match the schema');
			expect(await names('counters')).toEqual(before);
		}
	});

	test('ids and creation times are kept, and checked', async () => {
		const [row] = await client(first).query(all, { table: 'counters' });
		app.write('kept.jsonl', JSON.stringify({ ...row, _creationTime: 1_000, name: 'old' }));
		await convex(first, 'import', '--table', 'counters', '--replace', '-y', 'kept.jsonl');
		expect(await client(first).query(all, { table: 'counters' })).toEqual([
			{ ...row, _creationTime: 1_000, name: 'old' }
		]);
		app.write('twice.jsonl', `${JSON.stringify(row)}\n${JSON.stringify(row)}\n`);
		expect(await refused(first, 'import', '--table', 'counters', '--replace', '-y', 'twice.jsonl')).toContain(
			'more than one document'
		);
		const [message] = await client(first).query(all, { table: 'many' });
		app.write('foreign.jsonl', JSON.stringify({ ...row, _id: message?._id }));
		expect(await refused(first, 'import', '--table', 'counters', '--replace', '-y', 'foreign.jsonl')).toContain(
			'conflict'
		);
	});

	test('an import that is cancelled leaves nothing', async () => {
		const headers = { authorization: `Convex ${first.adminKey}` };
		const post = async (where: string, body?: string) =>
			await fetch(`${first.url}${where}`, { method: 'POST', headers, body });
		const { uploadToken } = await (await post('/api/import/start_upload')).json();
		await post(`/api/import/upload_part?uploadToken=${uploadToken}&partNumber=1`, '{"a":1}');
		const request = { tableName: 'never', mode: 'requireEmpty', format: 'jsonLines' };
		const finish = JSON.stringify({ import: request, uploadToken, partTokens: ['1'] });
		const { importId } = await (await post('/api/import/finish_upload', finish)).json();
		expect((await post('/api/cancel_import', JSON.stringify({ importId }))).status).toBe(200);
		expect((await post('/api/cancel_import', JSON.stringify({ importId }))).status).toBe(400);
		expect((await post('/api/perform_import', JSON.stringify({ importId }))).status).toBe(200);
		expect(await client(first).query(all, { table: 'never' })).toEqual([]);
		expect((await fetch(`${first.url}/api/import/start_upload`, { method: 'POST' })).status).toBe(403);
	});
});

async function readArchive(file: string): Promise<Map<string, string>> {
	const zip = await openPromise(file, { lazyEntries: true });
	const entries = new Map<string, string>();
	for await (const entry of zip.eachEntry())
		entries.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
	return entries;
}
