/** The unmodified `convex` CLI against a deployment in this process. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startDeployment } from '../deployment.ts';
import type { RunningDeployment } from '../deployment.ts';
import { createTestApp } from '../testApp.testing.ts';
import type { CliRun, TestApp } from '../testApp.testing.ts';

const list = makeFunctionReference<'query', { channel: string }, string[]>('messages:list');
const send = makeFunctionReference<'mutation', { channel: string; body: string }, string>('messages:send');
const logPage = z.object({ entries: z.array(z.unknown()), newCursor: z.number() });
const WITHOUT_TYPES = ['--typecheck', 'disable'];

let app: TestApp;
let dataDir: string;
let deployment: RunningDeployment;
let http: ConvexHttpClient;

beforeAll(async () => {
	app = createTestApp();
	dataDir = mkdtempSync(path.join(tmpdir(), 'cli-'));
	deployment = await startDeployment({ dataDir, appDir: app.dir, port: 0 });
	http = new ConvexHttpClient(deployment.url, { logger: false });
}, 60_000);

afterAll(async () => {
	await deployment?.close();
	app.remove();
	rmSync(dataDir, { recursive: true, force: true });
});

async function convex(...args: string[]): Promise<CliRun> {
	return await app.convex(deployment, ...args);
}

async function succeeds(...args: string[]): Promise<string> {
	const { code, output } = await convex(...args);
	expect(code, output).toBe(0);
	return output;
}

describe('the convex CLI', { timeout: 90_000 }, () => {
	test('codegen leaves nothing on the deployment', async () => {
		await succeeds('codegen', ...WITHOUT_TYPES);
		expect(existsSync(path.join(app.dir, 'convex/_generated/api.d.ts'))).toBe(true);
		await expect(http.query(list, { channel: 'a' })).rejects.toThrow(/Could not find/);
	});

	test('dev --once pushes, with type checking', async () => {
		expect(await succeeds('dev', '--once')).toContain('Convex functions ready');
		expect(await http.query(list, { channel: 'a' })).toEqual([]);
	});

	test('run calls public and internal functions of each kind, with an identity', async () => {
		expect(await succeeds('run', 'messages:send', '{"channel":"a","body":"hello"}')).toContain('"hello"');
		expect(await succeeds('run', 'messages:list', '{"channel":"a"}')).toContain('"hello"');
		expect(await succeeds('run', 'messages:hidden')).toContain('"found"');
		expect(await succeeds('run', 'actions:digest', '{"text":"x"}')).toContain(
			'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
		);
		const identity = await succeeds('run', 'messages:whoami', '--identity', '{"name":"Ada","subject":"ada"}');
		expect(identity).toContain('"name": "Ada"');
		expect(identity).toContain('"tokenIdentifier": "https://convex.test|ada"');
	});

	test('run names the functions there are when one is missing', async () => {
		const { code, output } = await convex('run', 'messages:nothing');
		expect(code).toBe(1);
		expect(output).toContain('Available functions:');
		expect(output).toContain('send');
	});

	test('run shows arguments that do not validate', async () => {
		const { code, output } = await convex('run', 'messages:list', '{"channel":1}');
		expect(code).toBe(1);
		expect(output).toContain('ArgumentValidationError');
	});

	test('env set, get, list and remove', async () => {
		await succeeds('env', 'set', 'COLOUR', 'green and blue');
		expect(await succeeds('env', 'get', 'COLOUR')).toContain('green and blue');
		expect(await succeeds('env', 'list', '--include-values')).toMatch(/COLOUR=.?green and blue/);
		await succeeds('env', 'remove', 'COLOUR');
		expect(await succeeds('env', 'list')).toContain('No environment variables set');
	});

	test('data lists tables and documents', async () => {
		expect(await succeeds('data')).toMatch(/counters\s+messages/);
		expect(await succeeds('data', 'messages')).toContain('"hello"');
	});

	test('logs shows what ran', async () => {
		const output = { text: '' };
		await app.convexUntil(deployment, /sending/, output, 'logs', '--history', '20');
		expect(output.text).toMatch(/M\(messages:send\)\] \[LOG\].*sending/);
	});

	test('logs waits for what will run', async () => {
		const headers = { authorization: `Convex ${deployment.adminKey}` };
		const first = await fetch(`${deployment.url}/api/stream_function_logs?cursor=0`, { headers });
		const { newCursor } = logPage.parse(await first.json());
		const waiting = fetch(`${deployment.url}/api/stream_function_logs?cursor=${newCursor}`, { headers });
		await http.mutation(send, { channel: 'b', body: 'later' });
		expect(await (await waiting).text()).toContain('later');
	});

	test('dev watches: a push that failed is tried again when the environment changes, and logs are shown', async () => {
		app.write(
			'convex/needs.ts',
			`export const needed = process.env.NEEDED;\nif (!needed) throw new Error('NEEDED is not set');`
		);
		const seen = (pattern: RegExp): Promise<void> =>
			vi.waitFor(() => expect(output.text).toMatch(pattern), { timeout: 20_000 });
		const output = { text: '' };
		const watching = app.convexUntil(deployment, /seen by dev/, output, 'dev', ...WITHOUT_TYPES);
		await seen(/NEEDED is not set/);
		await succeeds('env', 'set', 'NEEDED', 'yes');
		await seen(/functions ready/);
		// The CLI pauses its logs during a push.
		await setTimeout(1_000);
		await http.mutation(send, { channel: 'b', body: 'seen by dev' });
		await watching;
		expect(output.text).toMatch(/M\(messages:send\)\] \[LOG\].*seen by dev/);
		app.write('convex/needs.ts', 'export {};');
	});

	test('function-spec describes every function', async () => {
		const output = await succeeds('function-spec');
		const spec = JSON.parse(output.slice(output.indexOf('{')));
		expect(spec.url).toBe(deployment.url);
		expect(spec.functions).toContainEqual(
			expect.objectContaining({
				identifier: 'messages.js:send',
				functionType: 'Mutation',
				visibility: { kind: 'public' }
			})
		);
		expect(spec.functions).toContainEqual({ functionType: 'HttpAction', method: 'POST', path: '/echo' });
	});

	test('deploy pushes again, and removes what is gone', async () => {
		app.write(
			'convex/extra.ts',
			`import { queryGeneric } from 'convex/server'; export const three = queryGeneric({ args: {}, handler: async () => 3 });`
		);
		await succeeds('deploy', '-y', ...WITHOUT_TYPES);
		expect(await succeeds('run', 'extra:three')).toContain('3');
		app.write('convex/extra.ts', 'export {};');
		await succeeds('deploy', '-y', ...WITHOUT_TYPES);
		expect((await convex('run', 'extra:three')).code).toBe(1);
	});

	test('deploy says which indexes it deletes', async () => {
		const schema = (index: string): string => `
			import { defineSchema, defineTable } from 'convex/server';
			import { v } from 'convex/values';
			export default defineSchema({
				messages: defineTable({ channel: v.string(), body: v.string() }).index('by_channel', ['channel'])${index},
				counters: defineTable({ name: v.string(), value: v.number() }).index('by_name', ['name'])
			});`;
		app.write('convex/schema.ts', schema(`.index('by_body', ['body'])`));
		expect(await succeeds('deploy', '-y', ...WITHOUT_TYPES)).toContain('No indexes are deleted by this push');
		app.write('convex/schema.ts', schema(''));
		expect(await succeeds('deploy', '-y', ...WITHOUT_TYPES)).toContain('No large indexes are deleted by this push');
	});

	test('a push that cannot be evaluated leaves the deployed code', async () => {
		app.write('convex/broken.ts', `export const broken = true; throw new Error('not today');`);
		const { code, output } = await convex('dev', '--once', ...WITHOUT_TYPES);
		expect(code).toBe(1);
		expect(output).toContain('not today');
		expect(await http.query(list, { channel: 'a' })).toEqual(['hello']);
		app.write('convex/broken.ts', 'export {};');
	});

	test('a schema that the documents do not fit is refused, and leaves the deployed code', async () => {
		const schema = (body: string): string => `
			import { defineSchema, defineTable } from 'convex/server';
			import { v } from 'convex/values';
			export default defineSchema({
				messages: defineTable({ channel: v.string(), body: ${body} }).index('by_channel', ['channel']),
				counters: defineTable({ name: v.string(), value: v.number() }).index('by_name', ['name'])
			});`;
		app.write('convex/schema.ts', schema('v.number()'));
		const { code, output } = await convex('dev', '--once', ...WITHOUT_TYPES);
		expect(code).toBe(1);
		expect(output).toContain('messages');
		expect(await http.query(list, { channel: 'a' })).toEqual(['hello']);
		app.write('convex/schema.ts', schema('v.string()'));
		await succeeds('dev', '--once', ...WITHOUT_TYPES);
	});

	test('auth.config names the variable that it misses', async () => {
		app.write(
			'convex/auth.config.ts',
			`export default { providers: [{ domain: process.env.TEST_OIDC, applicationID: 'a' }] };`
		);
		const { code, output } = await convex('dev', '--once', ...WITHOUT_TYPES);
		expect(code).toBe(1);
		expect(output).toContain('Environment variable TEST_OIDC is used in auth config file but its value was not set.');
		app.write('convex/auth.config.ts', 'export default { providers: [] };');
	});

	test('a component is mounted and unmounted', async () => {
		app.write(
			'convex/parts/convex.config.ts',
			`import { defineComponent } from 'convex/server'; export default defineComponent('parts');`
		);
		app.write(
			'convex/convex.config.ts',
			`import { defineApp } from 'convex/server'; import parts from './parts/convex.config'; const app = defineApp(); app.use(parts); export default app;`
		);
		expect(await succeeds('dev', '--once', ...WITHOUT_TYPES)).toContain('Installed component parts.');
		app.write('convex/convex.config.ts', `import { defineApp } from 'convex/server'; export default defineApp();`);
		expect(await succeeds('dev', '--once', ...WITHOUT_TYPES)).toContain('Unmounted component parts.');
	});

	test('a wrong admin key is refused', async () => {
		const { code, output } = await app.convex(
			{ url: deployment.url, adminKey: 'wrong|0123456789abcdef' },
			'run',
			'messages:hidden'
		);
		expect(code).toBe(1);
		expect(output).not.toContain('found');
	});
});
