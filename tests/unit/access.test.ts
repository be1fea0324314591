/**
 * The matrix of access once more, on the embedded deployment: pushed by the official CLI, people signed in by Better Auth,
 * every function of the function spec called through the official client. Nothing here is told who may do what.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { ConvexError } from 'convex/values';
import type { Value } from 'convex/values';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { convexCommand, convexEnvironment } from '../../scripts/product/cli.ts';
import { callFunction, prepareEnvironment } from '../../scripts/product/environment.ts';
import {
	argumentsFor,
	FUNCTION_ROWS,
	ROUTE_ROWS,
	STRANGE_IDS,
	takesId
} from '../../src/convex/accessMatrix.testing.ts';
import { startDeployment } from '../../src/embedded/deployment.ts';
import type { RunningDeployment } from '../../src/embedded/deployment.ts';

const PAGES = 'http://127.0.0.1:3000';

const specShape = z.array(
	z.union([
		z.object({
			identifier: z.string(),
			functionType: z.string(),
			visibility: z.object({ kind: z.string() }),
			args: z.unknown()
		}),
		z.object({ functionType: z.literal('HttpAction'), method: z.string(), path: z.string() })
	])
);
type Spec = z.infer<typeof specShape>;
interface Target {
	readonly name: string;
	readonly type: string;
	readonly args: unknown;
}
interface SignedIn {
	readonly userId: string;
	readonly cookie: string;
	readonly address: string;
	readonly client: ConvexHttpClient;
}

let dataDir: string;
let deployment: RunningDeployment;
let proxySecret: string;
let people = 0;

/** A question to the deployment as the CLI asks it. */
async function system(path: string, args: Record<string, unknown>): Promise<unknown> {
	const response = await fetch(`${deployment.url}/api/query`, {
		method: 'POST',
		headers: { authorization: `Convex ${deployment.adminKey}`, 'content-type': 'application/json' },
		body: JSON.stringify({ path: `_system/${path}`, args: [args], format: 'convex_encoded_json' })
	});
	return z.object({ status: z.literal('success'), value: z.unknown() }).parse(await response.json()).value;
}

/** Everything that is stored, as text. */
async function everything(): Promise<string> {
	const { page: tables } = z
		.object({ page: z.array(z.object({ name: z.string() })) })
		.parse(await system('cli/tables', { paginationOpts: { numItems: 1_000, cursor: null } }));
	const held: unknown[] = [];
	for (const { name: table } of tables) {
		for (let cursor: string | null = null; ;) {
			const paginationOpts = { numItems: 1_000, cursor };
			const shape = z.object({ page: z.array(z.unknown()), isDone: z.boolean(), continueCursor: z.string() });
			const { page, isDone, continueCursor } = shape.parse(
				await system('cli/tableData', { table, order: 'asc', paginationOpts })
			);
			held.push(table, page);
			if (isDone) break;
			cursor = continueCursor;
		}
	}
	return JSON.stringify(held);
}

/** Asks Better Auth as the pages' server does. */
async function auth(path: string, { cookie = '', address }: { cookie?: string; address: string }, body?: object) {
	const response = await fetch(`${deployment.siteUrl}/api/auth${path}`, {
		method: body ? 'POST' : 'GET',
		headers: {
			'content-type': 'application/json',
			origin: PAGES,
			cookie,
			'x-plumbline-client': address,
			'x-plumbline-proxy': proxySecret
		},
		body: body && JSON.stringify(body)
	});
	const cookies = response.headers.getSetCookie().map((one) => one.split(';')[0]);
	const answer: unknown = await response.json();
	if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
	return { answer, cookie: cookies.join('; ') || cookie };
}

async function clientOf(from: { cookie: string; address: string }): Promise<ConvexHttpClient> {
	const { token } = z.object({ token: z.string() }).parse((await auth('/token', from)).answer);
	const client = new ConvexHttpClient(deployment.url, { logger: false });
	client.setAuth(token);
	return client;
}

async function signUp(name: string): Promise<SignedIn> {
	people += 1;
	const address = `203.0.113.${people}`;
	const account = { name, email: `${name.toLowerCase()}@x.example`, password: 'correct horse battery' };
	const { answer, cookie } = await auth('/sign-up/email', { address }, account);
	const { user } = z.object({ user: z.object({ id: z.string() }) }).parse(answer);
	return { userId: user.id, cookie, address, client: await clientOf({ cookie, address }) };
}

