import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer } from '../sync/wire.testing.ts';
import type { TestServer } from '../sync/wire.testing.ts';

describe('the door', () => {
	let testServer: TestServer;

	beforeAll(async () => void (testServer = await startTestServer()));
	afterAll(() => testServer.close());

	async function status(headers: Record<string, string>, upgrade: boolean): Promise<number | undefined> {
		return await new Promise((resolve, reject) => {
			const handshake = {
				connection: 'Upgrade',
				upgrade: 'websocket',
				'sec-websocket-version': '13',
				'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA=='
			};
			const request = httpRequest({
				host: '127.0.0.1',
				port: testServer.port,
				path: upgrade ? '/api/sync' : '/version',
				headers: { ...(upgrade ? handshake : {}), ...headers }
			});
			request.on('response', (response) => {
				response.resume();
				resolve(response.statusCode);
			});
			request.on('upgrade', (response, socket) => {
				socket.destroy();
				resolve(response.statusCode);
			});
			request.on('error', reject);
			request.end();
		});
	}

	const good = () => `127.0.0.1:${testServer.port}`;

	test.each([true, false])('is open to loopback names and listed origins (upgrade: %s)', async (upgrade) => {
		const welcome = upgrade ? 101 : 200;
		expect(await status({ host: good() }, upgrade)).toBe(welcome);
		expect(
			await status({ host: `localhost:${testServer.port}`, origin: `http://localhost:${testServer.port}` }, upgrade)
		).toBe(welcome);
		expect(await status({ host: `[::1]:${testServer.port}`, origin: 'http://app.test' }, upgrade)).toBe(welcome);
	});

	test.each([true, false])('is closed to everybody else (upgrade: %s)', async (upgrade) => {
		expect(await status({ host: `evil.test:${testServer.port}` }, upgrade)).toBe(403);
		expect(await status({ host: '127.0.0.1:1' }, upgrade)).toBe(403);
		expect(await status({ host: '127.0.0.1' }, upgrade)).toBe(403);
		expect(await status({ host: good(), origin: 'http://evil.test' }, upgrade)).toBe(403);
		expect(await status({ host: good(), origin: 'null' }, upgrade)).toBe(403);
		expect(await status({ host: good(), origin: `http://app.test.evil.test` }, upgrade)).toBe(403);
		expect(
			await status({ host: `evil.test:${testServer.port}`, origin: `http://evil.test:${testServer.port}` }, upgrade)
		).toBe(403);
	});
});
