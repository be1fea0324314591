import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_KEY, startTestServer, Wire } from './wire.testing.ts';
import type { TestServer } from './wire.testing.ts';

/** Asks for what only an admin may see, and shows the key. */
async function showKey({ port }: TestServer, origin?: string, value: string = ADMIN_KEY): Promise<Wire> {
	const wire = await new Wire(port, origin === undefined ? {} : { origin }).open();
	wire.add(0, 1, '_system/cli/queryEnvironmentVariables:default', {});
	wire.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'Admin', value });
	return wire;
}

async function expectAdmin(wire: Wire): Promise<void> {
	await wire.until(() => JSON.stringify(wire.value(1)) === '[]');
	wire.socket.terminate();
}

describe.each([
	{ option: undefined, fromPages: true },
	{ option: true, fromPages: true },
	{ option: false, fromPages: false }
])('with adminKeyFromPages: $option', ({ option, fromPages }) => {
	let server: TestServer;
	beforeAll(async () => void (server = await startTestServer({}, undefined, option)));
	afterAll(() => server.close());

	test('the key counts on the socket of a program', async () => {
		await expectAdmin(await showKey(server));
	});

	const origins = () => ['http://app.test', server.url];

	test(`the key ${fromPages ? 'counts' : 'does not count'} on the socket of a page`, async () => {
		for (const origin of origins()) {
			const wire = await showKey(server, origin);
			if (fromPages) await expectAdmin(wire);
			else {
				await wire.closed;
				expect(wire.messages.at(-1)).toMatchObject({ type: 'AuthError', authUpdateAttempted: true });
				expect(wire.value(1)).toBeUndefined();
			}
		}
	});

	test('a page learns nothing from what it is answered about a key', async () => {
		const answers = new Set<unknown>();
		for (const key of fromPages ? ['wrong'] : ['wrong', ADMIN_KEY]) {
			const wire = await showKey(server, server.url, key);
			await wire.closed;
			answers.add(JSON.stringify(wire.messages.at(-1)));
		}
		expect(answers.size).toBe(1);
	});
});
