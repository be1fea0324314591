/** The pages' server through real sockets: who comes in, what is believed, what is handed on, and for how long. */
import { once } from 'node:events';
import { request as call } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { floorHeaders } from './headers.ts';
import { createPageServer } from './server.ts';
import type { PageServerOptions } from './server.ts';

const PUBLIC = 'https://numbers.example.com';
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closers.splice(0).toReversed()) await close();
});

async function portOf(server: Server | WebSocketServer): Promise<number> {
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('no port');
	return address.port;
}

/** A server whose pages say what reached them. */
async function start(options: Partial<PageServerOptions> = {}) {
	const seen: IncomingMessage[] = [];
	const server = createPageServer({
		publicUrl: null,
		trustedProxies: [],
		deployment: null,
		handler: (request, response) => {
			seen.push(request);
			response.end(JSON.stringify(request.headers));
		},
		...options
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	closers.push(async () => {
		server.close();
		server.closeAllConnections();
	});
	return { server, port: await portOf(server), seen };
}

/** The deployment's side of the relay, as `ws` speaks it: it echoes. */
async function startDeployment() {
	const requests: IncomingMessage[] = [];
	const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 1_000_000 });
	await once(server, 'listening');
	server.on('connection', (socket, request) => {
		requests.push(request);
		socket.on('error', () => socket.terminate());
		socket.on('message', (data, binary) => socket.send(data, { binary }));
	});
	closers.push(() => {
		for (const socket of server.clients) socket.terminate();
		server.close();
	});
	return { url: new URL(`http://127.0.0.1:${await portOf(server)}`), requests, server };
}

interface Answer {
	readonly status: number;
	readonly headers: IncomingMessage['headers'];
	readonly text: string;
}

function get(port: number, headers: Record<string, string> = {}, path = '/'): Promise<Answer> {
	return new Promise((settle, fail) => {
		const sent = call({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
			let text = '';
			response.on('data', (chunk: Buffer) => (text += chunk.toString()));
			response.on('end', () => settle({ status: response.statusCode ?? 0, headers: response.headers, text }));
		});
		sent.on('error', fail);
		sent.end();
	});
}

/** What a socket hears after it has sent these bytes, until the server ends it. */
async function raw(port: number, bytes: string): Promise<string> {
	const socket = connect(port, '127.0.0.1');
	let heard = '';
	socket.on('data', (chunk) => (heard += chunk.toString()));
	socket.on('error', () => {});
	socket.write(bytes);
	await once(socket, 'close');
	return heard;
}

/** The status with which a WebSocket was refused, or 101. The path is sent as it stands. */
function open(port: number, path: string, headers: Record<string, string>): Promise<number> {
	const wanted = {
		connection: 'Upgrade',
		upgrade: 'websocket',
		'sec-websocket-version': '13',
		'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
	};
	return new Promise((settle, fail) => {
		const sent = call({ host: '127.0.0.1', port, path, headers: { ...wanted, ...headers } });
		sent.on('upgrade', (_response, socket) => {
			socket.destroy();
			settle(101);
		});
		sent.on('response', (response) => {
			response.resume();
			settle(response.statusCode ?? 0);
		});
		sent.on('error', fail);
		sent.end();
	});
}

describe('the name a request calls us by', () => {
	it('is this machine, or the public one', async () => {
		const { port } = await start({ publicUrl: PUBLIC });
		for (const host of [
			`127.0.0.1:${port}`,
			`localhost:${port}`,
			`LOCALHOST:${port}`,
			`[::1]:${port}`,
			'numbers.example.com'
		])
			expect((await get(port, { host })).status, host).toBe(200);
	});

	// B22, and DNS rebinding.
	it.each([
		'evil.example',
		'evil.example:PORT',
		'localhost.evil.example:PORT',
		'127.0.0.1.evil.example:PORT',
		'127.0.0.1:1',
		'127.0.0.1',
		'2130706433:PORT',
		'127.1:PORT',
		'localhost.:PORT',
		'user@localhost:PORT',
		'localhost:PORT@evil.example',
		'numbers.example.com.evil.example',
		'numbers.example.com:8443',
		'xn--numbers.example.com'
	])('is refused when it is %j', async (name) => {
		const { port, seen } = await start({ publicUrl: PUBLIC });
		expect((await get(port, { host: name.replace('PORT', String(port)) })).status).toBe(403);
		expect(seen).toEqual([]);
	});

	it.each(['//evil.example/', '/\\evil.example/', 'http://evil.example/', '*'])(
		'is not given by the path %s',
		async (path) => {
			const { port, seen } = await start();
			expect((await get(port, { host: `127.0.0.1:${port}` }, path)).status).toBe(400);
			expect(seen).toEqual([]);
		}
	);
});