async function makeWorkspace(owner: SignedIn, name: string): Promise<{ owner: SignedIn; workspaceId: string }> {
	const { answer } = await auth('/organization/create', owner, { name, slug: name.toLowerCase() });
	return { owner, workspaceId: z.object({ id: z.string() }).parse(answer).id };
}

async function call(client: ConvexHttpClient, { name, type }: Target, args: Record<string, Value>): Promise<unknown> {
	try {
		if (type === 'Query') return await client.query(makeFunctionReference<'query'>(name), args);
		if (type === 'Mutation') return await client.mutation(makeFunctionReference<'mutation'>(name), args);
		return await client.action(makeFunctionReference<'action'>(name), args);
	} catch (error) {
		if (error instanceof ConvexError) return { thrown: error.data };
		// Refused before the function: by its validator, or because the value is none.
		return { refused: error instanceof Error && /ArgumentValidationError|not a valid|Invalid/i.test(error.message) };
	}
}

let spec: Spec;
let targets: Target[];
const admin = () => ({ url: deployment.url, adminKey: deployment.adminKey });

beforeAll(async () => {
	dataDir = mkdtempSync(join(tmpdir(), 'access-'));
	deployment = await startDeployment({
		dataDir,
		appDir: process.cwd(),
		port: 0,
		allowedOrigins: [PAGES],
		durability: 'normal'
	});
	const settings = { PLUMBLINE_URL: PAGES, PLUMBLINE_OPEN_REGISTRATION: '1', PLUMBLINE_ALLOW_PRIVATE_HOSTS: '0' };
	({ PLUMBLINE_PROXY_SECRET: proxySecret } = await prepareEnvironment(admin(), settings));
	const [file = '', ...flags] = convexCommand('deploy', '-y', '--typecheck', 'disable', '--codegen', 'disable');
	await promisify(execFile)(file, flags, { env: convexEnvironment(admin()) });
	spec = specShape.parse(await system('cli/modules:apiSpec', {}));
	targets = spec.flatMap((one) => {
		if (!('identifier' in one) || one.visibility.kind !== 'public') return [];
		return [{ name: one.identifier.replace('.js:', ':'), type: one.functionType, args: one.args }];
	});
}, 120_000);

afterAll(async () => {
	await deployment.close();
	rmSync(dataDir, { recursive: true, force: true });
});

test('the function spec is what the matrix knows', () => {
	expect(targets.map(({ name }) => name).toSorted()).toEqual(Object.keys(FUNCTION_ROWS).toSorted());
	const routes = spec.flatMap((one) => ('path' in one ? [`${one.method} ${one.path}`] : []));
	expect(routes.toSorted()).toEqual(Object.keys(ROUTE_ROWS).toSorted());
});

