import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from './http.ts';
import type { HttpClientOptions } from './http.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const NOW = Date.parse('2026-11-23T12:00:00Z');
const SECRET = 'sk_planted/SECRET+1234567890=';
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
	await Promise.all(closers.splice(0).map((close) => close()));
});

/** A server on a free loopback port, and everything it was asked. */
async function serve(handler: Handler) {
	const seen: { url: string; headers: IncomingMessage['headers']; method: string }[] = [];
	const server = createServer((request, response) => {
		seen.push({ url: request.url ?? '', headers: request.headers, method: request.method ?? '' });
		handler(request, response);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	closers.push(
		() =>
			new Promise((closed) => {
				server.close(() => closed());
				server.closeAllConnections();
			})
	);
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('no port');
	return { url: `http://127.0.0.1:${address.port}`, port: address.port, seen };
}

function client(baseUrl: string, options: Partial<HttpClientOptions> = {}) {
	const slept: number[] = [];
	const http = createHttpClient({
		integrationId: 'test',
		baseUrl,
		allowedHosts: null,
		allowPrivate: true,
		secrets: [SECRET],
		now: () => NOW,
		random: () => 0,
		sleep: async (ms) => void slept.push(ms),
		...options
	});
	return { http, slept };
}

/** Answers from the list one after the other, the last one for ever. */
const inTurn = (...answers: Handler[]): Handler => {
	let count = 0;
	return (request, response) => answers[Math.min(count++, answers.length - 1)]?.(request, response);
};
const status =
	(code: number, headers: Record<string, string> = {}, body = ''): Handler =>
	(_request, response) =>
		void response.writeHead(code, headers).end(body);
const fine = status(200, {}, '{"ok":true}');

describe('requests', () => {
	it('go to the base URL with path and query kept', async () => {
		const { url, seen } = await serve(fine);
		const { http } = client(`${url}/prefix/`);
		const response = await http.request({
			url: '/api/x',
			query: { a: 'b&c', n: 1, left: undefined },
			headers: { 'x-key': 'k' }
		});
		expect(response.json()).toEqual({ ok: true });
		expect(seen[0]).toMatchObject({
			url: '/prefix/api/x?a=b%26c&n=1',
			headers: { 'x-key': 'k', accept: 'application/json' }
		});
		expect(http.calls).toBe(1);
	});

	// B11
	it.each(['a\r\nx-evil: 1', 'a\nb', 'a\0b', 'key 🔑', 'ключ'])(
		'refuse the header value %j before they are sent',
		async (value) => {
			const { url, seen } = await serve(fine);
			const { http } = client(url);
			await expect(http.request({ url: '/', headers: { authorization: value } })).rejects.toMatchObject({
				kind: 'config'
			});
			expect(seen).toEqual([]);
		}
	);

	it('go nowhere but to the allowed hosts', async () => {
		const { http } = client('http://127.0.0.1:1');
		await expect(http.request({ url: 'https://evil.example/' })).rejects.toMatchObject({ kind: 'config' });
		await expect(http.fetch('https://evil.example/')).rejects.toMatchObject({ kind: 'config' });
		expect(http.calls).toBe(0);
	});

	it('only read', async () => {
		const { url } = await serve(fine);
		await expect(client(url).http.fetch(url, { method: 'DELETE' })).rejects.toMatchObject({ kind: 'config' });
	});
});

describe('addresses', () => {
	const PUBLIC = { address: '93.184.216.34', family: 4 };
	const INNER = { address: '127.0.0.1', family: 4 };
	const named = (resolve: HttpClientOptions['resolve'], allowPrivate = false) =>
		client('https://api.example.com', { allowPrivate, resolve, tries: 1 }).http.request({ url: '/' });

	// B8
	it('are refused when one of several is private', async () => {
		await expect(named(async () => [PUBLIC, INNER])).rejects.toMatchObject({ kind: 'config' });
		await expect(named(async () => [{ address: '::ffff:169.254.169.254', family: 6 }])).rejects.toMatchObject({
			kind: 'config'
		});
	});

	it('are checked where the connection is made, so that a name which changes its mind is caught', async () => {
		let asked = 0;
		const { http } = client('https://api.example.com', {
			allowPrivate: false,
			tries: 3,
			resolve: async () => {
				asked++;
				if (asked === 1) throw Object.assign(new Error('later'), { code: 'EAI_AGAIN' });
				return [INNER];
			}
		});
		await expect(http.request({ url: '/' })).rejects.toMatchObject({ kind: 'config' });
		expect(asked).toBe(2);
	});

	it('that were checked are the ones connected to', async () => {
		const { port, seen } = await serve(fine);
		let asked = 0;
		const { http } = client(`http://prometheus.internal:${port}`, {
			resolve: async () => {
				asked++;
				return [INNER];
			}
		});
		await http.request({ url: '/' });
		expect({ asked, host: seen[0]?.headers.host }).toEqual({ asked: 1, host: `prometheus.internal:${port}` });
	});

	it('that do not exist are unreachable, without a second try', async () => {
		const notFound = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
		const { http } = client('https://api.example.com', { resolve: () => Promise.reject(notFound) });
		await expect(http.request({ url: '/' })).rejects.toMatchObject({ kind: 'unreachable' });
		expect(http.calls).toBe(1);
		await expect(named(() => Promise.reject(notFound))).rejects.toMatchObject({
			kind: 'unreachable',
			message: expect.stringContaining('ENOTFOUND')
		});
	});
});

describe('redirects', () => {
	// B9
	it('are followed, at most three, each counted', async () => {
		const { url, seen } = await serve((request, response) => {
			const hop = Number(request.url?.slice(2) ?? 0);
			if (hop < 3) response.writeHead(302, { location: `/?${hop + 1}` }).end();
			else response.end('{"ok":true}');
		});
		const { http } = client(url);
		await http.request({ url: '/?0', headers: { authorization: 'x' } });
		expect(seen).toHaveLength(4);
		expect(seen[3]?.headers.authorization).toBe('x');
		expect(http.calls).toBe(4);
		const endless = await serve(status(302, { location: '/again' }));
		await expect(client(endless.url).http.request({ url: '/' })).rejects.toMatchObject({ kind: 'bad_response' });
		expect(endless.seen).toHaveLength(4);
	});

	it('drop credentials where the host changes', async () => {
		const other = await serve(fine);
		const { url } = await serve(status(302, { location: `${other.url}/taken` }));
		const { http } = client(url, { allowedHosts: [new URL(url).host, new URL(other.url).host] });
		await http.request({
			url: '/',
			headers: { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET, cookie: 'a=b' }
		});
		expect(other.seen[0]?.headers).not.toHaveProperty('authorization');
		expect(other.seen[0]?.headers).not.toHaveProperty('x-api-key');
		expect(other.seen[0]?.headers).not.toHaveProperty('cookie');
	});

	it('do not hand a body to another host', async () => {
		const other = await serve(fine);
		const { url } = await serve(status(307, { location: other.url }));
		const { http } = client(url, { allowedHosts: [new URL(url).host, new URL(other.url).host] });
		await expect(http.request({ method: 'POST', url, body: SECRET })).rejects.toMatchObject({ kind: 'bad_response' });
		expect(other.seen).toEqual([]);
	});

	it.each([
		'http://169.254.169.254/latest/meta-data',
		'file:///etc/passwd',
		'https://evil.example/',
		'gopher://x',
		'http://u:p@127.0.0.1/'
	])('to %s are refused', async (location) => {
		const { url } = await serve(status(302, { location }));
		await expect(client(url).http.request({ url: '/' })).rejects.toMatchObject({ kind: 'config' });
	});
});

describe('answers', () => {
	it.each([
		[401, 'auth'],
		[402, 'permission'],
		[403, 'permission'],
		[404, 'not_found'],
		[410, 'not_found'],
		[418, 'bad_response'],
		[501, 'unreachable']
	])('of status %i mean %s', async (code, kind) => {
		const { url } = await serve(status(code));
		await expect(client(url).http.request({ url: '/' })).rejects.toMatchObject({ kind, details: { status: code } });
	});

	it('of an accepted status are returned', async () => {
		const { url } = await serve(status(422, {}, '{"error":"x"}'));
		expect((await client(url).http.request({ url: '/', accept: [422] })).json()).toEqual({ error: 'x' });
	});

	it('use the integration’s own sentence', async () => {
		const { url } = await serve(status(401));
		const { http } = client(url, { messages: { auth: 'Make a new key.' } });
		await expect(http.request({ url: '/' })).rejects.toThrow(/^Make a new key\./);
	});

	// B1
	it.each(['{"a":', '', 'Retry later', '<html><body>Log in</body></html>'])(
		'that are not JSON (%j) are told',
		async (body) => {
			const { url } = await serve(status(200, {}, body));
			const response = await client(url).http.request({ url: '/' });
			expect(() => response.json()).toThrow(expect.objectContaining({ kind: 'bad_response' }));
		}
	);

	it('may begin with a byte order mark', async () => {
		const { url } = await serve(status(200, {}, '\ufeff{"a":1}'));
		expect((await client(url).http.request({ url: '/' })).json()).toEqual({ a: 1 });
	});

	// B3
	it('are cut off at the byte cap, after decompression', async () => {
		const bomb = gzipSync(Buffer.alloc(50_000_000));
		const { url } = await serve(
			(_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
		);
		await expect(client(url).http.request({ url: '/' })).rejects.toMatchObject({
			kind: 'bad_response',
			message: expect.stringContaining('20 MB')
		});
	});

	it('without an end are cut off too', async () => {
		const { url } = await serve((_request, response) => {
			const timer = setInterval(() => response.write('x'.repeat(100_000)), 1);
			response.on('close', () => clearInterval(timer));
		});
		await expect(client(url, { maxBytes: 2_000_000 }).http.request({ url: '/' })).rejects.toMatchObject({
			kind: 'bad_response'
		});
	});

	it('do not give cookies away', async () => {
		const { url } = await serve(status(200, { 'set-cookie': 'session=1' }, '{}'));
		expect((await client(url).http.request({ url: '/' })).headers.has('set-cookie')).toBe(false);
	});
});

describe('deadlines', () => {
	// R19
	it.each([
		['before the headers', () => {}],
		['in the middle of the body', (response: ServerResponse) => void response.writeHead(200).write('{"a"')]
	])('end a hang %s', async (_where, begin) => {
		const { url } = await serve((_request, response) => begin(response));
		await expect(client(url, { deadlineMs: 150, tries: 1 }).http.request({ url: '/' })).rejects.toMatchObject({
			kind: 'timeout'
		});
	});

	it('leave the reason of a cancellation as it is', async () => {
		const { url } = await serve(() => {});
		const reason = new Error('The person cancelled');
		const controller = new AbortController();
		setTimeout(() => controller.abort(reason), 50);
		await expect(client(url, { signal: controller.signal }).http.request({ url: '/' })).rejects.toBe(reason);
	});

	it('let a cancellation end a wait', async () => {
		const { url } = await serve(status(503));
		const controller = new AbortController();
		setTimeout(() => controller.abort(new Error('stop')), 50);
		const { http } = client(url, { signal: controller.signal, sleep: undefined, random: () => 1 });
		await expect(http.request({ url: '/' })).rejects.toThrow('stop');
	});
});

describe('retries', () => {
	// R17, R18
	it.each([429, 500, 502, 503, 504])('get over a burst of %i', async (code) => {
		const { url } = await serve(inTurn(status(code), status(code), fine));
		const { http } = client(url);
		expect((await http.request({ url: '/' })).json()).toEqual({ ok: true });
		expect(http.calls).toBe(3);
	});

	it('get over a broken connection', async () => {
		const { url } = await serve(inTurn((request) => void request.socket.destroy(), fine));
		const { http } = client(url);
		expect((await http.request({ url: '/' })).json()).toEqual({ ok: true });
	});

	it('get over an answer that breaks off', async () => {
		const cut: Handler = (request, response) => {
			response.writeHead(200, { 'content-length': '100' }).write('{"a"');
			setTimeout(() => request.socket.destroy(), 20);
		};
		const { url } = await serve(inTurn(cut, fine));
		expect((await client(url).http.request({ url: '/' })).json()).toEqual({ ok: true });
	});

	it('end after five tries, with waits between them', async () => {
		const { url, seen } = await serve(status(500));
		const { http, slept } = client(url, { random: () => 1 });
		await expect(http.request({ url: '/' })).rejects.toMatchObject({ kind: 'unreachable' });
		expect(seen).toHaveLength(5);
		expect(slept).toEqual([1_000, 2_000, 4_000, 8_000]);
	});

	it('wait as long as they are told', async () => {
		const date = new Date(NOW + 7_000).toUTCString();
		const answers = [status(429, { 'retry-after': '3' }), status(429, { 'retry-after': date }), fine];
		const { url } = await serve(inTurn(...answers));
		const { http, slept } = client(url);
		await http.request({ url: '/' });
		expect(slept).toEqual([3_000, 7_000]);
	});

	it('hand a long wait to the caller', async () => {
		const { url, seen } = await serve(
			status(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 1_800) })
		);
		const { http, slept } = client(url);
		await expect(http.request({ url: '/' })).rejects.toMatchObject({
			kind: 'rate_limited',
			details: { retryAt: NOW + 1_800_000 }
		});
		expect([seen.length, slept]).toEqual([1, []]);
	});

	it('keep the pace of the quota', async () => {
		const { url } = await serve(fine);
		const { http, slept } = client(url, { quota: { unit: 'requests', limit: 10, windowSeconds: 60 } });
		for (let count = 0; count < 3; count++) await http.request({ url: '/' });
		expect(slept).toEqual([6_000, 12_000]);
	});
});

describe('secrets', () => {
	// B13
	it.each([
		['plain', SECRET],
		['URL-encoded', encodeURIComponent(SECRET)],
		['base64', Buffer.from(SECRET).toString('base64')],
		['basic', Buffer.from(`user:${SECRET}`).toString('base64')]
	])('never come back in an error (%s)', async (_name, form) => {
		const { url } = await serve(status(401, {}, JSON.stringify({ message: `Invalid key ${form}` })));
		const { http } = client(url, { messages: { auth: `Wrong: ${form}.` } });
		const error: unknown = await http.request({ url: `/?key=${form}` }).catch((thrown: unknown) => thrown);
		if (!(error instanceof Error)) throw new Error('expected an error');
		expect(`${error.message} ${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain(form);
		expect(error.message).toContain('[hidden]');
	});
});

describe('the fetch for SDKs', () => {
	it('returns answers of any status, after retries', async () => {
		const { url, seen } = await serve(inTurn(status(500), status(402, { 'x-a': 'b' }, '{"error":1}')));
		const { http } = client(url);
		const response = await http.fetch(new URL('/v1/x', url), { method: 'POST', body: 'a=b', headers: { 'x-k': 'v' } });
		expect([response.status, response.headers.get('x-a'), await response.json()]).toEqual([402, 'b', { error: 1 }]);
		expect(seen.map(({ method, headers }) => [method, headers['x-k']])).toEqual([
			['POST', 'v'],
			['POST', 'v']
		]);
	});
});
