/** `convex import`, by the unmodified CLI. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { readArchive } from './archive.testing.ts';
import { TestImport } from './importing.testing.ts';

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

const rows = z.array(z.record(z.string(), z.unknown()));

let first: DeployedApp;
let second: DeployedApp;

async function fresh(): Promise<DeployedApp> {
	const app = await DeployedApp.start();
	app.write('convex/odd.ts', ODD);
	await app.convex('dev', '--once', ...FAST);
	return app;
}

beforeAll(async () => {
	[first, second] = [await fresh(), await fresh()];
}, 60_000);

afterAll(async () => {
	await first?.close();
	await second?.close();
});

async function all(app: DeployedApp, table: string): Promise<Record<string, unknown>[]> {
	return rows.parse(await app.query('odd:all', { table }));
}

describe('a whole deployment', { timeout: 60_000 }, () => {
	test('export, import --replace-all elsewhere, export: the same documents, ids and files', async () => {
		await first.mutation('odd:fill');
		await first.mutation('messages:send', { channel: 'a', body: 'hello' });
		const target = String(await first.mutation('files:uploadUrl'));
		await fetch(target, { method: 'POST', body: 'a file', headers: { 'content-type': 'text/plain' } });
		await first.convex('export', '--path', path.join(first.app.dir, 'one.zip'), '--include-file-storage');
		await second.mutation('messages:send', { channel: 'a', body: 'to be replaced' });
		const output = await second.convex('import', path.join(first.app.dir, 'one.zip'), '--replace-all', '-y');
		expect(output).toContain('Added 1204 documents');
		expect(output).toMatch(/messages +\| 1 +\| 1 of 1 +\|/);
		await second.convex('export', '--path', path.join(first.app.dir, 'two.zip'), '--include-file-storage');
		const before = await readArchive(path.join(first.app.dir, 'one.zip'));
		expect(await readArchive(path.join(first.app.dir, 'two.zip'))).toEqual(before);
		expect(await all(second, 'odd')).toEqual(await all(first, 'odd'));
		expect(await second.query('messages:list', { channel: 'a' })).toEqual(['hello']);
		const id = [...before.keys()].find((name) => name.endsWith('.txt'))?.slice('_storage/'.length, -'.txt'.length);
		const url = await second.query('files:url', { id: id ?? '' });
		expect(await (await fetch(String(url))).text()).toBe('a file');
		expect(await second.mutation('messages:send', { channel: 'a', body: 'after' })).toBe('after');
		expect(await second.query('messages:list', { channel: 'a' })).toEqual(['hello', 'after']);
	});
});

describe('one table', { timeout: 60_000 }, () => {
	const names = async (table: string) => (await all(first, table)).map((row) => [row.name, row.value]);

	test('csv, json and jsonl; append, replace and the refusal to do either unasked', async () => {
		first.write('c.csv', 'name,value\n"a, ""b""",1\nc,-2.5e1\n');
		await first.convex('import', '--table', 'counters', 'c.csv');
		expect(await names('counters')).toEqual([
			['a, "b"', 1],
			['c', -25]
		]);
		first.write('d.json', '[{"name":"d","value":4}]');
		expect(await first.refused('import', '--table', 'counters', 'd.json')).toContain('already exists');
		await first.convex('import', '--table', 'counters', '--append', 'd.json');
		expect((await names('counters')).length).toBe(3);
		first.write('e.jsonl', '{"name":"e","value":5}\n{"name":"f","value":6}\n');
		for (const mode of [['--table', 'counters', '--replace'], ['--replace-all']]) {
			const file = mode.length === 1 ? 'one.zip' : 'e.jsonl';
			expect(await first.refused('import', ...mode, file)).toContain('Import change summary:');
			expect((await names('counters')).length).toBe(3);
		}
		const replaced = await first.convex('import', '--table', 'counters', '--replace', '-y', 'e.jsonl');
		expect(replaced).toMatch(/counters \| 2 +\| 3 of 3 \|/);
		expect(await names('counters')).toEqual([
			['e', 5],
			['f', 6]
		]);
	});

	test('many rows are appended little by little, and only when all of them fit', async () => {
		const rows = Array.from({ length: 8_000 }, (_, i) => JSON.stringify({ name: `many ${i}`, value: i + 1 }));
		const wanted = { tableName: 'counters', mode: 'append', format: 'jsonLines' } as const;
		const value = async (i: number) => await first.query('messages:counter', { name: `many ${i}` });
		const misfit = await TestImport.upload(first, [...rows, '{"name":"many","value":"x"}'].join('\n'), wanted);
		expect(await misfit.end()).toMatchObject({ state: 'failed' });
		expect(await value(0)).toBe(0);
		const running = await TestImport.upload(first, rows.join('\n'), wanted);
		await running.inspected();
		await running.confirm();
		const seen: unknown[] = [];
		while ((await running.state()).state === 'in_progress')
			seen.push([(await value(0)) !== 0, (await value(7_999)) !== 0]);
		expect(seen).toContainEqual([true, false]);
		expect(await running.state()).toMatchObject({ state: 'completed' });
		expect([await value(0), await value(7_999)]).toEqual([1, 8_000]);
	});

	test('what does not fit the schema is refused, and nothing of it is kept', async () => {
		const before = await names('counters');
		const rows = Array.from({ length: 1500 }, (_, i) => JSON.stringify({ name: 'n', value: i === 1400 ? 'x' : i }));
		first.write('bad.jsonl', rows.join('\n'));
		for (const mode of ['--append', '--replace']) {
			const output = await first.refused('import', '--table', 'counters', mode, '-y', 'bad.jsonl');
			expect(output).toContain('does not match the schema');
			expect(await names('counters')).toEqual(before);
		}
	});

	test('ids and creation times are kept, and checked', async () => {
		const [row] = await all(first, 'counters');
		first.write('kept.jsonl', JSON.stringify({ ...row, _creationTime: 1_000, name: 'old' }));
		await first.convex('import', '--table', 'counters', '--replace', '-y', 'kept.jsonl');
		expect(await all(first, 'counters')).toEqual([{ ...row, _creationTime: 1_000, name: 'old' }]);
		first.write('twice.jsonl', `${JSON.stringify(row)}\n${JSON.stringify(row)}\n`);
		expect(await first.refused('import', '--table', 'counters', '--replace', '-y', 'twice.jsonl')).toContain(
			'more than one document'
		);
		const [message] = await all(first, 'many');
		first.write('foreign.jsonl', JSON.stringify({ ...row, _id: message?._id }));
		expect(await first.refused('import', '--table', 'counters', '--replace', '-y', 'foreign.jsonl')).toContain(
			'conflict'
		);
	});

	test('an import that is cancelled leaves nothing', async () => {
		const headers = { authorization: `Convex ${first.deployment.adminKey}` };
		const post = async (where: string, body?: string) =>
			await fetch(`${first.deployment.url}${where}`, { method: 'POST', headers, body });
		const { uploadToken } = await (await post('/api/import/start_upload')).json();
		await post(`/api/import/upload_part?uploadToken=${uploadToken}&partNumber=1`, '{"a":1}');
		const request = { tableName: 'never', mode: 'requireEmpty', format: 'jsonLines' };
		const finish = JSON.stringify({ import: request, uploadToken, partTokens: ['1'] });
		const { importId } = await (await post('/api/import/finish_upload', finish)).json();
		expect((await post('/api/cancel_import', JSON.stringify({ importId }))).status).toBe(200);
		expect((await post('/api/cancel_import', JSON.stringify({ importId }))).status).toBe(400);
		expect((await post('/api/perform_import', JSON.stringify({ importId }))).status).toBe(200);
		expect(await all(first, 'never')).toEqual([]);
		expect((await fetch(`${first.deployment.url}/api/import/start_upload`, { method: 'POST' })).status).toBe(403);
	});
});
