// @vitest-environment node
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from './_generated/api.js';
import type { TableNames } from './_generated/dataModel.js';
import { connectSample, deploy, lastRun, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { generateKey } from './lib/crypto.ts';

/** A secret that must not turn up anywhere. */
const CANARY = 'canary-4f9d1c7e2b';
const TABLES: TableNames[] = [
	'connections',
	'credentials',
	'series',
	'chunks',
	'syncRuns',
	'slices',
	'dashboards',
	'tiles'
];

/** A Prometheus behind a token, which tells everybody else what they sent. */
const guarded = createServer((request, response) => {
	const { authorization = '' } = request.headers;
	const answer = (status: number, body: unknown) => {
		response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
	};
	if (authorization !== `Bearer ${CANARY}`) return answer(401, { error: `not known: ${authorization}` });
	const path = new URL(request.url ?? '/', 'http://localhost').pathname;
	if (path.endsWith('/buildinfo')) return answer(200, { status: 'success', data: { version: '2.42.0' } });
	if (path.endsWith('/targets'))
		return answer(200, { status: 'success', data: { activeTargets: [], droppedTargets: [] } });
	return answer(200, {
		status: 'success',
		data: { resultType: path.endsWith('range') ? 'matrix' : 'vector', result: [] }
	});
});

let baseUrl = '';
beforeEach(async () => {
	await new Promise<void>((listening) => guarded.listen(0, '127.0.0.1', listening));
	const address = guarded.address();
	if (typeof address !== 'object' || !address) throw new Error('The server has no port.');
	baseUrl = `http://127.0.0.1:${address.port}`;
	vi.stubEnv('PLUMBLINE_ALLOW_PRIVATE_HOSTS', '1');
});
afterEach(async () => {
	guarded.closeAllConnections();
	await new Promise((closed) => guarded.close(closed));
	vi.useRealTimers();
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

async function connectPrometheus(t: Deployment) {
	const credentials = { baseUrl, token: `  Bearer ${CANARY}\n` };
	const answer = await t.action(api.connections.connect, { integrationId: 'prometheus', credentials, settings: {} });
	if (!answer.success) throw new Error(answer.error);
	await settle(t);
	return answer;
}

async function rows(t: Deployment, table: TableNames) {
	return await t.run(async (ctx) => ctx.db.query(table).take(1_000));
}

describe('testing', () => {
	test('tells of wrong credentials without repeating them', async () => {
		const t = await deploy();
		const wrong = 'wrong-6e1f0a93';
		const test = { integrationId: 'prometheus', credentials: { baseUrl, token: wrong } };
		const answer = await t.action(api.connections.testConnection, test);
		expect(answer).toMatchObject({ success: false, kind: 'auth', error: expect.stringMatching(/\.|\)$/) });
		expect(JSON.stringify(answer)).not.toContain(wrong);
		expect(await rows(t, 'connections')).toEqual([]);
	});

	test('gives the account, and keeps nothing', async () => {
		const t = await deploy();
		const test = { integrationId: 'prometheus', credentials: { baseUrl, token: CANARY } };
		const answer = await t.action(api.connections.testConnection, test);
		expect(answer).toMatchObject({ success: true, accountInfo: { details: { Version: '2.42.0' } } });
		expect(await rows(t, 'connections')).toEqual([]);
	});

	test.each([
		['nothing at all', {}, 'baseUrl', 'Address is needed.'],
		['an address that is none', { baseUrl: 'prometheus' }, 'baseUrl', /^Address: /],
		['a token with a line break', { baseUrl: 'http://127.0.0.1', token: 'a\nb' }, 'token', /^Bearer token: /]
	])('names the field that is wrong: %s', async (_what, credentials, field, error) => {
		const t = await deploy();
		const answer = await t.action(api.connections.testConnection, { integrationId: 'prometheus', credentials });
		expect(answer).toMatchObject({ success: false, kind: 'config', field, error: expect.stringMatching(error) });
	});

	test('does not keep a person waiting for a host that hangs up: it tries twice', async () => {
		const t = await deploy();
		let attempts = 0;
		const hangUp = (socket: Socket) => {
			attempts += 1;
			socket.destroy();
		};
		guarded.prependListener('connection', hangUp);
		try {
			const answer = await t.action(api.connections.testConnection, {
				integrationId: 'prometheus',
				credentials: { baseUrl, token: CANARY }
			});
			expect(answer).toMatchObject({ success: false, kind: 'unreachable' });
			expect(attempts).toBe(2);
		} finally {
			guarded.off('connection', hangUp);
		}
	});

	test('of an integration that does not exist says so', async () => {
		const t = await deploy();
		const answer = await t.action(api.connections.testConnection, { integrationId: 'constructor', credentials: {} });
		expect(answer).toMatchObject({ success: false, kind: 'config' });
	});
});

describe('connecting', () => {
	test('keeps the secret from every public answer and every table', async () => {
		const t = await deploy();
		const log = vi.spyOn(console, 'error').mockImplementation(() => {});
		const { connectionId, dashboardId } = await connectPrometheus(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'succeeded', kind: 'initial' });
		const paginationOpts = { numItems: 10, cursor: null };
		const detail = await t.query(api.connectionRecords.get, { connectionId });
		expect(detail).toMatchObject({ publicCredentials: { baseUrl }, storedSecrets: ['token'] });
		const said = [
			detail,
			await t.query(api.connectionRecords.list, {}),
			await t.query(api.syncRuns.list, { connectionId, paginationOpts }),
			await t.query(api.dashboards.list, {}),
			await t.query(api.dashboards.get, { dashboardId }),
			await t.query(api.dashboards.series, { dashboardId, from: '2026-11-01', to: '2026-11-23' }),
			await t.query(api.metricLibrary.list, {}),
			...(await Promise.all(TABLES.map((table) => rows(t, table)))),
			log.mock.calls
		];
		const text = JSON.stringify(said);
		expect(text).not.toContain(CANARY);
		expect(text).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, -3));
		const [credentials] = await t.run(async (ctx) => ctx.db.query('credentials').take(2));
		expect(credentials).toMatchObject({ connectionId, keyId: 'k1' });
		expect(JSON.stringify(said.slice(0, 7))).not.toContain(credentials?.sealed);
	});

	test('the same account again is refused by name', async () => {
		const t = await deploy();
		await connectSample(t);
		const again = await t.action(api.connections.connect, { integrationId: 'sample', credentials: {}, settings: {} });
		expect(again).toMatchObject({
			success: false,
			kind: 'config',
			error: expect.stringContaining('already connected as')
		});
		expect(await rows(t, 'connections')).toHaveLength(1);
		await settle(t);
	});

	test.each([undefined, '', 'nonsense', 'k1:short'])(
		'without a proper encryption key (%s) says what to set',
		async (keys) => {
			const t = await deploy();
			vi.stubEnv('PLUMBLINE_SECRET_KEYS', keys);
			const answer = await t.action(api.connections.connect, {
				integrationId: 'sample',
				credentials: {},
				settings: {}
			});
			expect(answer).toMatchObject({
				success: false,
				kind: 'config',
				error: expect.stringContaining('PLUMBLINE_SECRET_KEYS')
			});
			expect(await rows(t, 'connections')).toEqual([]);
		}
	);

	test('survives a new encryption key in front of the old one, and tells when the old one is lost', async () => {
		const t = await deploy();
		const old = process.env.PLUMBLINE_SECRET_KEYS ?? '';
		const { connectionId } = await connectSample(t);
		await settle(t);
		vi.stubEnv('PLUMBLINE_SECRET_KEYS', `${generateKey('k2')},${old}`);
		await t.mutation(api.syncRuns.syncNow, { connectionId });
		await settle(t);
		expect((await lastRun(t, connectionId)).state).toBe('succeeded');
		vi.stubEnv('PLUMBLINE_SECRET_KEYS', generateKey('k2'));
		await t.mutation(api.syncRuns.syncNow, { connectionId });
		await settle(t);
		const lost = await lastRun(t, connectionId);
		expect(lost).toMatchObject({ state: 'failed', errorKind: 'config' });
		expect(lost.sentence).toContain('PLUMBLINE_SECRET_KEYS');
	});
});

