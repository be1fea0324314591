import type { Socket } from 'node:net';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeTs, encodeTs, parseClientMessage } from './protocol.ts';
import { ADMIN_KEY, Wire, startTestServer } from './wire.testing.ts';
import type { Message, TestServer } from './wire.testing.ts';
import { PATIENT } from '../patience.testing.ts';

const getNumber = makeFunctionReference<'query', { name: string }, number>('numbers:get');
const addNumber = makeFunctionReference<'mutation', { name: string; by: number }, number>('numbers:add');

let testServer: TestServer;

beforeAll(async () => void (testServer = await startTestServer({ functionWallClock: 1_500 })));
afterEach(() => testServer.hangUp());
afterAll(() => testServer.close());

function ofType(type: string): (messages: Message[]) => boolean {
	return (messages) => messages.some((message) => message.type === type);
}

describe('the words of the protocol', () => {
	test('timestamps survive the wire', () => {
		fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (ts) => decodeTs(encodeTs(ts)) === ts));
		expect(encodeTs(1n)).toBe('AQAAAAAAAAA=');
	});

	test('nonsense is refused with a sentence', () => {
		fc.assert(
			fc.property(fc.anything(), (nonsense) => {
				expect(() => parseClientMessage(JSON.stringify({ type: 'Nonsense', nonsense }))).toThrow(/was not understood/);
			})
		);
		expect(() => parseClientMessage('{')).toThrow('A message was not JSON.');
	});
});

