/** Queries that the engine runs again by itself when a commit touches them. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { ADMIN_KEY, startTestServer } from './wire.testing.ts';
import type { TestServer, Wire } from './wire.testing.ts';
import { PATIENT } from '../patience.testing.ts';

let testServer: TestServer;

// However slow this machine is.
beforeAll(async () => void (testServer = await startTestServer({ renewalTime: 60_000 })));
afterEach(() => testServer.hangUp());
afterAll(() => testServer.close());

async function connectAs(subject: string): Promise<Wire> {
	const wire = await testServer.connect();
	const impersonating = { subject, issuer: 'test', tokenIdentifier: `test|${subject}` };
	wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'Admin', value: ADMIN_KEY, impersonating });
	return wire;
}

test('everybody who watches gets the new answer, which was asked for by nobody', async () => {
	const [one, other] = [await testServer.connect(), await testServer.connect()];
	for (const wire of [one, other]) wire.add(0, 1, 'numbers:get', { name: 'together' });
	await vi.waitFor(() => expect([one.value(1), other.value(1)]).toEqual([0, 0]), PATIENT);
	const asked = vi.spyOn(testServer.engine, 'querySet');
	for (let count = 1; count <= 3; count++) {
		one.mutate(count, 'numbers:add', { name: 'together', by: 1 });
		await vi.waitFor(() => expect([one.value(1), other.value(1)]).toEqual([count, count]), PATIENT);
	}
	expect(asked).not.toHaveBeenCalled();
	asked.mockRestore();
	expect(testServer.backend.deployment.hub.liveRuns).toBe(1);
});

test('an answer that begins to tell who asks is told to that one only', async () => {
	const [ann, bob] = [await connectAs('ann'), await connectAs('bob')];
	const before = testServer.runs('numbers:asker');
	for (const wire of [ann, bob]) {
		wire.add(0, 1, 'numbers:asker', { name: 'identity' });
		await wire.until(() => wire.value(1) === 'nobody');
	}
	expect(testServer.runs('numbers:asker')).toBe(before + 1);
	ann.mutate(0, 'numbers:add', { name: 'identity', by: 1 });
	await vi.waitFor(() => expect([ann.value(1), bob.value(1)]).toEqual(['ann', 'bob']), PATIENT);
	const told = [ann, bob].map((wire) => JSON.stringify(wire.messages));
	expect(told[0]).not.toContain('bob');
	expect(told[1]).not.toContain('ann');
});

test('whoever is somebody else now gets an answer of his own', async () => {
	const [ann, writer] = [await connectAs('ann'), await testServer.connect()];
	ann.add(0, 1, 'numbers:asker', { name: 'changes' });
	await vi.waitFor(() => expect(ann.value(1)).toBe('nobody'), PATIENT);
	writer.mutate(0, 'numbers:add', { name: 'changes', by: 1 });
	ann.send({ type: 'Authenticate', baseVersion: 1, tokenType: 'None' });
	await vi.waitFor(() => expect(ann.messages.at(-1)?.endVersion?.identity).toBe(2), PATIENT);
	await vi.waitFor(() => expect(ann.value(1)).toBe('nobody'), PATIENT);
});

test('a query that ends its process then does no harm to the mutation', async () => {
	const [watcher, other] = [await testServer.connect(), await testServer.connect()];
	watcher.add(0, 1, 'numbers:trap', { name: 'trap' });
	other.add(0, 1, 'numbers:get', { name: 'trap' });
	await vi.waitFor(() => expect([watcher.value(1), other.value(1)]).toEqual([0, 0]), PATIENT);
	other.mutate(0, 'numbers:add', { name: 'trap', by: 1 });
	await other.until(() => other.value(1) === 1);
	expect(other.messages.find(({ type }) => type === 'MutationResponse')).toMatchObject({ success: true, result: 1 });
	await watcher.until((messages) => JSON.stringify(messages).includes('timed out'));
	expect(await testServer.corpus.query('numbers:get', { name: 'trap' })).toBe(1);
}, 30_000);

test('nothing is run again for those who have gone', async () => {
	const { hub } = testServer.backend.deployment;
	const [reader, writer] = [await testServer.connect(), await testServer.connect()];
	reader.add(0, 1, 'numbers:get', { name: 'gone' });
	await vi.waitFor(() => expect(reader.value(1)).toBe(0), PATIENT);
	writer.mutate(0, 'numbers:add', { name: 'gone', by: 1 });
	await vi.waitFor(() => expect(reader.value(1)).toBe(1), PATIENT);
	reader.socket.terminate();
	await vi.waitFor(() => expect(hub.liveRuns).toBe(0), PATIENT);
	const before = testServer.runs('numbers:get');
	await testServer.corpus.mutation('numbers:add', { name: 'gone', by: 1 });
	expect(testServer.runs('numbers:get')).toBe(before);
});
