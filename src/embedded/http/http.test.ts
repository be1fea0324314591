import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { convexToJson } from 'convex/values';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer } from '../sync/wire.testing.ts';
import type { TestServer } from '../sync/wire.testing.ts';
import { OriginGuard } from './guard.ts';
import { parseRange } from './storage.ts';
import { udfAnswer } from './udfAnswer.ts';

const get = makeFunctionReference<'query', { name: string }, number>('numbers:get');

let testServer: TestServer;
let url: string;

beforeAll(async () => {
	testServer = await startTestServer();
	({ url } = testServer);
	await testServer.corpus.mutation('numbers:add', { name: 'a', by: 7 });
});

afterAll(() => testServer.close());

async function post(
	where: string,
	body: string | Uint8Array<ArrayBuffer>,
	headers: Record<string, string> = {}
): Promise<[number, unknown]> {
	const response = await fetch(url + where, { method: 'POST', body, headers });
	return [response.status, await response.json()];
}

describe('functions', () => {
	const success = { status: 'success', value: 7, logLines: [] };

	test('are called by path, in every way', async () => {
		const call = { path: 'numbers:get', args: { name: 'a' } };
		expect(await post('/api/query', JSON.stringify(call))).toEqual([200, success]);
		expect(await post('/api/query', JSON.stringify({ ...call, args: [{ name: 'a' }] }))).toEqual([200, success]);
		expect(await post('/api/run/numbers/get', JSON.stringify({ args: { name: 'a' } }))).toEqual([200, success]);
		expect(await post('/api/function', JSON.stringify(call))).toEqual([200, success]);
		expect(await post('/api/query_batch', JSON.stringify({ queries: [call, call] }))).toEqual([
			200,
			{ results: [success, success] }
		]);
		const query = new URLSearchParams({ path: 'numbers:get', args: '{"name":"a"}', format: 'json' });
		expect(await (await fetch(`${url}/api/query?${query}`)).json()).toEqual(success);
		expect(await post('/api/mutation', JSON.stringify({ path: 'numbers:add', args: { name: 'b', by: 1 } }))).toEqual([
			200,
			{ ...success, value: 1 }
		]);
	});

	test('fail inside an answer', async () => {
		const [status, body] = await post('/api/query', JSON.stringify({ path: 'numbers:fail', args: {} }));
		expect([status, body]).toEqual([
			200,
			{ status: 'error', errorMessage: expect.stringContaining('as asked'), logLines: [] }
		]);
	});

	test('can be read at the newest timestamp, and no other', async () => {
		const client = new ConvexHttpClient(url, { logger: false });
		expect(await client.consistentQuery(get, { name: 'a' })).toBe(7);
		await post('/api/mutation', JSON.stringify({ path: 'numbers:add', args: { name: 'c', by: 1 } }));
		await expect(client.consistentQuery(get, { name: 'a' })).rejects.toThrow(/keeps no history/);
	});

	test('answer int64, bytes and special floats as strings in plain JSON', () => {
		const value = {
			int: 12n,
			inf: Infinity,
			bytes: new Uint8Array([1, 2]).buffer,
			list: [-5n, 'x'],
			deep: { nan: NaN }
		};
		const outcome = { ok: true as const, value: JSON.stringify(convexToJson(value)), logLines: [] };
		expect(JSON.parse(udfAnswer(outcome, 'clean')).value).toEqual({
			int: '12',
			inf: 'Infinity',
			bytes: 'AQI=',
			list: ['-5', 'x'],
			deep: { nan: 'NaN' }
		});
		expect(JSON.parse(udfAnswer(outcome, 'encoded')).value.int).toEqual({ $integer: 'DAAAAAAAAAA=' });
	});
});

describe('bodies', () => {
	const call = JSON.stringify({ path: 'numbers:get', args: { name: 'a' } });

	test('may be compressed', async () => {
		expect((await post('/api/query', new Uint8Array(brotliCompressSync(call)), { 'content-encoding': 'br' }))[0]).toBe(
			200
		);
		expect((await post('/api/query', new Uint8Array(gzipSync(call)), { 'content-encoding': 'gzip' }))[0]).toBe(200);
		expect(await post('/api/query', call, { 'content-encoding': 'zstd' })).toEqual([
			415,
			expect.objectContaining({ code: 'UnsupportedEncoding' })
		]);
		expect(await post('/api/query', call, { 'content-encoding': 'br' })).toEqual([
			400,
			expect.objectContaining({ code: 'InvalidBody' })
		]);
	});

	test('are refused when they are not as expected, with a sentence', async () => {
		expect(await post('/api/query', '{')).toEqual([
			400,
			{ code: 'BadJsonBody', message: 'The request body is not JSON.' }
		]);
		expect(await post('/api/query', '{"args":{}}')).toEqual([
			400,
			{ code: 'BadJsonBody', message: expect.stringContaining('at path') }
		]);
		expect(await post('/api/query', '{"path":"a:b","format":"xml"}')).toEqual([
			400,
			expect.objectContaining({ code: 'UnknownFormat' })
		]);
		expect(testServer.reports).toEqual([]);
	});

	test('are limited after decompression', async () => {
		const bomb = new Uint8Array(brotliCompressSync(Buffer.alloc(64 * 1024 * 1024)));
		expect(bomb.length).toBeLessThan(1024);
		expect(await post('/api/query', bomb, { 'content-encoding': 'br' })).toEqual([
			413,
			expect.objectContaining({ code: 'BodyTooLarge' })
		]);
	});
});