describe('editing', () => {
	test('needs no secret retyped, but never sends a stored one to a new address', async () => {
		const t = await deploy();
		const { connectionId } = await connectPrometheus(t);
		const integrationId = 'prometheus';
		const same = await t.action(api.connections.testConnection, {
			integrationId,
			connectionId,
			credentials: { baseUrl }
		});
		expect(same.success).toBe(true);

		const elsewhere = vi.fn();
		guarded.on('request', elsewhere);
		const moved = { connectionId, credentials: { baseUrl: baseUrl.replace('127.0.0.1', 'localhost') } };
		const refusal = { success: false, kind: 'config', field: 'token' };
		expect(await t.action(api.connections.testConnection, { integrationId, ...moved })).toMatchObject(refusal);
		expect(await t.action(api.connections.updateConnection, moved)).toMatchObject(refusal);
		expect(elsewhere).not.toHaveBeenCalled();
		guarded.off('request', elsewhere);
	});

	test('of settings fetches everything anew, of the name nothing', async () => {
		const t = await deploy();
		const { connectionId } = await connectPrometheus(t);
		const before = await lastRun(t, connectionId);
		expect(await t.action(api.connections.updateConnection, { connectionId, name: '  Berlin ' })).toEqual({
			success: true
		});
		expect(await lastRun(t, connectionId)).toEqual(before);
		const queries = [{ name: 'Orders', query: 'sum(orders_total)' }];
		await t.action(api.connections.updateConnection, { connectionId, settings: { queries } });
		await settle(t);
		const run = await lastRun(t, connectionId);
		expect(run).toMatchObject({ kind: 'backfill', daysTotal: before.daysTotal });
		expect(await t.query(api.connectionRecords.get, { connectionId })).toMatchObject({
			name: 'Berlin',
			settings: { queries }
		});
	});
});

