// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { api } from './_generated/api.js';
import { ALL_SCOPES } from '../lib/config/permissions.ts';
import type { Scope } from '../lib/config/permissions.ts';
import type { TableNames } from './_generated/dataModel.js';
import { STRANGE_IDS } from './accessMatrix.testing.ts';
import { REQUESTS_PER_MINUTE } from './apiKeys.ts';
import { connectSample, deployEmpty, makeWorkspace, settle, signIn } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { API_ROUTES } from './http/api.ts';
import schema from './schema.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

async function workspaceWithToken(scopes: Scope[] = ['numbers:read', 'sync:run']) {
	const t = deployEmpty();
	const workspaceId = await makeWorkspace(t);
	const owner = await signIn(t, { workspaceId, role: 'owner' });
	const admin = await signIn(t, { workspaceId, role: 'admin' }, 'Ben');
	const made = await admin.caller.action(api.apiKeys.create, { name: 'Script', scopes, expiresInDays: 30 });
	return { t, workspaceId, owner, admin, ...made };
}

async function get(t: Deployment, path: string, token: string | null, method = 'GET') {
	const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
	const response = await t.fetch(`/api/v1/${path}`, { method, headers });
	const body: unknown = await response.json();
	return { status: response.status, body, retryAfter: response.headers.get('retry-after') };
}

const UNAUTHORIZED = { status: 401, body: { error: { kind: 'unauthorized', message: expect.any(String) } } };
const NOT_FOUND = { status: 404, body: { error: { kind: 'not_found', message: expect.any(String) } } };

