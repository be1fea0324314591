// @vitest-environment node
import { v } from 'convex/values';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { api } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { connectSample, deploy, modules, settle } from './harness.testing.ts';
import { isGuarded } from './lib/access.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

interface PublicFunction {
	readonly name: string;
	readonly type: 'query' | 'mutation' | 'action';
	readonly registered: object;
}

/** Every public function of every module, found by loading them, not by a list. */
async function publicFunctions(): Promise<PublicFunction[]> {
	const found: PublicFunction[] = [];
	for (const [path, load] of Object.entries(modules)) {
		if (path.includes('_generated')) continue;
		const exported: unknown = await load();
		for (const [name, value] of Object.entries(exported ?? {})) {
			if (typeof value !== 'function' || !('isPublic' in value)) continue;
			const type = 'isQuery' in value ? 'query' : 'isMutation' in value ? 'mutation' : 'action';
			found.push({ name: `${path.slice(2, -3)}:${name}`, type, registered: value });
		}
	}
	return found;
}

function exported(registered: object, member: 'exportArgs' | 'exportReturns'): unknown {
	const method: unknown = Reflect.get(registered, member);
	if (typeof method !== 'function') throw new Error(`There is no ${member}.`);
	return JSON.parse(String(method.call(registered)));
}

describe('every public function', async () => {
	const all = await publicFunctions();

	test('is found', () => {
		const names = all.map((one) => one.name);
		expect(names).toContain('connections:connect');
		expect(names).toContain('dashboards:series');
		expect(names.length).toBeGreaterThanOrEqual(20);
	});

	test.each(all)('$name starts with the access helper and says what it takes and gives', ({ registered }) => {
		expect(isGuarded(registered)).toBe(true);
		expect(exported(registered, 'exportArgs')).toMatchObject({ type: 'object' });
		const returns = exported(registered, 'exportReturns');
		expect(returns).not.toBe(null);
		expect(returns).not.toMatchObject({ type: 'any' });
	});

	test('takes ids as text, so that a malformed one is answered like one that does not exist', () => {
		for (const { registered } of all) {
			expect(JSON.stringify(exported(registered, 'exportArgs'))).not.toContain('"type":"id"');
		}
	});
});

test('a public function made without the helper is noticed', async () => {
	const { query } = await import('./_generated/server.js');
	expect(isGuarded(query({ args: {}, returns: v.null(), handler: async () => null }))).toBe(false);
});

