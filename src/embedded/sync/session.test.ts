/** Each arrow of the diagram in session.ts, and the clock that drives some of them. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bundleText } from '../corpus/bundle.ts';
import { listen } from '../http/server.ts';
import {
	CONNECT_WITHIN_MS,
	DEAD_AFTER_MS,
	HEARTBEAT_MS,
	MAX_QUERIES_PER_CONNECTION,
	MAX_STALLED_MS,
	MAX_WAITING_MESSAGES,
	PING_AFTER_IDLE_MS
} from './limits.ts';
import { ADMIN_KEY, Wire, startTestServer } from './wire.testing.ts';
import type { TestServer } from './wire.testing.ts';
import { PATIENT } from '../patience.testing.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = JSON.stringify({ keys: [keys.publicKey.export({ format: 'jwk' })] });
/** Keys of an issuer who takes his time. */
const slowKeys = Promise.withResolvers<void>();
const slowIssuer = createServer((_request, response) => void slowKeys.promise.then(() => response.end(jwks)));
let testServer: TestServer;

beforeAll(async () => {
	vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
	testServer = await startTestServer();
	const provider = {
		type: 'customJwt',
		issuer: 'https://issuer.test',
		jwks: `data:application/json,${encodeURIComponent(jwks)}`,
		algorithm: 'ES256'
	};
	const slow = `http://127.0.0.1:${await listen(slowIssuer, '127.0.0.1', 0)}`;
	const providers = [provider, { ...provider, issuer: 'https://slow.test', jwks: slow }];
	const auth = await bundleText('auth.config.js', `export default ${JSON.stringify({ providers })}`);
	await testServer.corpus.push({ ...testServer.corpus.bundle, auth });
});
afterEach(() => testServer.hangUp());
afterAll(async () => {
	await testServer.close();
	slowIssuer.close();
	vi.useRealTimers();
});

async function token(subject: string, seconds = 3_600, issuer = 'https://issuer.test'): Promise<string> {
	return await new SignJWT()
		.setProtectedHeader({ alg: 'ES256' })
		.setIssuer(issuer)
		.setSubject(subject)
		.setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
		.sign(keys.privateKey);
}

/** Lets time pass, heartbeat by heartbeat, with a turn for the sockets in between. */
async function pass(milliseconds: number): Promise<void> {
	for (let passed = 0; passed < milliseconds; passed += HEARTBEAT_MS) {
		vi.advanceTimersByTime(HEARTBEAT_MS);
		for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
	}
}

const types = (wire: Wire): string[] => wire.messages.map(({ type }) => type);

describe('waiting', () => {
	test('becomes connected with Connect', async () => {
		const wire = await testServer.connect();
		wire.add(0, 1, 'numbers:get', { name: 'connected' });
		await wire.until(() => wire.value(1) === 0);
	});

	test.each([
		{ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: [] },
		{ type: 'Mutation', requestId: 0, udfPath: 'numbers:add', args: [{ name: 'never', by: 1 }] },
		{ type: 'Authenticate', baseVersion: 0, tokenType: 'None' },
		{ type: 'Hello' }
	])('ends with a FatalError for anything else: $type', async (message) => {
		const wire = new Wire(testServer.port);
		await once(wire.socket, 'open');
		wire.send(message);
		expect((await wire.closed).code).toBe(1000);
		expect(types(wire)).toEqual(['FatalError']);
		expect(await testServer.corpus.query('numbers:get', { name: 'never' })).toBe(0);
	});

	test('is closed when nothing is said for too long', async () => {
		const wire = new Wire(testServer.port);
		await once(wire.socket, 'open');
		await pass(CONNECT_WITHIN_MS - HEARTBEAT_MS);
		expect(wire.socket.readyState).toBe(wire.socket.OPEN);
		await pass(2 * HEARTBEAT_MS);
		expect((await wire.closed).code).toBe(1006);
	});
});

