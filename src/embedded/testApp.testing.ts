/** A small Convex app in a temporary folder, and the real `convex` CLI run inside it. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

const ROOT = path.resolve(import.meta.dirname, '../..');

const FILES: Readonly<Record<string, string>> = {
	'package.json': '{"name":"app","type":"module","dependencies":{"convex":"*"}}',
	'convex/schema.ts': `
		import { defineSchema, defineTable } from 'convex/server';
		import { v } from 'convex/values';
		export default defineSchema({
			messages: defineTable({ channel: v.string(), body: v.string() }).index('by_channel', ['channel']),
			counters: defineTable({ name: v.string(), value: v.number() }).index('by_name', ['name'])
		});`,
	'convex/messages.ts': `
		import { internalMutationGeneric, mutationGeneric, paginationOptsValidator, queryGeneric } from 'convex/server';
		import { ConvexError, v } from 'convex/values';
		export const list = queryGeneric({
			args: { channel: v.string() },
			handler: async ({ db }, { channel }) => (await db.query('messages').withIndex('by_channel', (q) => q.eq('channel', channel)).collect()).map((m) => m.body)
		});
		export const page = queryGeneric({
			args: { channel: v.string(), paginationOpts: paginationOptsValidator },
			handler: async ({ db }, { channel, paginationOpts }) =>
				await db.query('messages').withIndex('by_channel', (q) => q.eq('channel', channel)).paginate(paginationOpts)
		});
		export const send = mutationGeneric({
			args: { channel: v.string(), body: v.string() },
			handler: async ({ db }, { channel, body }) => {
				console.log('sending', body);
				await db.insert('messages', { channel, body });
				return body;
			}
		});
		export const add = mutationGeneric({
			args: { name: v.string(), by: v.number() },
			handler: async ({ db }, { name, by }) => {
				const found = await db.query('counters').withIndex('by_name', (q) => q.eq('name', name)).unique();
				if (!found) await db.insert('counters', { name, value: by });
				else await db.patch(found._id, { value: found.value + by });
				return (found?.value ?? 0) + by;
			}
		});
		export const counter = queryGeneric({
			args: { name: v.string() },
			handler: async ({ db }, { name }) => (await db.query('counters').withIndex('by_name', (q) => q.eq('name', name)).unique())?.value ?? 0
		});
		export const refuse = mutationGeneric({
			args: {},
			handler: async ({ db }) => {
				await db.insert('messages', { channel: 'refused', body: 'never' });
				throw new ConvexError({ reason: 'closed', big: 12n });
			}
		});
		export const whoami = queryGeneric({ args: {}, handler: async ({ auth }) => await auth.getUserIdentity() });
		export const hidden = internalMutationGeneric({ args: {}, handler: async () => 'found' });`,
	'convex/actions.ts': `
		'use node';
		import { createHash } from 'node:crypto';
		import { actionGeneric } from 'convex/server';
		import { v } from 'convex/values';
		export const digest = actionGeneric({
			args: { text: v.string() },
			handler: async (_ctx, { text }) => createHash('sha256').update(text).digest('hex')
		});`,
	'convex/files.ts': `
		import { mutationGeneric, queryGeneric } from 'convex/server';
		import { v } from 'convex/values';
		export const uploadUrl = mutationGeneric({ args: {}, handler: async ({ storage }) => await storage.generateUploadUrl() });
		export const url = queryGeneric({ args: { id: v.string() }, handler: async ({ storage }, { id }) => await storage.getUrl(id) });
		export const row = queryGeneric({ args: { id: v.string() }, handler: async ({ db }, { id }) => await db.system.get(id) });
		export const remove = mutationGeneric({ args: { id: v.string() }, handler: async ({ storage }, { id }) => await storage.delete(id) });`,
	'convex/http.ts': `
		import { httpActionGeneric, httpRouter } from 'convex/server';
		const http = httpRouter();
		http.route({
			path: '/echo',
			method: 'POST',
			handler: httpActionGeneric(async (_ctx, request) => {
				const url = new URL(request.url);
				return new Response(await request.text(), { status: 201, headers: { 'x-path': url.pathname + url.search } });
			})
		});
		export default http;`
};

/** Providers of `auth.config.ts`, read from the deployment's environment. */
export const AUTH_CONFIG = `
	export default {
		providers: [
			{ type: 'customJwt', issuer: 'https://issuer.test', jwks: process.env.TEST_JWKS, algorithm: 'ES256', applicationID: 'app' },
			{ domain: process.env.TEST_OIDC, applicationID: 'oidc-app' }
		]
	};`;

export interface CliRun {
	readonly code: number;
	readonly output: string;
}

export interface TestApp {
	readonly dir: string;
	/** Writes a file of the app. */
	write(file: string, text: string): void;
	/** Runs a CLI command that does not end by itself until its output, which is written to `output`, matches. */
	convexUntil(
		deployment: { url: string; adminKey: string },
		pattern: RegExp,
		output: { text: string },
		...args: string[]
	): Promise<void>;
	/** Runs the CLI to its end. Both streams are in `output`. */
	convex(deployment: { url: string; adminKey: string }, ...args: string[]): Promise<CliRun>;
	/** Starts the CLI, which talks over its standard streams, with more environment variables. */
	speak(
		deployment: { url: string; adminKey: string },
		environment: Readonly<Record<string, string>>,
		...args: string[]
	): ChildProcessWithoutNullStreams;
	remove(): void;
}

