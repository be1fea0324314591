/** `convex export`, by the unmodified CLI. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPromise } from 'yauzl';
import { startDeployment } from '../deployment.ts';
import type { RunningDeployment } from '../deployment.ts';
import { createTestApp } from '../testApp.testing.ts';
import type { TestApp } from '../testApp.testing.ts';

const send = makeFunctionReference<'mutation', { channel: string; body: string }, string>('messages:send');
const uploadUrl = makeFunctionReference<'mutation', Record<string, never>, string>('files:uploadUrl');

let app: TestApp;
let dataDir: string;
let deployment: RunningDeployment;

beforeAll(async () => {
	app = createTestApp();
	dataDir = mkdtempSync(path.join(tmpdir(), 'export-'));
	deployment = await startDeployment({ dataDir, appDir: app.dir, port: 0 });
	await convex('dev', '--once', '--typecheck', 'disable');
}, 60_000);

afterAll(async () => {
	await deployment?.close();
	app.remove();
	rmSync(dataDir, { recursive: true, force: true });
});

async function convex(...args: string[]): Promise<string> {
	const { code, output } = await app.convex(deployment, ...args);
	expect(code, output).toBe(0);
	return output;
}

test('an export holds one snapshot while writes go on, with files', { timeout: 60_000 }, async () => {
	const http = new ConvexHttpClient(deployment.url, { logger: false });
	const target = await http.mutation(uploadUrl, {});
	await fetch(target, { method: 'POST', body: 'a file', headers: { 'content-type': 'text/plain' } });
	const sent = { count: 0 };
	const writing = new AbortController();
	const writes = (async () => {
		while (!writing.signal.aborted) {
			await http.mutation(send, { channel: 'a', body: String(sent.count) });
			sent.count++;
		}
	})();
	const archive = path.join(app.dir, 'out.zip');
	while (sent.count < 3) await new Promise((resolve) => setTimeout(resolve, 5));
	const before = sent.count;
	const output = await convex('export', '--path', archive, '--include-file-storage');
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
	expect(readdirSync(path.join(dataDir, 'exports')).filter((name) => !name.endsWith('.zip'))).toEqual([]);
	expect(existsSync(path.join(dataDir, 'files', internalId))).toBe(true);
});

test('an export needs the admin key', async () => {
	for (const [method, where] of [
		['POST', '/api/export/request/zip'],
		['GET', '/api/export/zip/1']
	]) {
		expect((await fetch(`${deployment.url}${where}`, { method })).status).toBe(403);
	}
});

async function readArchive(file: string): Promise<Map<string, string>> {
	const zip = await openPromise(file, { lazyEntries: true });
	const entries = new Map<string, string>();
	for await (const entry of zip.eachEntry())
		entries.set(entry.fileName, await text(await zip.openReadStreamPromise(entry)));
	return entries;
}
