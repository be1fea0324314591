/** Peers that take their time: they lose their connection, and nobody else notices. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer } from '../sync/wire.testing.ts';
import type { TestServer } from '../sync/wire.testing.ts';

const DRIP_MS = 20;
const TIMING = { headers: 300, request: 600, keepAlive: 300, check: 50 };

let testServer: TestServer;

beforeAll(async () => void (testServer = await startTestServer({}, TIMING)));
afterAll(() => testServer.close());

/** Sends the beginning at once and then the drop again and again. Resolves to the milliseconds until it was cut. */
async function drip(beginning: string, drop: string): Promise<number> {
	const socket = connect(testServer.port, '127.0.0.1');
	socket.on('error', () => undefined);
	socket.write(beginning);
	const began = performance.now();
	const dripping = setInterval(() => socket.write(drop), DRIP_MS);
	await new Promise((resolve) => socket.resume().on('close', resolve));
	clearInterval(dripping);
	return performance.now() - began;
}

const start = (line: string): string => `${line} HTTP/1.1\r\nhost: 127.0.0.1:${testServer.port}\r\n`;

test.each([
	['headers that never end', () => drip(start('GET /version'), 'x-a: b\r\n'), TIMING.headers],
	[
		'a body that never ends',
		() => drip(`${start('POST /api/query')}content-length: 1000000\r\n\r\n`, ' '),
		TIMING.request
	],
	[
		'chunks that never end',
		() => drip(`${start('POST /api/query')}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
		TIMING.request
	],
	['a handshake that never ends', () => drip(`${start('GET /api/sync')}upgrade: websocket\r\n`, 'x-a: b\r\n'), 300],
	['nothing at all', () => drip('', ''), TIMING.headers]
])('%s cost a connection, and no more', async (_what, attack, limit) => {
	const attacks = Promise.all(Array.from({ length: 50 }, attack));
	expect((await fetch(`${testServer.url}/version`)).status).toBe(200);
	for (const taken of await attacks) {
		expect(taken).toBeGreaterThan(limit / 2);
		// Twenty times the limit is what a busy machine may need.
		expect(taken).toBeLessThan(limit * 20);
	}
	expect((await fetch(`${testServer.url}/version`)).status).toBe(200);
});