/** An app of a few functions, or a copy of the one in a folder of the corpus. */
export function createTestApp(folder?: string): TestApp {
	const dir = mkdtempSync(path.join(tmpdir(), 'convex-app-'));
	const write = (file: string, text: string): void => {
		mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
		writeFileSync(path.join(dir, file), text);
	};
	if (folder === undefined) for (const [file, text] of Object.entries(FILES)) write(file, text);
	else cpSync(path.join(import.meta.dirname, 'corpus', folder), dir, { recursive: true });
	symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'));
	return {
		dir,
		write,
		convex: ({ url, adminKey }, ...args) => runCli(dir, args, url, adminKey),
		convexUntil: ({ url, adminKey }, pattern, output, ...args) =>
			runCliUntil(dir, args, cliEnvironment(dir, url, adminKey), pattern, output),
		speak: ({ url, adminKey }, environment, ...args) =>
			spawn(process.execPath, [CLI, ...args], {
				cwd: dir,
				env: { ...cliEnvironment(dir, url, adminKey), ...environment }
			}),
		remove: () => rmSync(dir, { recursive: true, force: true })
	};
}

const CLI_TIMEOUT_MS = 60_000;

const CLI = path.join(ROOT, 'node_modules/convex/bin/main.js');

function cliEnvironment(cwd: string, url: string, adminKey: string): NodeJS.ProcessEnv {
	return {
		PATH: process.env.PATH,
		HOME: cwd,
		CONVEX_SELF_HOSTED_URL: url,
		CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
		// Without it a failing CLI would try to reach its error reporting.
		CONVEX_PROVISION_HOST: 'http://127.0.0.1:9'
	};
}

function runCli(cwd: string, args: string[], url: string, adminKey: string): Promise<CliRun> {
	const options = { cwd, env: cliEnvironment(cwd, url, adminKey), timeout: CLI_TIMEOUT_MS };
	return new Promise((resolve) => {
		const child = execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) => {
			resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
		});
		child.stdin?.end();
	});
}

async function runCliUntil(
	cwd: string,
	args: string[],
	env: NodeJS.ProcessEnv,
	pattern: RegExp,
	output: { text: string }
): Promise<void> {
	const child = spawn(process.execPath, [CLI, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
	child.stdout.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
	const ended = new Promise((resolve) => child.on('exit', resolve));
	const deadline = Date.now() + CLI_TIMEOUT_MS;
	while (!pattern.test(output.text) && child.exitCode === null && Date.now() < deadline) await setTimeout(20);
	child.kill('SIGKILL');
	await ended;
}

/** A deployment in a process of its own. */
export interface DeploymentProcess {
	readonly child: ChildProcess;
	readonly url: string;
	readonly siteUrl: string;
	readonly adminKey: string;
	/** Exit code, or the signal's name. */
	readonly ended: Promise<number | string>;
	/** What it has said about itself. */
	said(): string;
	/** Ends it as a person would, if it has not ended. */
	close(): Promise<void>;
}

/** Starts `main.ts`. Rejects with its error output when it ends before it is ready. */
export function startProcess(dataDir: string, port: number, ...args: string[]): Promise<DeploymentProcess> {
	return startCommand([process.execPath, MAIN, '--data', dataDir, '--port', String(port), ...args]);
}

/** The same, where no file may become larger than this: a disk that is too small for one file and for no other. */
export function startOnSmallDisk(
	bytes: number,
	...started: Parameters<typeof startProcess>
): Promise<DeploymentProcess> {
	const [dataDir, port, ...args] = started;
	const limited = `ulimit -f ${Math.floor(bytes / 512)} && exec "$0" "$@"`;
	return startCommand([
		'sh',
		'-c',
		limited,
		process.execPath,
		MAIN,
		'--data',
		dataDir,
		'--port',
		String(port),
		...args
	]);
}

const MAIN = path.join(import.meta.dirname, 'main.ts');

async function startCommand([command = '', ...args]: readonly string[]): Promise<DeploymentProcess> {
	const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
	const ended = new Promise<number | string>((resolve) =>
		child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
	);
	let output = '';
	let errors = '';
	child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
	const ready = async (): Promise<void> => {
		while (!output.includes('Admin key: ') || !output.endsWith('\n')) await setTimeout(10);
	};
	const first = await Promise.race([ready(), ended]);
	if (first !== undefined) throw new Error(errors.trim());
	const value = (label: string): string => new RegExp(`^${label}: (.*)$`, 'm').exec(output)?.[1] ?? '';
	const close = async (): Promise<void> => {
		child.kill('SIGTERM');
		await ended;
	};
	return {
		child,
		url: value('Deployment'),
		siteUrl: value('HTTP actions'),
		adminKey: value('Admin key'),
		ended,
		said: () => errors,
		close
	};
}
