/** The unmodified `convex` CLI against a deployment in this process. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';

const logPage = z.object({ entries: z.array(z.unknown()), newCursor: z.number() });

let app: DeployedApp;

beforeAll(async () => {
	app = await DeployedApp.start();
}, 60_000);

afterAll(() => app?.close());

describe('the convex CLI', { timeout: 90_000 }, () => {
	test('codegen leaves nothing on the deployment', async () => {
		await app.convex('codegen', '--typecheck', 'disable');
		expect(existsSync(path.join(app.app.dir, 'convex/_generated/api.d.ts'))).toBe(true);
		await expect(app.query('messages:list', { channel: 'a' })).rejects.toThrow(/Could not find/);
	});

	test('dev --once pushes, with type checking', async () => {
		expect(await app.convex('dev', '--once')).toContain('Convex functions ready');
		expect(await app.query('messages:list', { channel: 'a' })).toEqual([]);
	});

	test('run calls public and internal functions of each kind, with an identity', async () => {
		expect(await app.convex('run', 'messages:send', '{"channel":"a","body":"hello"}')).toContain('"hello"');
		expect(await app.convex('run', 'messages:list', '{"channel":"a"}')).toContain('"hello"');
		expect(await app.convex('run', 'messages:hidden')).toContain('"found"');
		expect(await app.convex('run', 'actions:digest', '{"text":"x"}')).toContain(
			'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
		);
		const identity = await app.convex('run', 'messages:whoami', '--identity', '{"name":"Ada","subject":"ada"}');
		expect(identity).toContain('"name": "Ada"');
		expect(identity).toContain('"tokenIdentifier": "https://convex.test|ada"');
	});

	test('run names the functions there are when one is missing', async () => {
		const output = await app.refused('run', 'messages:nothing');
		expect(output).toContain('Available functions:');
		expect(output).toContain('send');
	});

	test('run shows arguments that do not validate', async () => {
		const output = await app.refused('run', 'messages:list', '{"channel":1}');
		expect(output).toContain('ArgumentValidationError');
	});

	test('env set, get, list and remove', async () => {
		await app.convex('env', 'set', 'COLOUR', 'green and blue');
		expect(await app.convex('env', 'get', 'COLOUR')).toContain('green and blue');
		expect(await app.convex('env', 'list', '--include-values')).toMatch(/COLOUR=.?green and blue/);
		await app.convex('env', 'remove', 'COLOUR');
		expect(await app.convex('env', 'list')).toContain('No environment variables set');
	});

	test('data lists tables and documents', async () => {
		expect(await app.convex('data')).toMatch(/counters\s+messages/);
		expect(await app.convex('data', 'messages')).toContain('"hello"');
	});

	test('logs shows what ran', async () => {
		const output = { text: '' };
		await app.until(/sending/, output, 'logs', '--history', '20');
		expect(output.text).toMatch(/M\(messages:send\)\] \[LOG\].*sending/);
	});

	test('logs waits for what will run', async () => {
		const headers = { authorization: `Convex ${app.deployment.adminKey}` };
		const first = await fetch(`${app.deployment.url}/api/stream_function_logs?cursor=0`, { headers });
		const { newCursor } = logPage.parse(await first.json());
		const waiting = fetch(`${app.deployment.url}/api/stream_function_logs?cursor=${newCursor}`, { headers });
		await app.mutation('messages:send', { channel: 'b', body: 'later' });
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
		const watching = app.until(/seen by dev/, output, 'dev', ...FAST);
		await seen(/NEEDED is not set/);
		await app.convex('env', 'set', 'NEEDED', 'yes');
		await seen(/functions ready/);
		// The CLI pauses its logs during a push.
		await setTimeout(1_000);
		await app.mutation('messages:send', { channel: 'b', body: 'seen by dev' });
		await watching;
		expect(output.text).toMatch(/M\(messages:send\)\] \[LOG\].*seen by dev/);
		app.write('convex/needs.ts', 'export {};');
	});

	test('function-spec describes every function', async () => {
		const output = await app.convex('function-spec');
		const spec = JSON.parse(output.slice(output.indexOf('{')));
		expect(spec.url).toBe(app.deployment.url);
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
		await app.convex('deploy', '-y', ...FAST);
		expect(await app.convex('run', 'extra:three')).toContain('3');
		app.write('convex/extra.ts', 'export {};');
		await app.convex('deploy', '-y', ...FAST);
		expect(await app.refused('run', 'extra:three')).toContain('Could not find');
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
		expect(await app.convex('deploy', '-y', ...FAST)).toContain('No indexes are deleted by this push');
		app.write('convex/schema.ts', schema(''));
		expect(await app.convex('deploy', '-y', ...FAST)).toContain('No large indexes are deleted by this push');
	});

	test('deploy --dry-run says what would change, and changes nothing', async () => {
		app.write(
			'convex/extra.ts',
			`import { queryGeneric } from 'convex/server'; export const four = queryGeneric({ args: {}, handler: async () => 4 });`
		);
		const changed = app
			.read('convex/schema.ts')
			.replace(`.index('by_name', ['name'])`, `.index('by_value', ['value'])`);
		const before = app.read('convex/schema.ts');
		app.write('convex/schema.ts', changed);
		const output = await app.convex('deploy', '-y', '--dry-run', ...FAST);
		expect(output).toMatch(/Would delete table indexes:\s+\[-\] counters\.by_name/);
		expect(output).toMatch(/Would add table indexes:\s+\[\+\] counters\.by_value/);
		expect(await app.refused('run', 'extra:four')).toContain('Could not find');
		expect(await app.query('messages:counter', { name: 'by the old index' })).toBe(0);
		app.write('convex/schema.ts', before);
		app.write('convex/extra.ts', 'export {};');
	});

	test.each(['dev --once', 'deploy -y'])(
		'%s of code that cannot be evaluated leaves what is deployed',
		async (command) => {
			app.write('convex/broken.ts', `export const broken = true; throw new Error('not today');`);
			expect(await app.refused(...command.split(' '), ...FAST)).toContain('not today');
			expect(await app.query('messages:list', { channel: 'a' })).toEqual(['hello']);
			app.write('convex/broken.ts', 'export {};');
		}
	);

	test('a schema that the documents do not fit is refused, and leaves the deployed code', async () => {
		const schema = (body: string): string => `
			import { defineSchema, defineTable } from 'convex/server';
			import { v } from 'convex/values';
			export default defineSchema({
				messages: defineTable({ channel: v.string(), body: ${body} }).index('by_channel', ['channel']),
				counters: defineTable({ name: v.string(), value: v.number() }).index('by_name', ['name'])
			});`;
		app.write('convex/schema.ts', schema('v.number()'));
		const output = await app.refused('dev', '--once', ...FAST);
		expect(output).toContain('messages');
		expect(await app.query('messages:list', { channel: 'a' })).toEqual(['hello']);
		app.write('convex/schema.ts', schema('v.string()'));
		await app.convex('dev', '--once', ...FAST);
	});

	test('auth.config names the variable that it misses', async () => {
		app.write(
			'convex/auth.config.ts',
			`export default { providers: [{ domain: process.env.TEST_OIDC, applicationID: 'a' }] };`
		);
		const output = await app.refused('dev', '--once', ...FAST);
		expect(output).toContain('Environment variable TEST_OIDC is used in auth config file but its value was not set.');
		app.write('convex/auth.config.ts', 'export default { providers: [] };');
	});

	test('env set refuses what Convex does', async () => {
		const before = await app.convex('env', 'list');
		expect(await app.refused('env', 'set', 'A-B', '1')).toContain('The environment variable name A-B is invalid.');
		expect(await app.refused('env', 'set', 'BIG', 'x'.repeat(8193))).toContain('8193 bytes, which is too large');
		expect(await app.refused('env', 'set', 'CONVEX_SITE_URL', 'http://elsewhere')).toContain('built-in');
		const tooMany = Object.fromEntries(Array.from({ length: 513 }, (_, i) => [`V${i}`, 'x']));
		await expect(app.setVariables(tooMany)).rejects.toThrow('The environment variable limit (512) has been met.');
		const tooBig = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`V${i}`, 'x'.repeat(8192)]));
		await expect(app.setVariables(tooBig)).rejects.toThrow('exceeds the limit (524288 bytes)');
		expect(await app.convex('env', 'list')).toBe(before);
	});

	test('variables that the app declares are required, have values that fit, and cannot be removed', async () => {
		app.write(
			'convex/convex.config.ts',
			`import { defineApp } from 'convex/server'; import { v } from 'convex/values';
			export default defineApp({ env: { FIRST_KEY: v.string(), SECOND_KEY: v.string(), MODE: v.optional(v.union(v.literal('fast'), v.literal('slow'))) } });`
		);
		app.write(
			'convex/declared.ts',
			`import { queryGeneric } from 'convex/server'; export const mode = queryGeneric(async () => process.env.MODE);`
		);
		for (const push of [
			['deploy', '-y'],
			['dev', '--once']
		]) {
			expect(await app.refused(...push, ...FAST)).toContain(
				'Environment variables FIRST_KEY, SECOND_KEY are declared as required in convex.config.ts but their values were not set.'
			);
		}
		expect(await app.refused('run', 'declared:mode')).toContain('Could not find function');
		await app.setVariables({ FIRST_KEY: 'one' });
		expect(await app.refused('dev', '--once', ...FAST)).toContain(
			'Environment variable SECOND_KEY is declared as required'
		);
		await app.setVariables({ SECOND_KEY: 'two', MODE: 'idle' });
		expect(await app.refused('dev', '--once', ...FAST)).toContain(
			'Environment variable MODE does not match its declared validator: Value does not match validator.'
		);
		await app.setVariables({ MODE: 'slow' });
		await app.convex('dev', '--once', ...FAST);
		expect(await app.convex('run', 'declared:mode')).toContain('slow');
		expect(await app.refused('env', 'set', 'MODE', 'idle')).toContain('does not match its declared validator');
		expect(await app.refused('env', 'remove', 'FIRST_KEY')).toContain(
			'Cannot delete required environment variables: FIRST_KEY. These are declared as required in the app definition.'
		);
		await app.convex('env', 'remove', 'MODE');
		app.write('convex/convex.config.ts', `import { defineApp } from 'convex/server'; export default defineApp();`);
		await app.convex('dev', '--once', ...FAST);
		for (const name of ['FIRST_KEY', 'SECOND_KEY']) await app.convex('env', 'remove', name);
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
		expect(await app.convex('dev', '--once', ...FAST)).toContain('Installed component parts.');
		app.write('convex/convex.config.ts', `import { defineApp } from 'convex/server'; export default defineApp();`);
		expect(await app.convex('dev', '--once', ...FAST)).toContain('Unmounted component parts.');
	});

	test('a wrong admin key is refused', async () => {
		const { code, output } = await app.app.convex(
			{ url: app.deployment.url, adminKey: 'wrong|0123456789abcdef' },
			'run',
			'messages:hidden'
		);
		expect(code).toBe(1);
		expect(output).not.toContain('found');
	});
});
