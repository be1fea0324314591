/** What the unmodified `convex` CLI shows and asks of a deployment: inline queries, data, logs, variables. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { PATIENT } from '../patience.testing.ts';

let app: DeployedApp;

beforeAll(async () => {
	app = await DeployedApp.start();
	await app.convex('dev', '--once', ...FAST);
	for (const body of ['first', 'second', 'third']) await app.mutation('messages:send', { channel: 'a', body });
}, 60_000);

afterAll(() => app?.close());

describe('the convex CLI', { timeout: 60_000 }, () => {
	test('run --inline-query reads, and cannot write', async () => {
		const inline = (query: string) => ['run', '--inline-query', query];
		expect(await app.convex(...inline(`(await ctx.db.query('messages').collect()).map((m) => m.body)`))).toContain(
			'"third"'
		);
		const source = `export default query({ handler: async (ctx) => { console.log('seen'); return 6n * 7n; } });`;
		expect(await app.convex(...inline(source))).toMatch(/seen[\s\S]*\$integer|\$integer[\s\S]*seen|42/);
		expect(await app.refused(...inline(`throw new Error('not like this')`))).toContain('not like this');
		expect(await app.refused(...inline(`return await ctx.db.insert('messages', {})`))).toMatch(/insert/);
		expect(await app.convex(...inline(`(await ctx.db.query('messages').collect()).length`))).toContain('3');
	});

	test('an inline query needs the admin key', async () => {
		const bundle = { path: 'testQuery.js', source: 'export default 1' };
		const body = JSON.stringify({ adminKey: 'wrong|00', args: {}, bundle, format: 'convex_encoded_json' });
		expect((await fetch(`${app.deployment.url}/api/run_test_function`, { method: 'POST', body })).status).toBe(401);
	});

	test('run --watch shows every change, of an internal function too', async () => {
		const output = { text: '' };
		app.write(
			'convex/inside.ts',
			`import { internalQueryGeneric } from 'convex/server'; export const bodies = internalQueryGeneric({ args: {}, handler: async ({ db }) => (await db.query('messages').collect()).map((m) => m.body) });`
		);
		await app.convex('dev', '--once', ...FAST);
		const watching = app.until(/third[\s\S]*watched/, output, 'run', 'inside:bodies', '--watch');
		while (!output.text.includes('third')) await new Promise((resolve) => setTimeout(resolve, 20));
		await app.mutation('messages:send', { channel: 'b', body: 'watched' });
		await watching;
		expect(output.text).toMatch(/third[\s\S]*third[\s\S]*watched/);
	});

	test('data with an order, a limit and a format', async () => {
		const bodies = (output: string) => output.split('\n').flatMap((line) => /"body": "([a-z]+)"/.exec(line)?.[1] ?? []);
		const lines = ['--format', 'jsonl'];
		expect(bodies(await app.convex('data', 'messages', '--order', 'asc', '--limit', '2', ...lines))).toEqual([
			'first',
			'second'
		]);
		expect(bodies(await app.convex('data', 'messages', '--limit', '1', ...lines))).toEqual(['watched']);
		expect(await app.convex('data', 'counters')).toContain('There are no documents in this table');
	});

	test('env set --from-file, and again', async () => {
		app.write('vars.env', 'ONE=1\nTWO="two words"\nCONVEX_SELF_HOSTED_URL=http://managed\n');
		expect(await app.convex('env', 'set', '--from-file', 'vars.env')).toContain('Successfully set 2');
		expect(await app.convex('env', 'get', 'TWO')).toContain('two words');
		app.write('vars.env', 'ONE=uno\nTHREE=3\n');
		expect(await app.refused('env', 'set', '--from-file', 'vars.env')).toContain('already exist');
		expect(await app.convex('env', 'set', '--from-file', 'vars.env', '--force')).toContain('1 new, 1 updated');
		for (const name of ['ONE', 'TWO', 'THREE']) await app.convex('env', 'remove', name);
	});

	test('logs --success shows what ran without a word', async () => {
		await app.query('messages:list', { channel: 'a' });
		const output = { text: '' };
		await app.until(/Function executed/, output, 'logs', '--history', '1', '--success');
		expect(output.text).toMatch(/Q\(messages:list\)\] Function executed in \d+ ms/);
	});

	test('logs shows what an action says while it runs, once', async () => {
		app.write(
			'convex/waiting.ts',
			`import { actionGeneric } from 'convex/server';
			export const waits = actionGeneric(async (ctx) => {
				console.log('begun');
				while (!(await ctx.runQuery('messages:list', { channel: 'gate' })).length) await new Promise((resolve) => setTimeout(resolve, 20));
				console.log('let go');
			});`
		);
		await app.convex('dev', '--once', ...FAST);
		const output = { text: '' };
		const lines = () => output.text.split('\n').filter((line) => line.includes('A(waiting:waits)'));
		const watching = app.until(/A\(waiting:waits\)\] Function executed/, output, 'logs', '--success');
		await vi.waitFor(() => expect(output.text).toContain('Watching logs'), PATIENT);
		const running = app.asAdmin('action', 'waiting:waits', {});
		await vi.waitFor(() => expect(lines()).toEqual([expect.stringContaining("[LOG] 'begun'")]), PATIENT);
		await app.mutation('messages:send', { channel: 'gate', body: 'open' });
		await watching;
		await running;
		expect(lines()).toEqual(
			["[LOG] 'begun'", "[LOG] 'let go'", 'Function executed in'].map((text) => expect.stringContaining(text))
		);
	});

	test('an unknown system query says so', async () => {
		const response = await fetch(`${app.deployment.url}/api/query`, {
			method: 'POST',
			headers: { authorization: `Convex ${app.deployment.adminKey}` },
			body: JSON.stringify({ path: '_system/cli/nothing', args: {} })
		});
		expect(await response.text()).toContain("Could not find function for '_system/cli/nothing'");
	});

	test('insights says that it is not for a deployment like this', async () => {
		expect(await app.refused('insights')).toMatch(/insights|cloud|deployment/i);
	});
});