describe('ids that are not the caller’s', () => {
	const strange = {
		malformed: 'x',
		empty: '',
		prototype: '__proto__',
		huge: 'a'.repeat(1_000_000)
	};

	/** A workspace of somebody else with a copy of everything, and ids of the caller's own in other tables. */
	async function foreignIds() {
		const t = await deploy();
		const own = await connectSample(t);
		await settle(t);
		const foreign = await t.run(async (ctx) => {
			const workspaceId = await ctx.db.insert('workspaces', { owner: 'somebody else', name: 'Theirs' });
			const connection = await ctx.db.query('connections').first();
			const dashboard = await ctx.db.query('dashboards').first();
			const run = await ctx.db.query('syncRuns').first();
			if (!connection || !dashboard || !run) throw new Error('Nothing to copy.');
			const strip = <Row extends { _id: string; _creationTime: number }>({ _id, _creationTime, ...fields }: Row) =>
				fields;
			const connectionId = await ctx.db.insert('connections', { ...strip(connection), workspaceId });
			const dashboardId = await ctx.db.insert('dashboards', {
				...strip(dashboard),
				workspaceId,
				connectionIds: [connectionId]
			});
			await ctx.db.patch('connections', connectionId, { dashboardId });
			const runId = await ctx.db.insert('syncRuns', { ...strip(run), workspaceId, connectionId });
			return { connectionId, dashboardId, runId };
		});
		return { t, own, foreign };
	}

	test('are all answered alike', async () => {
		const { t, own, foreign } = await foreignIds();
		const [workspace] = await t.run(async (ctx) => ctx.db.query('workspaces').take(1));
		const ofOtherTable = String(workspace?._id);
		const paginationOpts = { numItems: 5, cursor: null };
		const range = { from: '2026-11-01', to: '2026-11-23' };
		const rejection = async (call: Promise<unknown>) => {
			const error: unknown = await call.then(
				() => 'it worked',
				(thrown: unknown) => thrown
			);
			return error instanceof Error && 'data' in error ? error.data : error;
		};
		const absent = { kind: 'not_found', message: expect.any(String) };
		const before = await t.run(async (ctx) => ctx.db.query('connections').take(10));

		for (const id of [...Object.values(strange), ofOtherTable]) {
			for (const connectionId of [id, foreign.connectionId, own.dashboardId]) {
				expect(await t.query(api.connectionRecords.get, { connectionId })).toBe(null);
				expect(await t.query(api.syncRuns.list, { connectionId, paginationOpts })).toMatchObject({
					page: [],
					isDone: true
				});
				expect(await rejection(t.mutation(api.syncRuns.syncNow, { connectionId }))).toEqual(absent);
				expect(await rejection(t.mutation(api.connectionRecords.rename, { connectionId, name: 'Mine' }))).toEqual(
					absent
				);
				expect(await rejection(t.mutation(api.connectionRecords.setPaused, { connectionId, paused: true }))).toEqual(
					absent
				);
				expect(
					await rejection(t.mutation(api.connectionRecords.setSchedule, { connectionId, syncEveryMinutes: 5 }))
				).toEqual(absent);
				expect(
					await rejection(t.mutation(api.connectionRecords.disconnect, { connectionId, keepData: false }))
				).toEqual(absent);
				expect(await rejection(t.action(api.connections.updateConnection, { connectionId, name: 'Mine' }))).toEqual(
					absent
				);
				const test = { integrationId: 'sample', credentials: {}, connectionId };
				expect(await rejection(t.action(api.connections.testConnection, test))).toEqual(absent);
			}
			for (const dashboardId of [id, foreign.dashboardId, own.connectionId]) {
				expect(await t.query(api.dashboards.get, { dashboardId })).toBe(null);
				expect(await t.query(api.dashboards.series, { dashboardId, ...range })).toBe(null);
				expect(await rejection(t.mutation(api.dashboards.rename, { dashboardId, name: 'Mine' }))).toEqual(absent);
			}
			for (const runId of [id, foreign.runId, own.connectionId]) {
				expect(await rejection(t.mutation(api.syncRuns.cancel, { runId }))).toEqual(absent);
			}
		}
		expect(await t.run(async (ctx) => ctx.db.query('connections').take(10))).toEqual(before);
		expect(await t.query(api.connectionRecords.list, {})).toHaveLength(1);
		expect(await t.query(api.dashboards.list, {})).toHaveLength(1);
		const held = await t.query(api.metricLibrary.list, {});
		expect(new Set(held.map((one) => one.connectionId))).toEqual(new Set<Id<'connections'>>([own.connectionId]));
	});
});

test('before the workspace is opened there is nothing, and nothing can be done', async () => {
	const { convexTest } = await import('convex-test');
	const { default: schema } = await import('./schema.ts');
	const t = convexTest(schema, modules);
	expect(await t.query(api.workspaces.current, {})).toBe(null);
	expect(await t.query(api.connectionRecords.list, {})).toEqual([]);
	const connect = t.action(api.connections.connect, { integrationId: 'sample', credentials: {}, settings: {} });
	await expect(connect).rejects.toThrow();
	const first = await t.mutation(api.workspaces.open, {});
	expect(await t.mutation(api.workspaces.open, {})).toEqual(first);
	expect(await t.query(api.workspaces.current, {})).toEqual(first);
});

test('internal functions are not public', async () => {
	const names = (await publicFunctions()).map((one) => one.name);
	for (const module of ['slices', 'schedule', 'danger', 'connectionStore', 'metrics']) {
		expect(names.filter((name) => name.startsWith(`${module}:`))).toEqual([]);
	}
});
