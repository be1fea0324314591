/** The unmodified clients against a deployment: live answers, identities, restarts, crashes. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { ConvexClient, ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import type { PaginationOptions, PaginationResult } from 'convex/server';
import { ConvexError } from 'convex/values';
import { SignJWT } from 'jose';
import { OAuth2Server } from 'oauth2-mock-server';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startDeployment } from './deployment.ts';
import type { RunningDeployment } from './deployment.ts';
import { Signer } from './engine/secret.ts';
import { uploadUrl as uploadUrlFor } from './files/tokens.ts';
import { AUTH_CONFIG, createTestApp, startProcess } from './testApp.testing.ts';
import type { TestApp } from './testApp.testing.ts';
import { PATIENT } from './patience.testing.ts';

interface Who {
	readonly subject: string;
	readonly tokenIdentifier: string;
	readonly email?: string;
}

const list = makeFunctionReference<'query', { channel: string }, string[]>('messages:list');
const page = makeFunctionReference<
	'query',
	{ channel: string; paginationOpts: PaginationOptions },
	PaginationResult<{ body: string }>
>('messages:page');
const send = makeFunctionReference<'mutation', { channel: string; body: string }, string>('messages:send');
const add = makeFunctionReference<'mutation', { name: string; by: number }, number>('messages:add');
const counter = makeFunctionReference<'query', { name: string }, number>('messages:counter');
const refuse = makeFunctionReference<'mutation', Record<string, never>, null>('messages:refuse');
const whoami = makeFunctionReference<'query', Record<string, never>, Who | null>('messages:whoami');
const fileRow = makeFunctionReference<'query', { id: string }, unknown>('files:row');
const removeFile = makeFunctionReference<'mutation', { id: string }, null>('files:remove');
const uploadUrl = makeFunctionReference<'mutation', Record<string, never>, string>('files:uploadUrl');
const fileUrl = makeFunctionReference<'query', { id: string }, string | null>('files:url');
const hidden = makeFunctionReference<'mutation', Record<string, never>, string>('messages:hidden');

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const oidc = new OAuth2Server();

let app: TestApp;
let dataDir: string;
let deployment: RunningDeployment;
let port: number;
const clients: ConvexClient[] = [];

async function start(): Promise<void> {
	deployment = await startDeployment({ dataDir, appDir: app.dir, port });
	port = Number(new URL(deployment.url).port);
}

function connect(): ConvexClient {
	const client = new ConvexClient(deployment.url, { logger: false });
	clients.push(client);
	return client;
}

async function token(subject: string, seconds = 3600): Promise<string> {
	const now = Math.floor(Date.now() / 1000);
	return await new SignJWT({ email: `${subject}@example.test`, plan: { name: 'free' } })
		.setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'JWT' })
		.setIssuer('https://issuer.test')
		.setAudience('app')
		.setSubject(subject)
		.setIssuedAt(now - 10)
		.setExpirationTime(now + seconds)
		.sign(keys.privateKey);
}

beforeAll(async () => {
	app = createTestApp();
	app.write('convex/auth.config.ts', AUTH_CONFIG);
	dataDir = mkdtempSync(path.join(tmpdir(), 'deployment-'));
	port = 0;
	await start();
	await oidc.issuer.keys.generate('RS256');
	await oidc.start(0, '127.0.0.1');
	const jwks = { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }] };
	const changes = [
		{
			name: 'TEST_JWKS',
			value: `data:text/plain;charset=utf-8;base64,${Buffer.from(JSON.stringify(jwks)).toString('base64')}`
		},
		{ name: 'TEST_OIDC', value: oidc.issuer.url }
	];
	const headers = { authorization: `Convex ${deployment.adminKey}`, 'content-type': 'application/json' };
	const response = await fetch(`${deployment.url}/api/update_environment_variables`, {
		method: 'POST',
		headers,
		body: JSON.stringify({ changes })
	});
	expect(response.status).toBe(200);
	const { code, output } = await app.convex(deployment, 'dev', '--once', '--typecheck', 'disable');
	expect(code, output).toBe(0);
}, 120_000);

afterEach(async () => {
	for (const client of clients.splice(0)) await client.close();
});

afterAll(async () => {
	await deployment?.close();
	await oidc.stop();
	app.remove();
	rmSync(dataDir, { recursive: true, force: true });
});

describe('the official clients', () => {
	test('see each other write', async () => {
		const [reader, writer] = [connect(), connect()];
		const seen: string[][] = [];
		reader.onUpdate(list, { channel: 'live' }, (messages) => void seen.push(messages));
		await vi.waitFor(() => expect(seen).toEqual([[]]), PATIENT);
		expect(await writer.mutation(send, { channel: 'live', body: 'one' })).toBe('one');
		await vi.waitFor(() => expect(seen).toEqual([[], ['one']]), PATIENT);
		await writer.mutation(send, { channel: 'elsewhere', body: 'two' });
		await setTimeout(50);
		expect(seen).toHaveLength(2);
	});

	test('read their own writes', async () => {
		const client = connect();
		let last: number | undefined;
		client.onUpdate(counter, { name: 'own' }, (value) => (last = value));
		for (let i = 1; i <= 20; i++) {
			await client.mutation(add, { name: 'own', by: 1 });
			expect(last).toBe(i);
		}
	});

	test('page without gaps while rows are added', async () => {
		const client = connect();
		for (const body of ['a', 'b', 'c', 'd']) await client.mutation(send, { channel: 'paged', body });
		const pages = new Map<string, PaginationResult<{ body: string }>>();
		client.onUpdate(
			page,
			{ channel: 'paged', paginationOpts: { numItems: 2, cursor: null } },
			(result) => void pages.set('first', result)
		);
		await vi.waitFor(() => expect(pages.get('first')?.page.map(({ body }) => body)).toEqual(['a', 'b']), PATIENT);
		const cursor = pages.get('first')?.continueCursor ?? '';
		client.onUpdate(
			page,
			{ channel: 'paged', paginationOpts: { numItems: 2, cursor } },
			(result) => void pages.set('second', result)
		);
		await vi.waitFor(() => expect(pages.get('second')?.page.map(({ body }) => body)).toEqual(['c', 'd']), PATIENT);
		await client.mutation(send, { channel: 'paged', body: 'e' });
		expect(pages.get('first')?.page).toHaveLength(2);
	});

	test('receive the data of a ConvexError, and nothing was written', async () => {
		const client = connect();
		const error = await client.mutation(refuse, {}).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(ConvexError);
		expect(error).toMatchObject({ data: { reason: 'closed', big: 12n } });
		expect(await client.query(list, { channel: 'refused' })).toEqual([]);
		const overHttp = await new ConvexHttpClient(deployment.url, { logger: false })
			.mutation(refuse, {})
			.catch((reason: unknown) => reason);
		expect(overHttp).toMatchObject({ data: { reason: 'closed', big: 12n } });
	});

	test('cannot call internal functions', async () => {
		await expect(connect().mutation(hidden, {})).rejects.toThrow(/Could not find public function/);
	});
});

describe('identities', () => {
	test('come from a custom JWT, over WebSocket and HTTP', async () => {
		const client = connect();
		let who: Who | null | undefined;
		client.onUpdate(whoami, {}, (value) => (who = value));
		await vi.waitFor(() => expect(who).toBeNull(), PATIENT);
		client.setAuth(async () => await token('ada'));
		await vi.waitFor(
			() =>
				expect(who).toMatchObject({
					subject: 'ada',
					tokenIdentifier: 'https://issuer.test|ada',
					email: 'ada@example.test'
				}),
			PATIENT
		);
		expect(who).toMatchObject({ 'plan.name': 'free' });
		const http = new ConvexHttpClient(deployment.url, { auth: await token('grace'), logger: false });
		expect(await http.query(whoami, {})).toMatchObject({ subject: 'grace' });
	});

	test('come from OpenID Connect', async () => {
		const claims = { sub: 'joan', aud: 'oidc-app', name: 'Joan', given_name: 'Jo', team: 'blue' };
		const idToken = await oidc.issuer.buildToken({
			scopesOrTransform: (_header, payload) => void Object.assign(payload, claims)
		});
		const http = new ConvexHttpClient(deployment.url, { auth: idToken, logger: false });
		expect(await http.query(whoami, {})).toMatchObject({
			subject: 'joan',
			name: 'Joan',
			givenName: 'Jo',
			team: 'blue',
			issuer: oidc.issuer.url
		});
	});

	test('are refused for a foreign key, another audience, or an expired token', async () => {
		const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
		const sign = async (audience: string, key: typeof foreign, expires: number): Promise<string> =>
			await new SignJWT({})
				.setProtectedHeader({ alg: 'ES256', kid: 'one' })
				.setIssuer('https://issuer.test')
				.setAudience(audience)
				.setSubject('eve')
				.setExpirationTime(expires)
				.sign(key);
		const later = Math.floor(Date.now() / 1000) + 600;
		for (const bad of [
			await sign('app', foreign, later),
			await sign('other', keys.privateKey, later),
			await sign('app', keys.privateKey, later - 1200),
			'nonsense'
		]) {
			const response = await fetch(`${deployment.url}/api/query`, {
				method: 'POST',
				headers: { authorization: `Bearer ${bad}` },
				body: JSON.stringify({ path: 'messages:whoami', args: {} })
			});
			expect(response.status).toBe(401);
			expect(await response.text()).not.toContain(bad);
		}
		const client = connect();
		const changes: boolean[] = [];
		client.setAuth(
			async () => await sign('app', foreign, later),
			(authenticated) => void changes.push(authenticated)
		);
		await vi.waitFor(() => expect(changes).toEqual([false]), { timeout: 10_000 });
	});
});

describe('files and HTTP actions', () => {
	test('a file is uploaded, and read whole and in parts', async () => {
		const client = connect();
		const body = 'x'.repeat(1000) + 'yz';
		const target = await client.mutation(uploadUrl, {});
		const uploaded = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
		const { storageId } = z.object({ storageId: z.string() }).parse(await uploaded.json());
		const url = (await client.query(fileUrl, { id: storageId })) ?? '';
		const whole = await fetch(url);
		expect([whole.status, whole.headers.get('content-type'), await whole.text()]).toEqual([200, 'text/plain', body]);
		const part = await fetch(url, { headers: { range: 'bytes=-2' } });
		expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
			206,
			'bytes 1000-1001/1002',
			'yz'
		]);
		expect((await fetch(url, { headers: { range: 'bytes=5000-' } })).status).toBe(416);
		expect((await fetch(`${target.slice(0, -4)}aaaa`, { method: 'POST', body })).status).toBe(401);
		expect((await fetch(`${deployment.url}/api/storage/${storageId}`)).status).toBe(400);
	});

	test('a download can be resumed, checked and kept by a browser', async () => {
		const client = connect();
		const body = Buffer.from('0123456789');
		const { url, sha256 } = await upload(client, body);
		const get = (headers: Record<string, string>, method = 'GET') => fetch(url, { method, headers });
		const head = await get({}, 'HEAD');
		expect([head.status, head.headers.get('content-length'), head.headers.get('digest')]).toEqual([
			200,
			'10',
			`sha-256=${sha256.toString('base64')}`
		]);
		const etag = head.headers.get('etag') ?? '';
		expect((await get({ 'if-none-match': etag })).status).toBe(304);
		expect((await get({ range: 'bytes=3-4', 'if-range': etag })).status).toBe(206);
		expect((await get({ range: 'bytes=3-4', 'if-range': '"other"' })).status).toBe(200);
		expect(await (await get({ range: 'bytes=8-' })).text()).toBe('89');
		expect((await get({ range: 'bytes=0-1,3-4' })).status).toBe(416);
		expect((await get({ range: 'lines=1-2' })).status).toBe(200);
	});

	test('an upload is checked against its digest, and its URL expires', async () => {
		const client = connect();
		const target = await client.mutation(uploadUrl, {});
		const post = (digest: string) => fetch(target, { method: 'POST', body: 'abc', headers: { digest } });
		const right = `sha-256=${createHash('sha256').update('abc').digest('base64')}`;
		expect((await post(right)).status).toBe(200);
		const wrong = await post(`sha-256=${Buffer.alloc(32).toString('base64')}`);
		expect([wrong.status, await wrong.json()]).toEqual([400, expect.objectContaining({ code: 'Sha256Mismatch' })]);
		expect((await post('md5=abc')).status).toBe(400);
		const old = uploadUrlFor(Signer.open(dataDir), deployment.url, '', Date.now() - 1);
		const late = await fetch(old, { method: 'POST', body: 'abc' });
		expect([late.status, await late.json()]).toEqual([401, expect.objectContaining({ code: 'StorageTokenExpired' })]);
	});

	test('a file has a row, and goes with it', async () => {
		const client = connect();
		const { storageId, url, sha256 } = await upload(client, Buffer.from('to be deleted'));
		expect(await client.query(fileRow, { id: storageId })).toEqual({
			_id: storageId,
			_creationTime: expect.any(Number),
			sha256: sha256.toString('base64'),
			size: 13,
			contentType: 'image/png'
		});
		const bytes = path.join(dataDir, 'files', new URL(url).pathname.split('/').at(-1) ?? '');
		expect(existsSync(bytes)).toBe(true);
		await client.mutation(removeFile, { id: storageId });
		expect((await fetch(url)).status).toBe(404);
		expect(await client.query(fileUrl, { id: storageId })).toBeNull();
		await vi.waitFor(() => expect(existsSync(bytes)).toBe(false), { timeout: 10_000 });
		await expect(client.mutation(removeFile, { id: storageId })).rejects.toThrow(`storage id ${storageId} not found`);
	});

	async function upload(client: ConvexClient, body: Buffer) {
		const target = await client.mutation(uploadUrl, {});
		const headers = { 'content-type': 'image/png' };
		const answer = await fetch(target, { method: 'POST', body: new Uint8Array(body), headers });
		const { storageId } = z.object({ storageId: z.string() }).parse(await answer.json());
		const url = (await client.query(fileUrl, { id: storageId })) ?? '';
		return { storageId, url, sha256: createHash('sha256').update(body).digest() };
	}

	test('an HTTP action answers on both ports', async () => {
		for (const base of [deployment.siteUrl, `${deployment.url}/http`]) {
			const response = await fetch(`${base}/echo?q=1`, {
				method: 'POST',
				body: 'hello',
				headers: { authorization: 'Basic abc' }
			});
			expect([response.status, response.headers.get('x-path'), await response.text()]).toEqual([
				201,
				'/echo?q=1',
				'hello'
			]);
		}
		expect((await fetch(`${deployment.siteUrl}/nothing`)).status).toBe(404);
	});
});

describe('restarts', () => {
	test('clients come back, and a mutation sent meanwhile is applied once', async () => {
		const client = connect();
		const seen: number[] = [];
		client.onUpdate(counter, { name: 'restart' }, (value) => void seen.push(value));
		await client.mutation(add, { name: 'restart', by: 1 });
		const began = Date.now();
		await deployment.close();
		expect(Date.now() - began).toBeLessThan(5_000);
		const meanwhile = client.mutation(add, { name: 'restart', by: 10 });
		await setTimeout(200);
		await start();
		expect(await meanwhile).toBe(11);
		await vi.waitFor(() => expect(seen.at(-1)).toBe(11), PATIENT);
		expect(await client.query(list, { channel: 'live' })).toEqual(['one']);
	}, 60_000);

	test('everything in the data folder is for its owner only', () => {
		expect(statSync(dataDir).mode & 0o777).toBe(0o700);
		for (const entry of readdirSync(dataDir, { withFileTypes: true })) {
			const mode = statSync(path.join(dataDir, entry.name)).mode & 0o777;
			if (entry.isFile()) expect([entry.name, mode]).toEqual([entry.name, 0o600]);
		}
		expect(readdirSync(dataDir)).toEqual(expect.arrayContaining(['admin.key', 'data.sqlite', 'signing.key']));
	});

	test('what was missed meanwhile is told to the operator', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'missed-'));
		const options = { dataDir: folder, appDir: app.dir, port: 0 };
		await (await startDeployment(options)).close();
		const database = new DatabaseSync(path.join(folder, 'data.sqlite'));
		const hour = 3_600_000;
		const spec = { path: 'gone.js:run', args: '[{}]', schedule: { type: 'interval', milliseconds: hour } };
		const insert = database.prepare("INSERT INTO crons (component, name, spec, next_run) VALUES ('', ?, ?, ?)");
		insert.run('hourly', JSON.stringify(spec), Date.now() - 3.5 * hour);
		database.close();
		const told: string[] = [];
		const restarted = await startDeployment({ ...options, log: (sentence) => void told.push(sentence) });
		await vi.waitFor(() => expect(told.join()).toContain('Skipped 3 runs of cron "hourly"'), PATIENT);
		await restarted.close();
		rmSync(folder, { recursive: true, force: true });
	}, 30_000);

	test('a second deployment on the folder is refused, and names the first', async () => {
		await expect(startDeployment({ dataDir, appDir: app.dir, port: 0 })).rejects.toThrow(`process ${process.pid}`);
		await expect(startProcess(dataDir, 0)).rejects.toThrow(
			/^The data folder .* is in use by another deployment \(process \d+\)\. Stop it first, or choose another folder\.$/
		);
	}, 30_000);

	test('a process loses nothing on SIGKILL, and stops cleanly on SIGTERM under load', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'killed-'));
		let running = await startProcess(folder, 0, '--app', app.dir);
		app.write('convex/auth.config.ts', 'export default { providers: [] };');
		const { code, output } = await app.convex(running, 'deploy', '-y', '--typecheck', 'disable');
		expect(code, output).toBe(0);
		let acknowledged = 0;
		for (let round = 0; round < 3; round++) {
			const http = new ConvexHttpClient(running.url, { logger: false });
			const writers = Array.from({ length: 4 }, async () => {
				for (;;) {
					await http.mutation(add, { name: 'kill', by: 1 }, { skipQueue: true });
					acknowledged += 1;
				}
			});
			const failed = Promise.allSettled(writers);
			await setTimeout(300 + Math.random() * 200);
			running.child.kill('SIGKILL');
			await Promise.all([running.ended, failed]);
			running = await startProcess(folder, 0, '--app', app.dir);
			const kept = await new ConvexHttpClient(running.url, { logger: false }).query(counter, { name: 'kill' });
			expect(kept).toBeGreaterThanOrEqual(acknowledged);
			// What was under way may have been committed without having been acknowledged.
			expect(kept).toBeLessThanOrEqual(acknowledged + 4 * (round + 1));
		}
		expect(acknowledged).toBeGreaterThan(10);
		const busy = Array.from({ length: 32 }, () => new ConvexClient(running.url, { logger: false }));
		const flood = setInterval(() => {
			for (const client of busy) client.mutation(add, { name: 'flood', by: 1 }).catch(() => undefined);
		}, 1);
		await setTimeout(300);
		const began = Date.now();
		running.child.kill('SIGTERM');
		expect(await running.ended).toBe(0);
		expect(Date.now() - began).toBeLessThan(5_000);
		clearInterval(flood);
		for (const client of busy) await client.close();
		const database = new DatabaseSync(path.join(folder, 'data.sqlite'), { readOnly: true });
		expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
		database.close();
		rmSync(folder, { recursive: true, force: true });
	}, 120_000);
});
