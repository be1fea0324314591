/** Many sockets and many queries: a commit costs what it touches, and nobody can take the memory of all. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Holdings } from './holdings.ts';
import type { Holder } from './holdings.ts';
import { MAX_CONNECTIONS } from './limits.ts';
import { startTestServer } from './wire.testing.ts';
import type { TestServer, Wire } from './wire.testing.ts';
import { PATIENT } from '../patience.testing.ts';

const SOCKETS = 200;
const QUERIES = 5;

let testServer: TestServer;

beforeAll(async () => void (testServer = await startTestServer()));
afterEach(() => testServer.hangUp());
afterAll(() => testServer.close());

test('a commit that touches one query of a thousand runs and tells that one only', async () => {
	const wires = await Promise.all(Array.from({ length: SOCKETS }, () => testServer.connect()));
	const name = (socket: number, query: number): string => `${socket} ${query}`;
	for (const [socket, wire] of wires.entries()) {
		const modifications = Array.from({ length: QUERIES }, (_, query) => ({
			type: 'Add',
			queryId: query,
			udfPath: 'numbers:get',
			args: [{ name: name(socket, query) }]
		}));
		wire.send({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications });
	}
	const answered = (wire: Wire): boolean => wire.value(QUERIES - 1) === 0;
	await vi.waitFor(() => expect(wires.every(answered)).toBe(true), { timeout: 25_000, interval: 50 });
	expect(testServer.backend.deployment.hub.liveRuns).toBe(SOCKETS * QUERIES);
	const runs = testServer.runs('numbers:get');
	const told = wires.map(({ messages }) => messages.length);
	await testServer.corpus.mutation('numbers:add', { name: name(7, 3), by: 1 });
	await wires[7]?.until(() => wires[7]?.value(3) === 1);
	expect(testServer.runs('numbers:get')).toBe(runs + 1);
	expect(wires.map(({ messages }, i) => messages.length - (told[i] ?? 0))).toEqual(
		wires.map((_, i) => Number(i === 7))
	);
	expect(wires[7]?.messages.at(-1)?.modifications).toHaveLength(1);
}, 60_000);

test('an answer is held once, however many sockets do not read it', async () => {
	const characters = 2_000_000;
	const [other, ...slow] = await Promise.all(Array.from({ length: 61 }, () => testServer.connect()));
	other?.add(0, 1, 'numbers:get', { name: 'shared' });
	await other?.until(() => other.value(1) === 0);
	const before = process.memoryUsage().arrayBuffers;
	for (const wire of slow) {
		wire.socket.pause();
		wire.add(0, 1, 'numbers:large', { name: 'shared', characters });
	}
	for (let written = 1; written <= 5; written++) {
		other?.mutate(written, 'numbers:add', { name: 'shared', by: 1 });
		await other?.until(() => other.value(1) === written);
	}
	// One or two answers of four megabytes, not one for each.
	expect(testServer.runs('numbers:large')).toBeGreaterThan(0);
	expect((process.memoryUsage().arrayBuffers - before) / 1e6).toBeLessThan(40);
	for (const wire of slow) wire.socket.resume();
	await vi.waitFor(() => expect(slow.every((wire) => String(wire.value(1)).startsWith('5 '))).toBe(true), {
		timeout: 25_000,
		interval: 50
	});
	expect(new Set(slow.map((wire) => String(wire.value(1)).length)).size).toBe(1);
	expect(testServer.backend.sync.connections).toBe(61);
}, 60_000);

test('one connection too many is told so, until another has gone', async () => {
	const url = `ws://127.0.0.1:${testServer.port}/api/sync`;
	const open = async (): Promise<WebSocket | number> => {
		const socket = new WebSocket(url);
		return await new Promise((resolve, reject) => {
			socket.once('open', () => resolve(socket));
			socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
			socket.once('error', reject);
		});
	};
	const sockets: (WebSocket | number)[] = [];
	while (sockets.length < MAX_CONNECTIONS) sockets.push(...(await Promise.all(Array.from({ length: 64 }, open))));
	expect(testServer.backend.sync.connections).toBe(MAX_CONNECTIONS);
	expect(await open()).toBe(503);
	const [first, ...others] = sockets.filter((socket) => socket instanceof WebSocket);
	first?.terminate();
	await vi.waitFor(() => expect(testServer.backend.sync.connections).toBeLessThan(MAX_CONNECTIONS), PATIENT);
	const late = await open();
	expect(late).toBeInstanceOf(WebSocket);
	for (const socket of [...others, late]) if (socket instanceof WebSocket) socket.terminate();
	await vi.waitFor(() => expect(testServer.backend.sync.connections).toBe(0), { timeout: 10_000 });
}, 60_000);

test('whoever holds the most is cut when all together hold too much', () => {
	const cut: string[] = [];
	const holder = (name: string, held: number): Holder => ({
		own: held,
		held,
		cut: () => void cut.push(name)
	});
	const holdings = new Holdings(100);
	const small = holder('small', 5);
	holdings.changed(holder('half', 50));
	holdings.changed(small);
	holdings.changed(holder('forty', 40));
	expect([cut, holdings.total]).toEqual([[], 95]);
	holdings.changed(holder('ten', 10));
	expect([cut, holdings.total]).toEqual([['half'], 55]);
	holdings.changed(holder('endless', 1_000));
	expect([cut, holdings.total]).toEqual([['half', 'endless'], 55]);
	holdings.forget(small);
	expect(holdings.total).toBe(50);
});

test('frames that never end count, and their senders are cut first', async () => {
	const [other, ...attackers] = await Promise.all(Array.from({ length: 19 }, () => testServer.connect()));
	// Each says that it sends 15 MiB, and sends all but the last bytes: together more than may be held.
	for (const { socket } of attackers) socket.send('x'.repeat(15 * 1024 * 1024), { fin: false });
	await vi.waitFor(
		() => expect(attackers.filter(({ socket }) => socket.readyState === socket.CLOSED).length).toBeGreaterThan(0),
		{ timeout: 20_000, interval: 50 }
	);
	other?.add(0, 1, 'numbers:get', { name: 'beside the flood' });
	await other?.until(() => other.value(1) === 0);
}, 30_000);