describe('the administration', () => {
	test.each([
		'/api/get_config_hashes',
		'/api/update_environment_variables',
		'/api/deploy2/start_push',
		'/api/deploy2/finish_push'
	])('%s needs the admin key', async (where) => {
		expect(await post(where, '{}')).toEqual([403, expect.objectContaining({ code: 'AdminOnly' })]);
		expect(await post(where, '{}', { authorization: 'Convex wrong' })).toEqual([
			401,
			expect.objectContaining({ code: 'BadAdminKey' })
		]);
	});

	test('unknown paths are not found', async () => {
		expect(await post('/api/nothing', '{}')).toEqual([404, expect.objectContaining({ code: 'NotFound' })]);
	});

	test('a fault inside is reported, and not shown', async () => {
		const broken = await startTestServer();
		await broken.engine.close();
		const response = await fetch(`${broken.url}/api/storage/01234567-89ab-4def-8123-456789abcdef`);
		expect([response.status, await response.json()]).toEqual([
			500,
			expect.objectContaining({ code: 'InternalServerError', message: expect.not.stringContaining('closed') })
		]);
		expect(broken.reports).toEqual(['GET /api/storage/01234567-89ab-4def-8123-456789abcdef: the engine is closed']);
		await broken.close();
	});
});

describe('other origins', () => {
	test('may read answers only when they are listed', async () => {
		for (const path of ['query', 'storage/upload?token=t', 'storage/3f2a6e0e-0000-4000-8000-000000000000']) {
			const headers = { origin: 'http://app.test', 'access-control-request-headers': 'digest, x-own' };
			const preflight = await fetch(`${url}/api/${path}`, { method: 'OPTIONS', headers });
			expect(preflight.status).toBe(200);
			expect(Object.fromEntries(preflight.headers)).toMatchObject({
				'access-control-allow-origin': 'http://app.test',
				'access-control-allow-credentials': 'true',
				'access-control-allow-headers': 'digest, x-own',
				'access-control-allow-methods': expect.stringContaining('POST'),
				'access-control-max-age': '86400',
				vary: expect.stringContaining('origin')
			});
		}
		const upload = await fetch(`${url}/api/storage/upload?token=wrong`, {
			method: 'POST',
			headers: { origin: 'http://app.test' },
			body: 'x'
		});
		expect([upload.status, upload.headers.get('access-control-allow-origin')]).toEqual([401, 'http://app.test']);
		const evil = await fetch(`${url}/version`, { headers: { origin: 'http://evil.test' } });
		expect([evil.status, evil.headers.get('access-control-allow-origin')]).toEqual([403, null]);
		expect((await fetch(`${url}/version`)).headers.get('access-control-allow-origin')).toBeNull();
	});

	test('must be origins', () => {
		for (const bad of ['app.test', 'http://app.test/path', 'file:///x', '*'])
			expect(() => new OriginGuard([bad])).toThrow(/is not an origin/);
	});
});

test('ranges are parts of the file', () => {
	fc.assert(
		fc.property(fc.nat(1000), fc.option(fc.nat(1200)), fc.option(fc.nat(1200)), (size, first, last) => {
			const range = parseRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
			if (range === null) expect(first === null && last === null).toBe(true);
			else if (range !== 'unsatisfiable') {
				expect(range.start).toBeGreaterThanOrEqual(0);
				expect(range.end).toBeLessThan(size);
				expect(range.end).toBeGreaterThanOrEqual(range.start);
			}
		})
	);
	expect(parseRange('bytes=0-0', 10)).toEqual({ start: 0, end: 0 });
	expect(parseRange('bytes=0-1,3-4', 10)).toBe('unsatisfiable');
	expect(parseRange('lines=1-2', 10)).toBeNull();
	expect(parseRange(undefined, 10)).toBeNull();
});
