import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../corpus/harness.ts';
import { startTestServer } from '../sync/wire.testing.ts';
import type { TestServer } from '../sync/wire.testing.ts';

const LIMIT = 20 * 1024 * 1024;

let testServer: TestServer;
let http: string;

beforeAll(async () => {
	testServer = await startTestServer();
	http = `${testServer.url}/http`;
});
afterAll(() => testServer.close());

/** Log lines of the HTTP action that ended last on this route. */
async function logLines(route: string): Promise<string[]> {
	const entry = await eventually(
		async () =>
			testServer.corpus.logs.findLast(({ kind, identifier }) => kind === 'Completion' && identifier === route),
		(found) => found !== undefined
	);
	const lines: readonly { level: string; messages: string[] }[] = Object(entry).logLines;
	return lines.map(({ level, messages }) => `${level} ${messages.join(' ')}`);
}

const kinds = async (): Promise<string> => JSON.stringify(await testServer.corpus.query('events:kinds'));

describe('a request', () => {
	it('is answered by the route that matches', async () => {
		const headers = { 'x-echo': 'hi' };
		const echo = await fetch(`${http}/echo`, { method: 'POST', body: 'hello', headers });
		expect([echo.status, await echo.text(), echo.headers.get('x-echo')]).toEqual([201, 'hello', 'hi']);
		const nowhere = await fetch(`${http}/nowhere`);
		expect([nowhere.status, await nowhere.text()]).toEqual([404, 'No matching routes found']);
		expect((await fetch(`${http}/bytes?count=10`, { method: 'HEAD' })).status).toBe(200);
	});

	it('is decoded', async () => {
		const headers = { 'content-encoding': 'gzip' };
		const echo = await fetch(`${http}/echo`, { method: 'POST', body: gzipSync('hello '.repeat(1_000)), headers });
		expect(await echo.text()).toBe('hello '.repeat(1_000));
	});

	it('is refused when it announces, and fails when it turns out, to be too large', async () => {
		const announced = await fetch(`${http}/echo`, { method: 'POST', body: new Uint8Array(LIMIT + 1) });
		expect([announced.status, await announced.json()]).toEqual([
			413,
			{ code: 'BodyTooLarge', message: 'The request body is larger than 20 MiB.' }
		]);
		const body = gzipSync(Buffer.alloc(LIMIT + 1));
		const headers = { 'content-encoding': 'gzip' };
		const turnedOut = await fetch(`${http}/echo`, { method: 'POST', body, headers });
		expect([turnedOut.status, await turnedOut.text()]).toEqual([500, expect.stringContaining('larger than 20 MiB')]);
		expect((await fetch(`${http}/echo`, { method: 'POST', body: new Uint8Array(LIMIT) })).status).toBe(201);
	});

	it('fails as Convex tells it', async () => {
		const failed = await fetch(`${http}/fail/deep`);
		expect(failed.status).toBe(500);
		expect(await failed.json()).toEqual({
			code: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error: Uncaught Error: no luck$/),
			trace: expect.stringMatching(/^Uncaught Error: no luck\n {4}at \.\.\/convex\/http\.ts:\d+:\d+\n/)
		});
	});
});

describe('streams', () => {
	it('carry each part both ways while the request is under way', async () => {
		const request = httpRequest(`${http}/stream`, { method: 'POST' });
		const answered = new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
		request.write('one ');
		const response = await answered;
		expect(response.headers['transfer-encoding']).toBe('chunked');
		const parts = response[Symbol.asyncIterator]();
		const next = async (): Promise<string> => String((await parts.next()).value);
		expect(await next()).toBe('ONE ');
		request.write('two ');
		expect(await next()).toBe('TWO ');
		request.end();
		expect((await parts.next()).done).toBe(true);
	});

	it('go no faster than the client reads', async () => {
		const response = await new Promise<IncomingMessage>((resolve) => {
			httpRequest(`${http}/bytes?count=${LIMIT}`, resolve).end();
		});
		// Nobody reads: what sockets and the deployment hold back is far less than all of it.
		await eventually(kinds, (text) => text.includes('made 1048576'));
		await testServer.corpus.action('runtime:waits', { milliseconds: 500 });
		expect(await kinds()).not.toContain(`made ${LIMIT}"`);
		let size = 0;
		for await (const part of response) size += Buffer.from(part).length;
		expect(size).toBe(LIMIT);
		expect(await kinds()).toContain(`made ${LIMIT}"`);
		expect(await logLines('GET /bytes')).toEqual([
			`WARN Large response returned from an HTTP action (actual: ${LIMIT} bytes, limit: ${LIMIT} bytes).`
		]);
	});

	it('leave out what is beyond 20 MiB, and tell the logs', async () => {
		testServer.corpus.logs.length = 0;
		const response = await fetch(`${http}/bytes?count=${LIMIT + 65_536}`);
		expect((await response.bytes()).length).toBe(LIMIT);
		// The action goes on to its end.
		expect(await kinds()).toContain(`made ${LIMIT + 65_536}"`);
		expect(await logLines('GET /bytes')).toContain(
			'ERROR HttpResponseTooLarge: HTTP actions support responses up to 20 MiB'
		);
	});

	it('end where the action fails, and tell the logs', async () => {
		expect(await (await fetch(`${http}/failsLate`)).text()).toBe('half');
		expect(await logLines('GET /failsLate')).toEqual([
			expect.stringMatching(/^ERROR Uncaught Error: no more luck\n {4}at /)
		]);
	});

	it('tell the action when the client goes away', async () => {
		const client = new AbortController();
		const response = await fetch(`${http}/endless`, { signal: client.signal });
		const reader = response.body?.getReader();
		expect(Buffer.from((await reader?.read())?.value ?? '').toString()).toBe('begun\n');
		expect(await kinds()).not.toContain('client gone');
		client.abort();
		await eventually(kinds, (text) => text.includes('client gone'));
	});

	it('reuse a connection whose request was not read', async () => {
		for (let i = 0; i < 3; i++) {
			const response = await fetch(`${http}/nowhere`, { method: 'POST', body: new Uint8Array(1 << 20) });
			expect(response.status).toBe(404);
			await response.text();
		}
	});
});
