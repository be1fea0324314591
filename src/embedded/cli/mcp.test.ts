/**
 * The MCP server of the unmodified CLI. Before any tool it asks Convex's account service whether somebody is logged in, a
 * self-hosted deployment or not; that question is answered here, and everything else goes to the deployment.
 */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { listen } from '../http/server.ts';

const answerShape = z.object({
	id: z.number().optional(),
	result: z.unknown().optional(),
	error: z.unknown().optional()
});
const toolsShape = z.object({ tools: z.array(z.object({ name: z.string() })) });
const resultShape = z.object({ content: z.array(z.object({ text: z.string() })), isError: z.boolean().optional() });
const statusShape = z.object({
	availableDeployments: z.array(z.object({ deploymentSelector: z.string(), url: z.string() }))
});

/** What the account service was asked. */
const asked: string[] = [];
const accounts = createServer((request: IncomingMessage, response) => {
	asked.push(`${request.method} ${request.url}`);
	request.resume();
	const isKnown = request.headers.authorization === 'Bearer of-somebody';
	response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
	response.end(request.method === 'HEAD' ? undefined : '{"optInsToAccept":[]}');
});

let app: DeployedApp;
let server: ChildProcessWithoutNullStreams;
const waiting = new Map<number, (result: unknown) => void>();
let lastId = 0;

beforeAll(async () => {
	app = await DeployedApp.start();
	await app.convex('dev', '--once', ...FAST);
	await app.setVariables({ COLOUR: 'green' });
	for (const body of ['first', 'second']) await app.mutation('messages:send', { channel: 'a', body });
	const environment = {
		CONVEX_PROVISION_HOST: `http://127.0.0.1:${await listen(accounts, '127.0.0.1', 0)}`,
		CONVEX_OVERRIDE_ACCESS_TOKEN: 'of-somebody'
	};
	server = app.app.speak(app.deployment, environment, 'mcp', 'start', '--project-dir', app.app.dir);
	createInterface(server.stdout).on('line', (line) => {
		const { id, result, error } = answerShape.parse(JSON.parse(line));
		if (id !== undefined) waiting.get(id)?.(error ?? result);
	});
	const clientInfo = { name: 'test', version: '1' };
	await ask('initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo });
	server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
}, 60_000);

afterAll(async () => {
	server?.kill();
	accounts.close();
	await app?.close();
});

function ask(method: string, params: unknown): Promise<unknown> {
	const id = ++lastId;
	const { promise, resolve } = Promise.withResolvers<unknown>();
	waiting.set(id, resolve);
	server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
	return promise;
}

/** The texts that a tool answers with. */
async function tool(name: string, input: Readonly<Record<string, unknown>> = {}): Promise<string> {
	const { content, isError } = resultShape.parse(await ask('tools/call', { name, arguments: input }));
	const text = content.map((part) => part.text).join('\n');
	if (isError) throw new Error(text);
	return text;
}

test('its tools read a self-hosted deployment, and write to it', { timeout: 60_000 }, async () => {
	const { tools } = toolsShape.parse(await ask('tools/list', {}));
	const names = ['data', 'envGet', 'envList', 'functionSpec', 'logs', 'run', 'runOneoffQuery', 'status', 'tables'];
	expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
	const { availableDeployments } = statusShape.parse(JSON.parse(await tool('status', { projectDir: app.app.dir })));
	expect(availableDeployments.map(({ url }) => url)).toEqual([app.deployment.url]);
	const deploymentSelector = availableDeployments[0]?.deploymentSelector;
	const on = (input: Readonly<Record<string, unknown>> = {}) => ({ deploymentSelector, ...input });
	const tables = JSON.parse(await tool('tables', on()));
	expect(tables.tables.messages).toMatchObject({
		schema: { tableName: 'messages' },
		inferredSchema: { type: 'Unknown' }
	});
	const page = JSON.parse(await tool('data', on({ tableName: 'messages', order: 'asc', limit: 1 })));
	expect(page).toMatchObject({ page: [{ body: 'first' }], isDone: false });
	const rest = await tool('data', on({ tableName: 'messages', order: 'asc', cursor: page.continueCursor }));
	expect(JSON.parse(rest).page).toMatchObject([{ body: 'second' }]);
	expect(await tool('functionSpec', on())).toContain('messages.js:send');
	expect(await tool('envGet', on({ name: 'COLOUR' }))).toContain('green');
	const query = `import { query } from 'convex:/_system/repl/wrappers.js';
		export default query({ handler: async ({ db }) => (await db.query('messages').collect()).length });`;
	expect(JSON.parse(await tool('runOneoffQuery', on({ query })))).toMatchObject({ result: 2 });
	await tool('run', on({ functionName: 'messages:send', args: '{"channel":"a","body":"third"}' }));
	expect(await app.query('messages:list', { channel: 'a' })).toEqual(['first', 'second', 'third']);
	expect(await tool('logs', on({ status: 'all' }))).toContain('messages:send');
	await expect(tool('run', on({ functionName: 'messages:nothing', args: '{}' }))).rejects.toThrow(
		'Could not find function'
	);
	expect((await fetch(`${app.deployment.url}/api/shapes2`)).status).toBe(403);
	expect(new Set(asked)).toEqual(new Set(['HEAD /api/authorize', 'POST /api/check_opt_ins']));
});