describe('what a proxy says', () => {
	const said = {
		'x-forwarded-for': '203.0.113.9',
		'x-forwarded-host': 'numbers.example.com',
		'x-forwarded-proto': 'https',
		forwarded: 'for=203.0.113.9',
		'x-real-ip': '203.0.113.9',
		'x-plumbline-address': '203.0.113.9',
		'x-plumbline-client': '203.0.113.9'
	};
	const heard = (answer: Answer): unknown => JSON.parse(answer.text);

	it('is removed when nobody is trusted', async () => {
		const { port } = await start({ publicUrl: PUBLIC });
		const answer = await get(port, { host: `localhost:${port}`, ...said });
		expect(answer.text).not.toContain('203.0.113.9');
		expect(heard(answer)).toMatchObject({
			'x-plumbline-protocol': 'http',
			'x-plumbline-host': `localhost:${port}`,
			'x-plumbline-address': '127.0.0.1'
		});
	});

	it('is removed when somebody else is trusted', async () => {
		const { port } = await start({ publicUrl: PUBLIC, trustedProxies: ['10.0.0.0/8', '::1'] });
		const answer = await get(port, { host: `127.0.0.1:${port}`, ...said });
		expect(heard(answer)).toMatchObject({ 'x-plumbline-protocol': 'http', 'x-plumbline-address': '127.0.0.1' });
	});

	it('is believed of a trusted one: the last address that is not a proxy, and the public origin', async () => {
		const { port } = await start({ publicUrl: PUBLIC, trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
		// nginx names its upstream in Host unless it is told otherwise.
		for (const host of [`127.0.0.1:${port}`, 'numbers.example.com']) {
			const answer = await get(port, { host, 'x-forwarded-for': '1.2.3.4, 203.0.113.9, 10.1.1.1' });
			expect(heard(answer)).toMatchObject({
				'x-plumbline-protocol': 'https',
				'x-plumbline-host': 'numbers.example.com',
				'x-plumbline-address': '203.0.113.9'
			});
			expect(heard(answer)).not.toHaveProperty('x-forwarded-for');
		}
	});

	it.each([
		['', '127.0.0.1'],
		['no address', '127.0.0.1'],
		['203.0.113.9, no address', '127.0.0.1'],
		['::ffff:203.0.113.9', '203.0.113.9'],
		['2001:db8::7', '2001:db8::7'],
		['10.0.0.1', '10.0.0.1']
	])('X-Forwarded-For: %s is the client %s', async (value, client) => {
		const { port } = await start({ publicUrl: PUBLIC, trustedProxies: ['127.0.0.1', '10.0.0.0/8'] });
		const answer = await get(port, { host: 'numbers.example.com', 'x-forwarded-for': value });
		expect(heard(answer)).toMatchObject({ 'x-plumbline-address': client });
	});

	it('does not open the door to other names', async () => {
		const { port } = await start({ publicUrl: PUBLIC, trustedProxies: ['127.0.0.1'] });
		expect((await get(port, { host: 'evil.example', 'x-forwarded-host': 'numbers.example.com' })).status).toBe(403);
		expect((await get(port, { host: 'numbers.example.com', 'x-forwarded-host': 'evil.example' })).status).toBe(403);
	});
});

describe('every answer', () => {
	it('carries the floor, refusals too; HSTS only where people come through https', async () => {
		for (const [publicUrl, secure] of [
			[null, false],
			['http://numbers.lan', false],
			[PUBLIC, true]
		] as const) {
			const { port } = await start({ publicUrl });
			for (const host of [`127.0.0.1:${port}`, 'evil.example']) {
				const { headers } = await get(port, { host });
				expect(headers).toMatchObject(floorHeaders(secure));
				expect('strict-transport-security' in headers).toBe(secure);
			}
		}
	});
});

describe('limits', () => {
	const timing = { headers: 150, request: 300, keepAlive: 100, idle: 400, check: 30 };

	// R26
	it('end a connection that brings its headers or its body drop by drop', async () => {
		const { port } = await start({ timing, handler: (request) => void request.resume() });
		expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x')).toContain('408');
		const body = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 100\r\n\r\nab`;
		expect(await raw(port, body)).toContain('408');
	});

	it('end a connection that nobody uses, and one whose reader has stopped reading', async () => {
		const { port } = await start({ timing });
		expect(await raw(port, '')).toContain('408');
		const slow = await start({ timing, handler: (_request, response) => void response.write('x'.repeat(50_000_000)) });
		const socket = connect(slow.port, '127.0.0.1');
		socket.on('error', () => {});
		socket.pause();
		const [, ended] = await Promise.all([
			socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${slow.port}\r\n\r\n`),
			once(slow.server, 'connection').then(([peer]) => once(peer, 'close'))
		]);
		expect(ended).toBeDefined();
		socket.destroy();
	});

	it('refuse headers beyond 32 KB', async () => {
		const { port, seen } = await start();
		expect((await get(port, { host: `127.0.0.1:${port}`, cookie: 'a'.repeat(33_000) })).status).toBe(431);
		expect(seen).toEqual([]);
	});

	it('let one Host through, never two, and no request smuggled behind another', async () => {
		const { port, seen } = await start();
		const host = `Host: 127.0.0.1:${port}\r\n`;
		for (const bytes of [
			`GET / HTTP/1.1\r\n${host}Host: evil.example\r\nConnection: close\r\n\r\n`,
			`GET / HTTP/1.1\r\nConnection: close\r\n\r\n`,
			`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n${host}\r\n`
		])
			expect(await raw(port, bytes)).toMatch(/^HTTP\/1.1 400 /);
		expect(seen.map(({ url }) => url)).toEqual([]);
	});
});