describe('disconnecting', () => {
	test('with the data kept deletes the credentials at once, and the same account comes back with its history', async () => {
		const t = await deploy();
		const { connectionId, dashboardId } = await connectSample(t);
		await settle(t);
		const chunks = (await rows(t, 'chunks')).length;
		await t.mutation(api.connectionRecords.disconnect, { connectionId, keepData: true });
		expect(await rows(t, 'credentials')).toEqual([]);
		expect(await t.query(api.connectionRecords.get, { connectionId })).toMatchObject({
			state: 'disconnected',
			nextSyncAt: null,
			storedSecrets: []
		});
		expect((await t.query(api.dashboards.get, { dashboardId }))?.tiles.length).toBeGreaterThan(3);
		await expect(t.mutation(api.syncRuns.syncNow, { connectionId })).rejects.toThrow('disconnected');

		expect(await connectSample(t)).toEqual({ success: true, connectionId, dashboardId });
		await settle(t);
		expect(await rows(t, 'chunks')).toHaveLength(chunks);
		expect(await t.query(api.connectionRecords.get, { connectionId })).toMatchObject({ state: 'connected' });
	});

	test('in the middle of a run without keeping the data leaves nothing behind', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		vi.advanceTimersByTime(1);
		await vi.waitFor(async () => expect(await rows(t, 'chunks')).not.toEqual([]), { interval: 1 });
		await t.mutation(api.connectionRecords.disconnect, { connectionId, keepData: false });
		expect(await t.query(api.connectionRecords.list, {})).toEqual([]);
		expect(await t.query(api.metricLibrary.list, {})).toEqual([]);
		await settle(t);
		for (const table of TABLES) expect([table, await rows(t, table)]).toEqual([table, []]);
	});
});

describe('steering', () => {
	test('pausing stops the schedule and resuming makes a sync due', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		await t.mutation(api.connectionRecords.setPaused, { connectionId, paused: true });
		expect(await t.query(api.connectionRecords.get, { connectionId })).toMatchObject({
			state: 'paused',
			nextSyncAt: null
		});
		await t.mutation(api.connectionRecords.setPaused, { connectionId, paused: false });
		const resumed = await t.query(api.connectionRecords.get, { connectionId });
		expect(resumed?.state).toBe('connected');
		expect(resumed?.nextSyncAt).toBeLessThanOrEqual(Date.now());
	});

	test.each([0, 4, 10_081, Number.NaN, Infinity])('a schedule of %s minutes is refused', async (syncEveryMinutes) => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		await expect(t.mutation(api.connectionRecords.setSchedule, { connectionId, syncEveryMinutes })).rejects.toThrow();
		await t.mutation(api.connectionRecords.setSchedule, { connectionId, syncEveryMinutes: 30 });
		const detail = await t.query(api.connectionRecords.get, { connectionId });
		expect(detail?.nextSyncAt).toBeLessThanOrEqual(Date.now() + 30 * 60_000);
	});
});