test('nobody, strangers, a viewer and people with foreign ids learn nothing and change nothing', async () => {
	const nobody = new ConvexHttpClient(deployment.url, { logger: false });
	const own = await makeWorkspace(await signUp('Aurora'), 'Aurora');
	const foreign = await makeWorkspace(await signUp('Borealis'), 'Borealis');
	const stranger = await signUp('Stranger');
	const viewer = await signUp('Viewer');
	const row = { workspaceId: own.workspaceId, userId: viewer.userId, role: 'viewer', createdAt: Date.now() };
	await callFunction(admin(), 'auth/store:create', { table: 'members', row });
	const connect = makeFunctionReference<'action'>('connections:connect');
	const sample = { integrationId: 'sample', credentials: {}, settings: {} };
	const ids = async ({ owner, workspaceId }: typeof own) => {
		const made = z.object({ connectionId: z.string(), dashboardId: z.string() });
		const connected = made.parse(await owner.client.action(connect, sample));
		return { ...connected, workspaceId, userId: owner.userId };
	};
	const [ownIds, foreignIds] = [await ids(own), await ids(foreign)];
	const settled = async ({ owner }: typeof own) => {
		const list: unknown = await owner.client.query(makeFunctionReference<'query'>('connectionRecords:list'), {});
		return z
			.array(z.object({ progress: z.null() }))
			.min(1)
			.safeParse(list).success;
	};
	for (const side of [own, foreign]) await expect.poll(() => settled(side), { timeout: 60_000 }).toBe(true);

	const before = await everything();
	expect(before.length).toBeGreaterThan(10_000);
	const idIn = (from: Record<string, string>) => (name: string) => from[name] ?? stranger.userId;
	const none = () => stranger.userId;
	for (const target of targets) {
		const { name, args } = target;
		const nothing = await call(nobody, target, argumentsFor(args, none));
		if (target.type !== 'Query') expect(nothing, name).toMatchObject({ thrown: { kind: 'signed_out' } });
		for (const idFor of [idIn(ownIds), idIn(foreignIds)]) {
			expect(await call(nobody, target, argumentsFor(args, idFor)), name).toEqual(nothing);
		}
		if (FUNCTION_ROWS[name] === 'account' && target.type !== 'Query') continue;
		for (const idFor of [none, idIn(ownIds), idIn(foreignIds)]) {
			const answer = await call(stranger.client, target, argumentsFor(args, idFor));
			expect(JSON.stringify(answer), name).not.toMatch(/Aurora|Borealis/i);
			if (target.type !== 'Query') expect(answer, name).toMatchObject({ thrown: { kind: 'no_workspace' } });
			else if (FUNCTION_ROWS[name] !== 'account') expect(answer, name).toEqual(nothing);
		}
		if (target.type !== 'Query') {
			const answer = await call(viewer.client, target, argumentsFor(args, idIn(ownIds)));
			expect(answer, name).toMatchObject({ thrown: { kind: 'forbidden' } });
		}
		for (const idFor of [idIn(ownIds), idIn(foreignIds)]) {
			const answer = await call(viewer.client, target, argumentsFor(args, idFor));
			expect(JSON.stringify(answer), name).not.toMatch(/Borealis/i);
		}
		if (!takesId(args)) continue;
		const absent = await call(own.owner.client, target, argumentsFor(args, none));
		for (const id of [...Object.values(foreignIds), ...STRANGE_IDS]) {
			const answer = await call(
				own.owner.client,
				target,
				argumentsFor(args, () => id)
			);
			expect(answer, `${name} ${id.slice(0, 40)}`).toEqual(absent);
		}
	}
	expect((await everything()) === before, 'something was written').toBe(true);

	// B25: sizes and cursors that are none are refused or bounded, and lead nowhere else.
	for (const name of ['syncRuns:list', 'audit:list'].filter((one) => one in FUNCTION_ROWS)) {
		const target = targets.find((one) => one.name === name);
		if (!target) throw new Error(`There is no ${name}.`);
		const args = argumentsFor(target.args, idIn(ownIds));
		for (const paginationOpts of [
			{ numItems: 5, cursor: 'forged' },
			{ numItems: 5, cursor: '' },
			{ numItems: 5, cursor: 'a'.repeat(100_000) },
			{ numItems: 5, cursor: foreignIds.connectionId },
			{ numItems: -1, cursor: null },
			{ numItems: 1e12, cursor: null },
			{ numItems: 0.5, cursor: null },
			{ numItems: 5, cursor: null, endCursor: 'forged' },
			{ numItems: 5, cursor: null, maximumRowsRead: 1e12, maximumBytesRead: 1e12 }
		]) {
			const answer = JSON.stringify(await call(own.owner.client, target, { ...args, paginationOpts }));
			expect(answer, name).not.toMatch(/Borealis/i);
			expect(answer.length, name).toBeLessThan(200_000);
		}
	}
}, 180_000);

test('a session that is ended is over at once, though its token is still good', async () => {
	const person = await signUp('Ended');
	const current = makeFunctionReference<'query'>('viewer:current');
	const mine: unknown = await person.client.query(makeFunctionReference<'query'>('sessions:mine'), {});
	const [session] = z
		.array(z.object({ id: z.string() }))
		.length(1)
		.parse(mine);
	expect(await person.client.query(current, {})).toMatchObject({ user: { name: 'Ended' } });
	const second = await auth(
		'/sign-in/email',
		{ address: '203.0.113.99' },
		{ email: 'ended@x.example', password: 'correct horse battery' }
	);
	const elsewhere = await clientOf({ cookie: second.cookie, address: '203.0.113.99' });
	await elsewhere.mutation(makeFunctionReference<'mutation'>('sessions:revoke'), { sessionId: session?.id ?? '' });
	expect(await person.client.query(current, {})).toBe(null);
	await expect(auth('/token', person)).rejects.toThrow('401');
});