describe('a socket', () => {
	test('gets its queries, and again only what changed', async () => {
		const wire = await testServer.connect();
		wire.add(0, 1, 'numbers:get', { name: 'changed' });
		wire.add(1, 2, 'numbers:get', { name: 'unchanged' });
		await wire.until(() => wire.value(1) === 0 && wire.value(2) === 0);
		wire.mutate(0, 'numbers:add', { name: 'changed', by: 5 });
		await wire.until(() => wire.value(1) === 5);
		const last = wire.messages.findLast((message) => message.type === 'Transition');
		expect(last?.modifications).toEqual([{ type: 'QueryUpdated', queryId: 1, value: 5, logLines: [], journal: null }]);
	});

	test('hears the answer of a mutation first, and then a transition that is not older', async () => {
		const wire = await testServer.connect();
		wire.mutate(7, 'numbers:add', { name: 'x', by: 1 });
		await wire.until(ofType('Transition'));
		const [response, transition] = wire.messages;
		expect(response).toMatchObject({ type: 'MutationResponse', requestId: 7, success: true, result: 1 });
		expect(decodeTs(transition?.endVersion?.ts ?? '')).toBeGreaterThanOrEqual(decodeTs(String(response?.ts)));
	});

	test('runs mutations in order', async () => {
		const wire = await testServer.connect();
		for (let i = 0; i < 100; i++) wire.mutate(i, 'numbers:add', { name: 'n', by: 1 });
		const responses = (): Message[] => wire.messages.filter((message) => message.type === 'MutationResponse');
		await wire.until(() => responses().length === 100);
		expect(responses().map(({ requestId, result }) => [requestId, result])).toEqual(
			Array.from({ length: 100 }, (_, i) => [i, i + 1])
		);
	});

	test('applies a request sent twice once, and answers it twice', async () => {
		const sessionId = crypto.randomUUID();
		const first = await testServer.connect(sessionId);
		first.mutate(3, 'numbers:add', { name: 'once', by: 1 });
		await first.until(ofType('MutationResponse'));
		first.socket.terminate();
		const second = await testServer.connect(sessionId);
		second.mutate(3, 'numbers:add', { name: 'once', by: 1 });
		await second.until(ofType('MutationResponse'));
		expect(second.messages.find(({ type }) => type === 'MutationResponse')).toEqual(
			first.messages.find(({ type }) => type === 'MutationResponse')
		);
		expect(await testServer.corpus.query('numbers:get', { name: 'once' })).toBe(1);
	});

	test('does not hear a failing query twice although its request id differs', async () => {
		const wire = await testServer.connect();
		wire.add(0, 1, 'numbers:fail', {});
		await wire.until(ofType('Transition'));
		testServer.backend.deployment.hub.invalidateEverything();
		await wire.until((messages) => messages.filter(({ type }) => type === 'Transition').length === 2);
		expect(wire.messages.at(-1)?.modifications).toEqual([]);
	});

	test('shares the run of an equal question, and runs again for another identity only when it was read', async () => {
		const [one, two] = [await testServer.connect(), await testServer.connect()];
		const before = testServer.runs('numbers:get');
		one.add(0, 1, 'numbers:get', { name: 'shared' });
		await one.until(() => one.value(1) === 0);
		two.add(0, 9, 'numbers:get', { name: 'shared' });
		await two.until(() => two.value(9) === 0);
		expect(testServer.runs('numbers:get')).toBe(before + 1);
		one.mutate(0, 'numbers:add', { name: 'shared', by: 1 });
		await two.until(() => two.value(9) === 1 && one.value(1) === 1);
		expect(testServer.runs('numbers:get')).toBe(before + 2);
		one.add(1, 2, 'numbers:whoami', {});
		await one.until(() => one.value(2) === 'nobody');
		const asked = testServer.runs('numbers:whoami');
		one.send({
			type: 'Authenticate',
			baseVersion: 0,
			tokenType: 'Admin',
			value: ADMIN_KEY,
			impersonating: { subject: 'ada' }
		});
		await one.until(() => one.value(2) === 'ada');
		expect(testServer.runs('numbers:whoami')).toBe(asked + 1);
	});

	test('lets go of runs that nobody watches', async () => {
		const { hub } = testServer.backend.deployment;
		await vi.waitFor(() => expect(hub.liveRuns).toBe(0), PATIENT);
		const unsubscribe = vi.spyOn(testServer.engine, 'unsubscribe');
		const wire = await testServer.connect();
		wire.add(0, 1, 'numbers:get', { name: 'a' });
		await wire.until(ofType('Transition'));
		expect(hub.liveRuns).toBe(1);
		wire.send({
			type: 'ModifyQuerySet',
			baseVersion: 1,
			newVersion: 2,
			modifications: [{ type: 'Remove', queryId: 1 }]
		});
		await wire.until(
			(messages) => JSON.stringify(messages.at(-1)?.modifications) === '[{"type":"QueryRemoved","queryId":1}]'
		);
		expect(hub.liveRuns).toBe(0);
		expect(unsubscribe.mock.calls.flat(2)).toHaveLength(1);
		wire.add(2, 2, 'numbers:get', { name: 'b' });
		await wire.until(() => wire.value(2) === 0);
		wire.socket.terminate();
		await vi.waitFor(() => expect(hub.liveRuns).toBe(0), PATIENT);
	});

	test('never sees half of a commit', async () => {
		const wire = await testServer.connect();
		wire.add(0, 1, 'numbers:get', { name: 'left' });
		wire.add(1, 2, 'numbers:get', { name: 'right' });
		const writer = await testServer.connect();
		for (let i = 0; i < 200; i++) writer.mutate(i, 'numbers:move', { from: 'left', to: 'right', by: 1 });
		await wire.until(() => wire.value(2) === 200);
		const state = new Map([
			[1, 0],
			[2, 0]
		]);
		for (const message of wire.messages) {
			for (const { queryId, value } of message.modifications ?? []) state.set(queryId, Number(value));
			expect([...state.values()].reduce((total, value) => total + value)).toBe(0);
		}
	});

	test.each([
		['an unknown message', { type: 'Hello' }, /type "Hello" was not understood/],
		[
			'a wrong base version',
			{ type: 'ModifyQuerySet', baseVersion: 4, newVersion: 5, modifications: [] },
			/Base version 4/
		],
		['a wrong identity version', { type: 'Authenticate', baseVersion: 2, tokenType: 'None' }, /Base version 2/],
		[
			'removing what is not there',
			{ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: [{ type: 'Remove', queryId: 1 }] },
			/never added/
		],
		['a second Connect', { type: 'Connect', sessionId: 's', connectionCount: 0, lastCloseReason: null }, /twice/]
	])('is closed with a FatalError for %s', async (_what, message, sentence) => {
		const wire = await testServer.connect();
		wire.send(message);
		await wire.closed;
		expect(wire.messages.at(-1)).toEqual({ type: 'FatalError', error: expect.stringMatching(sentence) });
	});

	test('is closed when the client has seen a later timestamp than ours', async () => {
		const wire = new Wire(testServer.port);
		await new Promise((resolve) => wire.socket.once('open', resolve));
		const maxObservedTimestamp = encodeTs(testServer.engine.latestTs() + 1n);
		wire.send({ type: 'Connect', sessionId: 's', connectionCount: 1, lastCloseReason: null, maxObservedTimestamp });
		expect(await wire.closed).toEqual({ code: 1011, reason: 'InternalServerError' });
	});

	test('hears an AuthError for a bad key', async () => {
		const wire = await testServer.connect();
		wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'Admin', value: 'wrong' });
		await wire.closed;
		expect(wire.messages.at(-1)).toMatchObject({ type: 'AuthError', baseVersion: 0, authUpdateAttempted: true });
	});

	test('stays served when a query of another costs the engine its process', async () => {
		const [reckless, other] = [await testServer.connect(), await testServer.connect()];
		reckless.add(0, 1, 'runtime:loops', {});
		other.add(0, 1, 'numbers:get', { name: 'beside' });
		await other.until(() => other.value(1) === 0);
		await reckless.until((messages) => JSON.stringify(messages).includes('timed out'));
		other.mutate(0, 'numbers:add', { name: 'beside', by: 1 });
		await other.until(() => other.value(1) === 1);
		expect(testServer.runs('runtime:loops')).toBe(2);
	});

	test('is closed for a frame beyond the limit, and others stay served', async () => {
		const [greedy, other] = [await testServer.connect(), await testServer.connect()];
		greedy.socket.send(Buffer.alloc(21 * 1024 * 1024, 'x').toString());
		expect((await greedy.closed).code).toBe(1009);
		other.add(0, 1, 'numbers:get', { name: 'untouched' });
		await other.until(() => other.value(1) === 0);
	});

	test('may answer system queries to the admin only', async () => {
		const wire = await testServer.connect();
		wire.add(0, 1, '_system/cli/queryEnvironmentVariables:default', {});
		await wire.until((messages) => JSON.stringify(messages).includes('QueryFailed'));
		wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'Admin', value: ADMIN_KEY });
		await wire.until(() => JSON.stringify(wire.value(1)) === '[]');
	});
});

describe('the official client', () => {
	test('subscribes, mutates and comes back after the socket is cut', async () => {
		const sockets = new Set<Socket>();
		testServer.server.on('connection', (socket) => sockets.add(socket));
		const client = new ConvexClient(`http://127.0.0.1:${testServer.port}`, {
			logger: false,
			skipConvexDeploymentUrlCheck: true
		});
		const seen: number[] = [];
		client.onUpdate(getNumber, { name: 'official' }, (value) => void seen.push(value));
		await vi.waitFor(() => expect(seen).toEqual([0]), PATIENT);
		expect(await client.mutation(addNumber, { name: 'official', by: 2 })).toBe(2);
		await vi.waitFor(() => expect(seen).toEqual([0, 2]), PATIENT);
		for (const socket of sockets) socket.destroy();
		expect(await client.mutation(addNumber, { name: 'official', by: 3 })).toBe(5);
		await vi.waitFor(() => expect(seen.at(-1)).toBe(5), PATIENT);
		await client.close();
	});
});
