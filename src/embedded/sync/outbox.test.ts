/** Messages to one real socket, whose peer reads as it likes. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Holdings } from './holdings.ts';
import { MAX_FRAME_SENT_BYTES, MAX_UNSENT_BYTES, SLOW_CONSUMER_BYTES } from './limits.ts';
import { Outbox } from './outbox.ts';
import { Rounds } from './rounds.ts';
import type { Message } from './texts.ts';

let server: WebSocketServer;
let port = 0;

beforeAll(async () => {
	server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
	await once(server, 'listening');
	const address: AddressInfo | string | null = server.address();
	port = typeof address === 'object' ? (address?.port ?? 0) : 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** An outbox, and the peer of its socket. */
async function pair(
	holdings: Holdings,
	changed: (outbox: Outbox, socket: WebSocket) => void,
	drained: () => void = () => undefined
) {
	const client = new WebSocket(`ws://127.0.0.1:${port}`);
	client.on('error', () => undefined);
	const [[socket]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
	if (!(socket instanceof WebSocket)) throw new Error('No socket.');
	const outbox = new Outbox(socket, holdings, new Rounds(), {
		changed: () => changed(outbox, socket),
		drained
	});
	return { client, socket, outbox };
}

/** Texts that others wait for, too. The bytes of a character may fall into two frames. */
const SHARED = [
	'€'.repeat(MAX_FRAME_SENT_BYTES),
	`a${'€'.repeat(100)}`,
	'b'.repeat(3 * MAX_FRAME_SENT_BYTES),
	'c'.repeat(MAX_FRAME_SENT_BYTES)
].map((text) => Buffer.from(text));

const part = fc.oneof(
	fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
	fc.integer({ min: 1, max: 2 * MAX_FRAME_SENT_BYTES }).map((length) => 'ü'.repeat(length)),
	fc.constantFrom(...SHARED)
);
const step = fc.oneof(
	fc.array(fc.array(part, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
	fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const)
);

const textOf = (message: Message): string => message.map(String).join('');

test('messages arrive whole and in order, and what is held is what was not taken', async () => {
	const run = async (steps: readonly (Message[] | 'pause' | 'resume' | 'turn')[]): Promise<void> => {
		const holdings = new Holdings();
		let mostGiven = 0;
		const { client, socket, outbox } = await pair(holdings, () => {
			mostGiven = Math.max(mostGiven, socket.bufferedAmount);
		});
		const received: string[] = [];
		client.on('message', (data) => void received.push(String(data)));
		const sent: string[] = [];
		for (const one of steps) {
			if (one === 'pause') client.pause();
			else if (one === 'resume') client.resume();
			else if (one === 'turn') await new Promise((resolve) => setImmediate(resolve));
			else if (outbox.unsent <= MAX_UNSENT_BYTES) {
				sent.push(...one.map(textOf));
				outbox.send(...one);
				expect(outbox.own).toBeLessThanOrEqual(outbox.unsent + 2 * MAX_FRAME_SENT_BYTES);
			}
		}
		client.resume();
		await vi.waitFor(() => expect(received.length).toBe(sent.length), { timeout: 10_000, interval: 2 });
		expect(received.every((text, index) => text === sent[index])).toBe(true);
		await vi.waitFor(() => expect([outbox.unsent, outbox.own, holdings.total]).toEqual([0, 0, 0]), { interval: 2 });
		// With the headers of the frames.
		expect(mostGiven).toBeLessThan(2 * MAX_FRAME_SENT_BYTES + 1_000);
		client.terminate();
	};
	await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), run), { numRuns: 40 });
}, 60_000);

test('what many wait for counts once, and not at all when they are gone', async () => {
	const holdings = new Holdings();
	const [bytes] = SHARED;
	if (!bytes) throw new Error('Nothing is shared.');
	const outboxes = await Promise.all(
		Array.from({ length: 10 }, async () => {
			const { client, outbox } = await pair(holdings, () => undefined);
			client.pause();
			// More than the buffers of the system take.
			for (let i = 0; i < 12; i++) outbox.send(['head', bytes, 'tail']);
			return { client, outbox };
		})
	);
	for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
	expect(outboxes.every(({ outbox }) => outbox.unsent > bytes.length)).toBe(true);
	expect(holdings.total).toBe(bytes.length);
	for (const { client, outbox } of outboxes) {
		outbox.clear();
		client.terminate();
	}
	expect(holdings.total).toBe(0);
});

test('a connection is closed after what was sent, and takes nothing more', async () => {
	const { client, outbox } = await pair(new Holdings(), () => undefined);
	const received: number[] = [];
	client.on('message', (data: Buffer) => void received.push(data.length));
	outbox.send(['x'.repeat(5_000_000)]);
	outbox.close(1013, 'Later');
	outbox.send(['never']);
	expect(outbox.ready).toBe(false);
	const [code, reason] = await once(client, 'close');
	expect([code, String(reason), received]).toEqual([1013, 'Later', [5_000_000]]);
});

test('a peer that is behind gets well, and is told of as soon as it has', async () => {
	let drained = 0;
	const { client, outbox } = await pair(
		new Holdings(),
		() => undefined,
		() => void (drained += 1)
	);
	client.pause();
	expect(outbox.ready).toBe(true);
	while (outbox.unsent <= SLOW_CONSUMER_BYTES) outbox.send(['x'.repeat(MAX_FRAME_SENT_BYTES)]);
	expect([outbox.ready, drained]).toEqual([false, 0]);
	client.resume();
	await vi.waitFor(() => expect(drained).toBe(1), { interval: 2 });
	expect(outbox.ready).toBe(true);
	expect(outbox.unsent).toBeLessThanOrEqual(SLOW_CONSUMER_BYTES);
	client.terminate();
});

test('a peer that has far too much unsent is cut when there is more to send', async () => {
	const holdings = new Holdings();
	const { client, socket, outbox } = await pair(holdings, () => undefined);
	client.pause();
	const large = Buffer.alloc(MAX_UNSENT_BYTES / 4, 'x');
	while (outbox.unsent <= MAX_UNSENT_BYTES) outbox.send([large]);
	expect(socket.readyState).toBe(socket.OPEN);
	outbox.send(['one more']);
	await once(socket, 'close');
	outbox.clear();
	expect([outbox.own, holdings.total]).toEqual([0, 0]);
	client.terminate();
});