describe('a token', () => {
	test('is answered once; a list shows its start and nothing that could be used', async () => {
		const { owner, admin, id, token, t } = await workspaceWithToken(['numbers:read']);
		const list = await owner.caller.query(api.apiKeys.list, {});
		const shown = { id, name: 'Script', start: token.slice(0, 10), scopes: ['numbers:read'], madeBy: 'Ben' };
		expect(list).toEqual([expect.objectContaining({ ...shown, yours: false, lastUsedAt: null })]);
		expect((await admin.caller.query(api.apiKeys.list, {}))[0]?.yours).toBe(true);
		const stored = await t.run(async (ctx) => JSON.stringify(await ctx.db.query('apiKeys').collect()));
		expect(stored).not.toContain(token.slice(10));
		const hash = z.array(z.object({ key: z.string() })).parse(JSON.parse(stored))[0]?.key ?? '';
		expect(JSON.stringify(list)).not.toContain(hash);
		const events = await t.run(async (ctx) => ctx.db.query('auditEvents').collect());
		expect(events).toMatchObject([{ action: 'token.made', actor: { name: 'Ben' }, target: { name: 'Script' } }]);
		expect(JSON.stringify(events)).not.toContain(token.slice(10));
	});

	test('is refused without a name, a scope, or with a time that is none', async () => {
		const { owner, t } = await workspaceWithToken();
		const before = await t.run(async (ctx) => ctx.db.query('apiKeys').collect());
		const good = { name: 'Script', scopes: ['numbers:read' as const], expiresInDays: 1 };
		for (const bad of [
			{ name: ' ' },
			{ scopes: [] },
			{ expiresInDays: 0 },
			{ expiresInDays: 366 },
			{ expiresInDays: NaN }
		]) {
			const making = owner.caller.action(api.apiKeys.create, { ...good, ...bad });
			await expect(making).rejects.toMatchObject({ data: { kind: 'config' } });
		}
		expect(await t.run(async (ctx) => ctx.db.query('apiKeys').collect())).toEqual(before);
	});

	test('works until it is revoked, at once', async () => {
		const { t, owner, id, token } = await workspaceWithToken();
		expect(await get(t, 'connections', token)).toMatchObject({ status: 200, body: { connections: [], next: null } });
		await owner.caller.mutation(api.apiKeys.revoke, { tokenId: id });
		expect(await get(t, 'connections', token)).toMatchObject(UNAUTHORIZED);
		expect(await owner.caller.query(api.apiKeys.list, {})).toEqual([]);
		await expect(owner.caller.mutation(api.apiKeys.revoke, { tokenId: id })).rejects.toMatchObject({
			data: { kind: 'not_found' }
		});
	});

	test('ends on its day, with the membership of its maker, and when their role may no more', async () => {
		const { t, admin, owner, token } = await workspaceWithToken();
		const { memberId } = admin;
		if (!memberId) throw new Error('Not a member.');
		await t.run(async (ctx) => ctx.db.patch('members', memberId, { role: 'viewer' }));
		expect((await get(t, 'connections', token)).status).toBe(200);
		expect(await get(t, 'connections/x/sync', token, 'POST')).toMatchObject({ status: 403 });
		await t.run(async (ctx) => ctx.db.patch('members', memberId, { role: 'member' }));
		expect(await get(t, 'connections', token)).toMatchObject(UNAUTHORIZED);
		await t.run(async (ctx) => ctx.db.patch('members', memberId, { role: 'admin' }));
		vi.advanceTimersByTime(30 * 86_400_000 - 1);
		expect((await get(t, 'connections', token)).status).toBe(200);
		vi.advanceTimersByTime(1);
		expect(await get(t, 'connections', token)).toMatchObject(UNAUTHORIZED);
		const second = await admin.caller.action(api.apiKeys.create, {
			name: 'Second',
			scopes: ['numbers:read'],
			expiresInDays: null
		});
		await t.run(async (ctx) => ctx.db.delete('members', memberId));
		expect(await get(t, 'connections', second.token)).toMatchObject(UNAUTHORIZED);
		expect(await owner.caller.query(api.apiKeys.list, {})).toEqual([]);
	});

	test('says when it was used last, written at most once a minute', async () => {
		const { t, owner, token } = await workspaceWithToken();
		const row = async () => t.run(async (ctx) => ctx.db.query('apiKeys').first());
		await get(t, 'connections', token);
		const first = await row();
		expect(first?.lastRequest).toBe(Date.now());
		vi.advanceTimersByTime(59_000);
		await get(t, 'connections', token);
		expect(await row()).toEqual(first);
		vi.advanceTimersByTime(1_000);
		await get(t, 'connections', token);
		expect((await owner.caller.query(api.apiKeys.list, {}))[0]?.lastUsedAt).toBe(Date.now());
	});

	test('makes so many requests in a minute, and is told how long to wait', async () => {
		const { t, token } = await workspaceWithToken();
		for (let count = 0; count < REQUESTS_PER_MINUTE; count++) {
			expect((await get(t, 'connections', token)).status).toBe(200);
		}
		vi.advanceTimersByTime(20_000);
		const refused = { status: 429, body: { error: { kind: 'rate_limited' } }, retryAfter: '40' };
		expect(await get(t, 'connections', token)).toMatchObject(refused);
		vi.advanceTimersByTime(40_000);
		expect((await get(t, 'connections', token)).status).toBe(200);
	});
});