describe('connected', () => {
	test.each([
		['text that is no JSON', '{'],
		['an unknown message', '{"type":"Hello"}'],
		['bytes', Buffer.from('{}')],
		['a message of an old protocol', '{"type":"Mutation","mutationId":1,"udfPath":"a:b","args":[]}']
	])('ends with a FatalError for %s, and others stay served', async (_what, data) => {
		const [wire, other] = [await testServer.connect(), await testServer.connect()];
		wire.socket.send(data);
		await wire.closed;
		expect(types(wire)).toEqual(['FatalError']);
		other.add(0, 1, 'numbers:get', { name: 'beside' });
		await other.until(() => other.value(1) === 0);
	});

	test('ignores events', async () => {
		const wire = await testServer.connect();
		wire.send({ type: 'Event', eventType: 'ClientConnect', event: [] });
		wire.add(0, 1, 'numbers:get', { name: 'event' });
		await wire.until(() => wire.value(1) === 0);
	});

	test('closes with a reason to come back for more mutations than may wait', async () => {
		const wire = await testServer.connect();
		for (let i = 0; i < 1_500; i++) wire.mutate(i, 'numbers:add', { name: 'many', by: 1 });
		expect(await wire.closed).toEqual({ code: 1013, reason: 'TooManyConcurrentMutations' });
		// What was accepted is not half done.
		expect(await testServer.corpus.query('numbers:get', { name: 'many' })).toBeLessThanOrEqual(1_002);
	});

	test('closes with a reason to come back for more actions than may run', async () => {
		const wire = await testServer.connect();
		const call = { type: 'Action', udfPath: 'runtime:waits', args: [{ milliseconds: 60_000 }] };
		for (let requestId = 0; requestId < 1_500; requestId++) wire.send({ ...call, requestId });
		expect(await wire.closed).toEqual({ code: 1013, reason: 'TooManyInflightActionsForSingleClient' });
	});

	test('ends with a FatalError for more queries than a connection may hold', async () => {
		const [greedy, other] = [await testServer.connect(), await testServer.connect()];
		const queries = (count: number) =>
			Array.from({ length: count }, (_, queryId) => ({
				type: 'Add',
				queryId,
				udfPath: 'numbers:get',
				args: [{ name: 'the same' }]
			}));
		const ask = (wire: Wire, count: number): void =>
			wire.send({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: queries(count) });
		ask(other, MAX_QUERIES_PER_CONNECTION);
		ask(greedy, MAX_QUERIES_PER_CONNECTION + 1);
		expect((await greedy.closed).code).toBe(1000);
		expect(greedy.messages).toEqual([
			{ type: 'FatalError', error: `A connection may hold at most ${MAX_QUERIES_PER_CONNECTION} queries.` }
		]);
		await other.until(() => other.value(MAX_QUERIES_PER_CONNECTION - 1) === 0);
	});

	test('closes with a reason to come back when the deployment stops', async () => {
		const stopping = await startTestServer();
		const wire = await stopping.connect();
		await stopping.backend.sync.close();
		expect(await wire.closed).toEqual({ code: 1012, reason: 'Restarting' });
		await stopping.close();
	});
});

