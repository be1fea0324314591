/** The official client against our sockets: large transitions, tokens that run out, mutations that are sent again. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { bundleText } from '../corpus/bundle.ts';
import { startTestServer } from './wire.testing.ts';
import type { TestServer } from './wire.testing.ts';
import { PATIENT } from '../patience.testing.ts';

const messageType = z.object({ type: z.string() });
const transition = z.object({ modifications: z.tuple([z.object({ value: z.string() })]) });

type None = Record<string, never>;
const large = makeFunctionReference<'query', { name: string; characters: number }, string>('numbers:large');
const get = makeFunctionReference<'query', { name: string }, number>('numbers:get');
const add = makeFunctionReference<'mutation', { name: string; by: number }, number>('numbers:add');
const addOwn = makeFunctionReference<'mutation', { by: number }, number>('numbers:addOwn');
const whoami = makeFunctionReference<'query', None, string>('numbers:whoami');

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let testServer: TestServer;
const clients: ConvexClient[] = [];

/** What a socket of a client received: one entry a message. */
interface Received {
	readonly type: string;
	readonly characters: number;
}

/** A client, and what reaches it. `breaks`: at the first message for which it holds the connection is cut instead. */
function connect(breaks: (message: string) => boolean = () => false) {
	const received: Received[] = [];
	const closes: number[] = [];
	let broken = false;
	class Recorded extends WebSocket {
		override emit(event: string | symbol, ...args: unknown[]): boolean {
			if (event === 'close') closes.push(Number(args[0]));
			if (event !== 'message') return super.emit(event, ...args);
			const text = String(args[0]);
			if (!broken && breaks(text)) {
				broken = true;
				this.terminate();
				return true;
			}
			received.push({ type: messageType.parse(JSON.parse(text)).type, characters: text.length });
			return super.emit(event, ...args);
		}
	}
	const client = new ConvexClient(testServer.url, {
		logger: false,
		skipConvexDeploymentUrlCheck: true,
		// The types of the browser's WebSocket and of this one differ in what is not used here.
		webSocketConstructor: Object.assign(Recorded)
	});
	clients.push(client);
	return { client, received, closes };
}

async function token(subject: string, seconds: number): Promise<string> {
	const now = Math.floor(Date.now() / 1000);
	return await new SignJWT()
		.setProtectedHeader({ alg: 'ES256' })
		.setIssuer('https://issuer.test')
		.setSubject(subject)
		.setIssuedAt(now)
		.setExpirationTime(now + seconds)
		.sign(keys.privateKey);
}

beforeAll(async () => {
	testServer = await startTestServer();
	const jwks = JSON.stringify({ keys: [keys.publicKey.export({ format: 'jwk' })] });
	const provider = {
		type: 'customJwt',
		issuer: 'https://issuer.test',
		jwks: `data:application/json,${encodeURIComponent(jwks)}`,
		algorithm: 'ES256'
	};
	const auth = await bundleText('auth.config.js', `export default ${JSON.stringify({ providers: [provider] })}`);
	await testServer.corpus.push({ ...testServer.corpus.bundle, auth });
});
afterEach(async () => {
	for (const client of clients.splice(0)) await client.close();
});
afterAll(() => testServer.close());

describe('large transitions', () => {
	// 6 million characters are 12 MB, and 7 million 14 MB, of UTF-8.
	test.each([1_000, 6_000_000, 7_000_000])('arrive whole: %i characters', async (characters) => {
		const { client, received } = connect();
		const name = `large ${characters}`;
		const seen: string[] = [];
		client.onUpdate(large, { name, characters }, (value) => void seen.push(value));
		await vi.waitFor(() => expect(seen.length).toBe(1), 10_000);
		expect(seen[0]).toHaveLength(characters);
		expect(seen[0]?.startsWith('0 "ü" éé')).toBe(true);
		await client.mutation(add, { name, by: 1 });
		await vi.waitFor(() => expect(seen.at(-1)?.startsWith('1 "ü" éé')).toBe(true), 10_000);
		const chunks = received.filter(({ type }) => type === 'TransitionChunk');
		expect(chunks.length).toBe(characters > 5_000_000 ? 4 : 0);
		for (const chunk of chunks) expect(chunk.characters).toBeLessThan(5_100_000);
	});

	test.each(['/api/1.27.9/sync', '/api/sync'])('come in one piece to a client at %s', async (path) => {
		const socket = new WebSocket(`ws://127.0.0.1:${testServer.port}${path}`);
		await once(socket, 'open');
		const types: string[] = [];
		const whole = new Promise<string>((resolve) => {
			socket.on('message', (data: Buffer) => {
				types.push(messageType.parse(JSON.parse(String(data))).type);
				if (String(data).length > 6_000_000) resolve(String(data));
			});
		});
		socket.send(JSON.stringify({ type: 'Connect', sessionId: 's', connectionCount: 0, lastCloseReason: null }));
		const args = [{ name: 'whole', characters: 6_000_000 }];
		const modifications = [{ type: 'Add', queryId: 1, udfPath: 'numbers:large', args }];
		socket.send(JSON.stringify({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications }));
		expect(transition.parse(JSON.parse(await whole)).modifications[0].value).toHaveLength(6_000_000);
		expect(types).toEqual(['Transition']);
		socket.terminate();
	});
});

describe('tokens', () => {
	test('are refreshed before they run out, and the same person sees no change', async () => {
		const { client } = connect();
		let fetches = 0;
		client.setAuth(async () => {
			fetches += 1;
			// The client refreshes ten seconds before the end, at once when there are less.
			return await token('ada', 12);
		});
		const seen: string[] = [];
		client.onUpdate(whoami, {}, (value) => void seen.push(value));
		await vi.waitFor(() => expect(seen).toEqual(['ada']), PATIENT);
		const before = testServer.runs('numbers:whoami');
		const until = fetches + 1;
		await vi.waitFor(() => expect(fetches).toBeGreaterThan(until), { timeout: 15_000, interval: 50 });
		expect(seen).toEqual(['ada']);
		expect(testServer.runs('numbers:whoami')).toBe(before);
	}, 20_000);

	test('that run out while running are fetched again, and a mutation meanwhile runs once, as who it was', async () => {
		const { client, received } = connect();
		client.setAuth(async () => await token('grace', 3_600));
		const seen: string[] = [];
		client.onUpdate(whoami, {}, (value) => void seen.push(value));
		await vi.waitFor(() => expect(seen).toEqual(['grace']), PATIENT);
		await vi.waitFor(
			() => expect(received.filter(({ type }) => type === 'Transition').length).toBeGreaterThan(1),
			PATIENT
		);
		// The server's clock passes the end of the token; the client's does not.
		const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_700_000);
		const adding = client.mutation(addOwn, { by: 1 });
		await vi.waitFor(() => expect(received.map(({ type }) => type)).toContain('AuthError'), PATIENT);
		clock.mockRestore();
		expect(await adding).toBe(1);
		expect(await client.mutation(addOwn, { by: 1 })).toBe(2);
		expect(seen.filter((who) => who !== 'grace')).toEqual([]);
	}, 20_000);
});

test('a mutation whose answer is lost with the connection is applied once', async () => {
	const { client, closes } = connect((data) => data.includes('"MutationResponse"'));
	expect(await client.mutation(add, { name: 'lost', by: 1 })).toBe(1);
	expect(closes).toHaveLength(1);
	expect(await client.query(get, { name: 'lost' })).toBe(1);
});