describe('the HTTP API', () => {
	test('answers connections, metrics and days, and starts a sync', async () => {
		const { t, admin, token } = await workspaceWithToken();
		const { connectionId } = await connectSample(admin.caller);
		await settle(t);
		expect(await get(t, 'connections', token)).toMatchObject({
			status: 200,
			body: { connections: [{ id: connectionId, integration: 'sample', sample: true, state: 'connected' }], next: null }
		});
		const metrics = await get(t, `metrics?connection=${connectionId}`, token);
		expect(metrics).toMatchObject({ status: 200, body: { metrics: expect.any(Array) } });
		const path = `series?connection=${connectionId}&metric=sample.revenue&from=2026-11-20&to=2026-11-25`;
		const days = z.object({
			series: z.array(
				z.object({ days: z.array(z.object({ day: z.string(), value: z.number().nullable(), state: z.string() })) })
			)
		});
		const [series] = days.parse((await get(t, path, token)).body).series;
		expect(series?.days.map((one) => one.day)).toEqual([
			'2026-11-20',
			'2026-11-21',
			'2026-11-22',
			'2026-11-23',
			'2026-11-24',
			'2026-11-25'
		]);
		expect(series?.days[0]).toMatchObject({ value: expect.any(Number), state: 'provisional' });
		expect(series?.days[5]).toEqual({ day: '2026-11-25', value: null, state: 'missing' });
		const sync = await get(t, `connections/${connectionId}/sync`, token, 'POST');
		expect(sync).toMatchObject({ status: 202, body: { run: expect.any(String), alreadyRunning: false } });
		expect(await get(t, `connections/${connectionId}/sync`, token, 'POST')).toMatchObject({
			status: 202,
			body: { alreadyRunning: true }
		});
	});

	test('gives lists in pages, each once', async () => {
		const { t, workspaceId, admin, token } = await workspaceWithToken();
		await connectSample(admin.caller);
		await t.run(async (ctx) => {
			const connection = await ctx.db.query('connections').first();
			if (!connection) throw new Error('There is none.');
			const { _id, _creationTime, ...fields } = connection;
			for (let count = 0; count < 6; count++) {
				await ctx.db.insert('connections', { ...fields, workspaceId, accountId: `account ${count}` });
			}
		});
		const shape = z.object({ connections: z.array(z.object({ id: z.string() })), next: z.string().nullable() });
		const seen: string[] = [];
		for (let after: string | null = ''; after !== null;) {
			const page = await get(t, `connections?limit=3${after && `&after=${after}`}`, token);
			const { connections, next } = shape.parse(page.body);
			seen.push(...connections.map((one) => one.id));
			after = next;
		}
		expect(seen).toHaveLength(7);
		expect(new Set(seen).size).toBe(7);
	});

	test('refuses sizes, cursors, ranges and metrics that are none, and says why', async () => {
		const { t, admin, token } = await workspaceWithToken();
		const { connectionId } = await connectSample(admin.caller);
		const series = (rest: string) => `series?connection=${connectionId}&metric=sample.revenue&${rest}`;
		for (const path of [
			'connections?limit=0',
			'connections?limit=-1',
			'connections?limit=101',
			'connections?limit=1e9',
			'connections?limit=x',
			'connections?after=forged',
			`connections?after=${'a'.repeat(10_000)}`,
			'metrics',
			series('from=2026-11-01'),
			series('from=2026-11-01&to=2026-02-31'),
			series('from=2026-11-02&to=2026-11-01'),
			series('from=2020-01-01&to=2026-11-01'),
			series('from=2026-11-01&to=2026-11-02&limit=21')
		]) {
			const refused = { status: 400, body: { error: { kind: 'invalid', message: expect.any(String) } } };
			expect(await get(t, path, token), path).toMatchObject(refused);
		}
		const strange = `series?connection=${connectionId}&metric=__proto__&from=2026-11-01&to=2026-11-02`;
		expect(await get(t, strange, token)).toMatchObject(NOT_FOUND);
		for (const path of ['', 'connections/', 'connections/x/y/sync', 'users', 'connections//sync']) {
			expect(await get(t, path, token), path).toMatchObject(NOT_FOUND);
		}
		expect(await get(t, 'connections', token, 'DELETE')).toMatchObject(NOT_FOUND);
	});

	test('lets nobody in without a token that works', async () => {
		const { t, token } = await workspaceWithToken();
		for (const none of [null, '', 'x', 'plb_', `${token}x`, token.toUpperCase(), `plb_${'A'.repeat(43)}`]) {
			expect(await get(t, 'connections', none), String(none)).toMatchObject(UNAUTHORIZED);
		}
	});
});

