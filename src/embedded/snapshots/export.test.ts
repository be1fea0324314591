/** `convex export`, by the unmodified CLI. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeployedApp } from '../deployedApp.testing.ts';
import { readArchive } from './archive.testing.ts';

let app: DeployedApp;

beforeAll(async () => {
	app = await DeployedApp.start();
	await app.convex('dev', '--once', '--typecheck', 'disable');
}, 60_000);

afterAll(() => app?.close());

test('an export holds one snapshot while writes go on, with files', { timeout: 60_000 }, async () => {
	const target = String(await app.mutation('files:uploadUrl'));
	await fetch(target, { method: 'POST', body: 'a file', headers: { 'content-type': 'text/plain' } });
	const sent = { count: 0 };
	const writing = new AbortController();
	const writes = (async () => {
		while (!writing.signal.aborted) {
			await app.mutation('messages:send', { channel: 'a', body: String(sent.count) });
			sent.count++;
		}
	})();
	const archive = path.join(app.app.dir, 'out.zip');
	while (sent.count < 3) await new Promise((resolve) => setTimeout(resolve, 5));
	const before = sent.count;
	const output = await app.convex('export', '--path', archive, '--include-file-storage');
	writing.abort();
	await writes;
	expect(output).toContain('Downloaded snapshot export');
	const entries = await readArchive(archive);
	expect([...entries.keys()].filter((name) => !name.startsWith('_storage/'))).toEqual([
		'README.md',
		'_tables/documents.jsonl',
		...['messages', 'counters'].flatMap((name) => [`${name}/documents.jsonl`, `${name}/generated_schema.jsonl`])
	]);
	const lines = (entries.get('messages/documents.jsonl') ?? '').trim().split('\n');
	const bodies = lines.map((line) => Number(JSON.parse(line).body));
	expect(bodies).toEqual(bodies.map((_, index) => index));
	expect(bodies.length).toBeGreaterThan(before);
	const [stored] = (entries.get('_storage/documents.jsonl') ?? '').trim().split('\n');
	const { _id: id, size, contentType, internalId } = JSON.parse(stored ?? '');
	expect({ size, contentType, internalId }).toEqual({
		size: 6,
		contentType: 'text/plain',
		internalId: expect.stringMatching(/^[0-9a-f-]{36}$/)
	});
	expect(entries.get(`_storage/${id}.txt`)).toBe('a file');
	expect(readdirSync(path.join(app.dataDir, 'exports')).filter((name) => !name.endsWith('.zip'))).toEqual([]);
	expect(existsSync(path.join(app.dataDir, 'files', internalId))).toBe(true);
});

test('an export needs the admin key', async () => {
	for (const [method, where] of [
		['POST', '/api/export/request/zip'],
		['GET', '/api/export/zip/1']
	]) {
		expect((await fetch(`${app.deployment.url}${where}`, { method })).status).toBe(403);
	}
});