describe('verifying', () => {
	test('leads back to connected, and what waited is done in order as the new identity', async () => {
		const wire = await testServer.connect();
		wire.add(0, 1, 'numbers:whoami', {});
		wire.mutate(0, 'numbers:addOwn', { by: 1 });
		wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'User', value: await token('ada') });
		wire.mutate(1, 'numbers:addOwn', { by: 10 });
		wire.send({ type: 'Authenticate', baseVersion: 1, tokenType: 'None' });
		wire.mutate(2, 'numbers:addOwn', { by: 100 });
		await wire.until(() => types(wire).filter((type) => type === 'MutationResponse').length === 3);
		expect(await testServer.corpus.query('numbers:get', { name: 'nobody' })).toBe(101);
		expect(await testServer.corpus.query('numbers:get', { name: 'ada' })).toBe(10);
		await wire.until(() => wire.value(1) === 'nobody' && wire.messages.at(-1)?.endVersion?.identity === 2);
	});

	test('a mutation that waits in the queue runs as who sent it', async () => {
		const wire = await testServer.connect();
		for (let i = 0; i < 100; i++) wire.mutate(i, 'numbers:addOwn', { by: 1_000 });
		wire.send({
			type: 'Authenticate',
			baseVersion: 0,
			tokenType: 'Admin',
			value: ADMIN_KEY,
			impersonating: { subject: 'eve' }
		});
		wire.mutate(100, 'numbers:addOwn', { by: 1 });
		await wire.until(() => types(wire).filter((type) => type === 'MutationResponse').length === 101);
		expect(await testServer.corpus.query('numbers:get', { name: 'eve' })).toBe(1);
	});

	test('closes with a reason to come back for more messages than may wait', async () => {
		const [patient, eager] = [await testServer.connect(), await testServer.connect()];
		const value = await token('late', 3_600, 'https://slow.test');
		for (const wire of [patient, eager]) wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'User', value });
		for (const wire of [patient, eager]) {
			for (let i = 1; i < MAX_WAITING_MESSAGES; i++) wire.send({ type: 'Event' });
			wire.mutate(0, 'numbers:addOwn', { by: 1 });
		}
		eager.send({ type: 'Event' });
		expect(await eager.closed).toEqual({ code: 1013, reason: 'TooManyWaitingMessages' });
		slowKeys.resolve();
		await patient.until(() => types(patient).includes('MutationResponse'));
		expect(await testServer.corpus.query('numbers:get', { name: 'late' })).toBe(1);
	});

	test.each([
		['a bad key', { tokenType: 'Admin', value: 'wrong' }],
		['a token that is none', { tokenType: 'User', value: 'nonsense' }]
	])('ends with an AuthError for %s', async (_what, credentials) => {
		const wire = await testServer.connect();
		wire.send({ type: 'Authenticate', baseVersion: 0, ...credentials });
		wire.mutate(0, 'numbers:add', { name: 'refused', by: 1 });
		await wire.closed;
		expect(wire.messages).toEqual([
			{ type: 'AuthError', baseVersion: 0, authUpdateAttempted: true, error: expect.any(String) }
		]);
		expect(JSON.stringify(wire.messages)).not.toContain(credentials.value);
		expect(await testServer.corpus.query('numbers:get', { name: 'refused' })).toBe(0);
	});

	test('ends with a FatalError for a wrong identity version', async () => {
		const wire = await testServer.connect();
		wire.send({ type: 'Authenticate', baseVersion: 3, tokenType: 'None' });
		await wire.closed;
		expect(types(wire)).toEqual(['FatalError']);
	});
});

describe('a token that runs out', () => {
	let wire: Wire;

	beforeEach(async () => {
		wire = await testServer.connect();
		wire.add(0, 1, 'numbers:whoami', {});
		wire.add(1, 2, 'numbers:get', { name: 'watched' });
		wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'User', value: await token('joan') });
		await wire.until(() => wire.value(1) === 'joan' && wire.value(2) !== undefined);
		vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_700_000);
	});
	afterEach(() => vi.restoreAllMocks());

	const expired = { type: 'AuthError', error: 'The token has expired.', baseVersion: 1, authUpdateAttempted: false };

	test('says nothing by itself', async () => {
		const before = wire.messages.length;
		await pass(3 * HEARTBEAT_MS);
		expect(wire.messages.slice(before).filter(({ type }) => type !== 'Ping')).toEqual([]);
		expect(wire.socket.readyState).toBe(wire.socket.OPEN);
	});

	test('is an AuthError before a call, which does not run', async () => {
		wire.mutate(0, 'numbers:addOwn', { by: 1 });
		await wire.closed;
		expect(wire.messages.at(-1)).toEqual(expired);
		expect(await testServer.corpus.query('numbers:get', { name: 'joan' })).toBe(0);
	});

	test('is an AuthError before an update', async () => {
		await testServer.corpus.mutation('numbers:add', { name: 'watched', by: 1 });
		await wire.closed;
		expect(wire.messages.at(-1)).toEqual(expired);
	});

	test('is forgotten with another one', async () => {
		vi.restoreAllMocks();
		wire.send({ type: 'Authenticate', baseVersion: 1, tokenType: 'User', value: await token('joan') });
		await wire.until((messages) => messages.at(-1)?.endVersion?.identity === 2);
		wire.mutate(0, 'numbers:addOwn', { by: 0 });
		await wire.until((messages) => messages.some(({ type }) => type === 'MutationResponse'));
	});
});