describe('the matrix of the API', () => {
	const routes = API_ROUTES.map((route) => ({ ...route, name: `${route.method} ${route.path}` }));
	type Route = (typeof routes)[number];

	/** Calls the route with that id wherever it takes one. */
	async function ask(t: Deployment, { method, path }: Route, id: string, token: string | null) {
		const encoded = encodeURIComponent(id);
		const query = `connection=${encoded}&metric=sample.revenue&from=2026-11-01&to=2026-11-23`;
		return await get(t, `${path.slice('/api/v1/'.length).replace(':id', encoded)}?${query}`, token, method);
	}

	/** Everything that is stored but for the bookkeeping of requests. */
	async function everything(t: Deployment): Promise<string> {
		return await t.run(async (ctx) => {
			const names = Object.keys(schema.tables).filter((name): name is TableNames => name in schema.tables);
			const held = await Promise.all(
				names.filter((name) => name !== 'rateLimits').map(async (name) => ctx.db.query(name).collect())
			);
			const scheduled = await ctx.db.system.query('_scheduled_functions').collect();
			return JSON.stringify([held, scheduled], (key, value: unknown) => (key === 'lastRequest' ? undefined : value));
		});
	}

	test.each(routes)('$name tells nobody anything and does nothing without a token that works', async (route) => {
		const { t, owner, admin, token, id } = await workspaceWithToken();
		const { connectionId } = await connectSample(owner.caller);
		await settle(t);
		const revoked = await admin.caller.action(api.apiKeys.create, {
			name: 'R',
			scopes: ['sync:run'],
			expiresInDays: 1
		});
		await admin.caller.mutation(api.apiKeys.revoke, { tokenId: revoked.id });
		const before = await everything(t);
		const hash = await t.run(async (ctx) => (await ctx.db.get('apiKeys', id))?.key ?? '');
		const session = await t.run(async (ctx) => (await ctx.db.query('sessions').first())?.token ?? '');
		for (const none of [
			null,
			revoked.token,
			hash,
			`plb_${hash}`,
			session,
			`${token.slice(0, -1)}!`,
			'a'.repeat(1_000_000)
		]) {
			for (const one of [connectionId, 'x']) expect(await ask(t, route, one, none)).toMatchObject(UNAUTHORIZED);
		}
		expect((await everything(t)) === before).toBe(true);
	});

	test.each(routes)('$name is refused to a token that has every scope but its own', async (route) => {
		const { t, admin } = await workspaceWithToken();
		const { connectionId } = await connectSample(admin.caller);
		await settle(t);
		const scopes = ALL_SCOPES.filter((scope) => scope !== route.scope);
		const { token } = await admin.caller.action(api.apiKeys.create, { name: 'Small', scopes, expiresInDays: 1 });
		const before = await everything(t);
		expect(await ask(t, route, connectionId, token)).toMatchObject({
			status: 403,
			body: { error: { kind: 'forbidden', message: expect.stringContaining(route.scope) } }
		});
		expect((await everything(t)) === before).toBe(true);
	});

	test.each(routes)('$name shows nothing of another workspace, and answers its ids like none', async (route) => {
		const { t, admin, token } = await workspaceWithToken();
		await connectSample(admin.caller);
		const foreign = await signIn(t, { workspaceId: await makeWorkspace(t, 'Borealis'), role: 'owner' }, 'Otto');
		const theirs = await connectSample(foreign.caller);
		await settle(t);
		const before = await everything(t);
		const absent = await ask(t, route, 'x', token);
		expect(JSON.stringify(absent)).not.toContain(theirs.connectionId);
		for (const id of [theirs.connectionId, theirs.dashboardId, foreign.userId, ...STRANGE_IDS.slice(1)]) {
			expect(await ask(t, route, id, token), id.slice(0, 40)).toEqual(absent);
		}
		expect((await everything(t)) === before).toBe(true);
	});
});