describe('the WebSocket of the deployment', () => {
	it('is handed on for pages of the same origin, both ways, large and binary too, without their cookies', async () => {
		const { url, requests } = await startDeployment();
		const { port } = await start({ deployment: url });
		const socket = new WebSocket(`ws://127.0.0.1:${port}/api/1.48.0/sync`, {
			headers: { origin: `http://127.0.0.1:${port}`, cookie: 'session=secret', authorization: 'Bearer x' }
		});
		await once(socket, 'open');
		for (const text of ['hello', 'x'.repeat(900_000)]) {
			socket.send(text);
			const [data] = await once(socket, 'message');
			expect(String(data)).toBe(text);
		}
		socket.send(Buffer.from([0, 255, 1]));
		const [bytes] = await once(socket, 'message');
		expect(bytes).toEqual(Buffer.from([0, 255, 1]));
		expect(requests[0]?.headers).toMatchObject({ origin: `http://127.0.0.1:${port}`, host: url.host });
		expect(requests[0]?.headers).not.toHaveProperty('cookie');
		expect(requests[0]?.headers).not.toHaveProperty('authorization');
		socket.close(4_001, 'bye');
		const [code, reason] = await once(socket, 'close');
		expect([code, String(reason)]).toEqual([4_001, 'bye']);
	});

	it('ends on both sides when one side breaks off', async () => {
		const { url, server } = await startDeployment();
		const { port } = await start({ deployment: url });
		const headers = { origin: `http://127.0.0.1:${port}` };
		const first = new WebSocket(`ws://127.0.0.1:${port}/api/sync`, { headers });
		const [inner] = await once(server, 'connection');
		await once(first, 'open');
		first.terminate();
		await once(inner, 'close');
		const second = new WebSocket(`ws://127.0.0.1:${port}/api/sync`, { headers });
		second.on('error', () => {});
		const [other] = await once(server, 'connection');
		await once(second, 'open');
		other.terminate();
		await once(second, 'close');
	});

	// B22
	it('is refused to every other page, and without an origin', async () => {
		const { url, requests } = await startDeployment();
		const { port } = await start({ deployment: url, publicUrl: PUBLIC });
		const path = '/api/1.48.0/sync';
		const own = `127.0.0.1:${port}`;
		const foreign: Record<string, string>[] = [
			{},
			{ origin: 'null' },
			{ origin: 'https://evil.example' },
			{ origin: `https://${own}` },
			{ origin: `http://localhost:${port}` },
			{ origin: `http://127.0.0.1:${port + 1}` },
			{ origin: PUBLIC },
			{ origin: 'http://numbers.example.com', host: 'numbers.example.com' },
			{ origin: 'http://evil.example', host: 'evil.example' }
		];
		for (const headers of foreign) expect(await open(port, path, headers), JSON.stringify(headers)).toBe(403);
		expect(requests).toEqual([]);
		expect(await open(port, path, { origin: PUBLIC, host: 'numbers.example.com' })).toBe(101);
	});

	it.each([
		'/api/1.48.0/query',
		'/api/query',
		'/api/mutation',
		'/api/deploy2/start_push',
		'/api/stream_function_logs',
		'/api/update_environment_variables',
		'/api/export/zip/1',
		'/api/shapes2',
		'/http/sync',
		'/api/../api/shapes2/sync',
		'/api/1.48.0/../sync',
		'/api/1.48.0%2f..%2fshapes2/sync',
		'/api/admin/sync',
		'/api/1.48.0/sync/',
		'/api/1.48.0/sync%3f',
		'/'
	])('is the only thing handed on: not %s, as a WebSocket or otherwise', async (path) => {
		const { url, requests } = await startDeployment();
		const asked: string[] = [];
		const { port } = await start({
			deployment: url,
			handler: (request, response) => {
				asked.push(request.url ?? '');
				response.writeHead(404).end();
			}
		});
		expect(await open(port, path, { origin: `http://127.0.0.1:${port}` })).toBe(404);
		// Without an upgrade it is SvelteKit's to answer.
		expect((await get(port, { host: `127.0.0.1:${port}` }, path)).status).toBe(404);
		expect(asked).toEqual([path]);
		expect(requests).toEqual([]);
	});

	it('is told of when the deployment is away, or full', async () => {
		const { url, server } = await startDeployment();
		const { port } = await start({ deployment: url });
		const headers = { origin: `http://127.0.0.1:${port}` };
		server.close();
		await once(server, 'close');
		expect(await open(port, '/api/sync', headers)).toBe(502);
		const alone = await start();
		expect(await open(alone.port, '/api/sync', { origin: `http://127.0.0.1:${alone.port}` })).toBe(404);
	});
});