describe('time', () => {
	test('an idle client hears a Ping before it would reconnect, again and again', async () => {
		const wire = await testServer.connect();
		await pass(PING_AFTER_IDLE_MS + HEARTBEAT_MS);
		await wire.until(() => types(wire).length === 1);
		await pass(3 * (PING_AFTER_IDLE_MS + HEARTBEAT_MS));
		await wire.until(() => types(wire).length >= 4);
		expect(new Set(types(wire))).toEqual(new Set(['Ping']));
	});

	test('a peer that answers no ping is gone within two minutes, and one that does stays', async () => {
		const [silent, alive] = [await testServer.connect(), await testServer.connect()];
		// Half open: nothing is read, so no ping is answered.
		silent.socket.pause();
		await pass(DEAD_AFTER_MS - HEARTBEAT_MS);
		expect(testServer.backend.sync.connections).toBe(2);
		await pass(2 * HEARTBEAT_MS);
		await vi.waitFor(() => expect(testServer.backend.sync.connections).toBe(1), PATIENT);
		expect(DEAD_AFTER_MS + HEARTBEAT_MS).toBeLessThanOrEqual(120_000);
		expect(alive.socket.readyState).toBe(alive.socket.OPEN);
		silent.socket.resume();
		expect((await silent.closed).code).toBe(1006);
	});

	test('a peer that does not read gets nothing more, then one transition, or is dropped', async () => {
		const [slow, writer] = [await testServer.connect(), await testServer.connect()];
		const count = (type: string): number => types(writer).filter((one) => one === type).length;
		const runs = (): number => testServer.runs('numbers:large');
		/** Writes until twenty mutations in a row, each with its transition, make no run: the buffers of the system are full. */
		const writeUntilBehind = async (): Promise<void> => {
			for (let without = 0; without < 20;) {
				const last = runs();
				const written = count('MutationResponse');
				writer.mutate(written, 'numbers:add', { name: 'slow', by: 1 });
				await writer.until(() => count('MutationResponse') > written && count('Transition') > written);
				without = runs() === last ? without + 1 : 0;
			}
		};
		slow.add(0, 1, 'numbers:large', { name: 'slow', characters: 4_000_000 });
		await slow.until(() => slow.value(1) !== undefined);
		slow.socket.pause();
		const [told, before] = [slow.messages.length, runs()];
		await writeUntilBehind();
		// The buffers, which may grow to 36 MiB, take a few of eight megabytes.
		expect(runs() - before).toBeLessThanOrEqual(8);
		slow.socket.resume();
		await slow.until(() => String(slow.value(1)).startsWith(`${count('MutationResponse')} `));
		expect(slow.messages.length - told).toBeLessThanOrEqual(9);

		slow.socket.pause();
		await writeUntilBehind();
		expect(testServer.backend.sync.connections).toBe(2);
		await vi.waitFor(async () => {
			// It speaks, so it is not dropped as dead. Whenever the system's buffers take a little more, its time starts anew.
			slow.send({ type: 'Event', eventType: 'Alive', event: null });
			await pass(MAX_STALLED_MS + 2 * HEARTBEAT_MS);
			expect(testServer.backend.sync.connections).toBe(1);
		}, 30_000);
	}, 90_000);
});
