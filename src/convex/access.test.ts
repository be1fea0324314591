// @vitest-environment node
import { ConvexError, v } from 'convex/values';
import type { Value } from 'convex/values';
import { makeFunctionReference } from 'convex/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { api } from './_generated/api.js';
import { connectSample, deploy, modules, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { requirementOf } from './lib/access.ts';

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
		expect(names.length).toBeGreaterThan(15);
	});

	test.each(all)('$name starts with the access helper and says what it takes and gives', ({ registered }) => {
		expect(requirementOf(registered)).not.toBe(null);
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
	expect(requirementOf(query({ args: {}, returns: v.null(), handler: async () => null }))).toBe(null);
});

describe('ids that are not the caller’s', async () => {
	/** Arguments for a function, made from its validator: every id it takes is `id`, everything else is harmless. */
	function argumentsWith(registered: object, id: string): Record<string, Value> | null {
		const { value } = argsShape.parse(exported(registered, 'exportArgs'));
		const args: Record<string, Value> = {};
		let takesId = false;
		for (const [name, { fieldType, optional }] of Object.entries(value)) {
			if (name in harmless) args[name] = harmless[name] ?? null;
			else if (/Id$/.test(name)) [args[name], takesId] = [id, true];
			else if (!optional) throw new Error(`The test knows no harmless ${name} (${fieldType.type}).`);
		}
		return takesId ? args : null;
	}
	const argsShape = z.object({
		value: z.record(z.string(), z.object({ fieldType: z.object({ type: z.string() }), optional: z.boolean() }))
	});
	const harmless: Record<string, Value> = {
		integrationId: 'sample',
		credentials: {},
		settings: {},
		name: 'Mine',
		paused: true,
		keepData: false,
		syncEveryMinutes: 5,
		paginationOpts: { numItems: 5, cursor: null },
		from: '2026-11-01',
		to: '2026-11-23',
		origin: 'https://plumbline.test',
		browser: 'x',
		provider: 'google',
		answer: 'state=x',
		client: 'x',
		secret: 'x'
	};

	async function call(t: Deployment, { name, type }: PublicFunction, args: Record<string, Value>): Promise<unknown> {
		try {
			if (type === 'query') return await t.query(makeFunctionReference<'query'>(name), args);
			if (type === 'mutation') return await t.mutation(makeFunctionReference<'mutation'>(name), args);
			return await t.action(makeFunctionReference<'action'>(name), args);
		} catch (error) {
			return error instanceof ConvexError ? { thrown: error.data } : error;
		}
	}

	/** The caller's own data, and a workspace of somebody else with a copy of it. */
	async function twoWorkspaces() {
		const t = await deploy();
		const own = await connectSample(t);
		await settle(t);
		const foreign = await t.run(async (ctx) => {
			const workspaceId = await ctx.db.insert('workspaces', { owner: 'somebody else', name: 'Theirs' });
			const connection = await ctx.db.query('connections').first();
			const dashboard = await ctx.db.query('dashboards').first();
			const run = await ctx.db.query('syncRuns').first();
			if (!connection || !dashboard || !run) throw new Error('Nothing to copy.');
			const connectionId = await ctx.db.insert('connections', { ...fieldsOf(connection), workspaceId });
			const connectionIds = [connectionId];
			const dashboardId = await ctx.db.insert('dashboards', { ...fieldsOf(dashboard), workspaceId, connectionIds });
			await ctx.db.patch('connections', connectionId, { dashboardId });
			const runId = await ctx.db.insert('syncRuns', { ...fieldsOf(run), workspaceId, connectionId });
			return { workspaceId, connectionId, dashboardId, runId };
		});
		return { t, own, foreign };
	}
	function fieldsOf<Row extends { _id: string; _creationTime: number }>({ _id, _creationTime, ...fields }: Row) {
		return fields;
	}

	const takers = (await publicFunctions()).filter(({ registered }) => argumentsWith(registered, '') !== null);

	test('are taken by more than ten functions', () => {
		expect(takers.length).toBeGreaterThan(10);
	});

	test.each(takers)('are answered by $name like ids that do not exist, and nothing is written', async (taker) => {
		const { t, foreign } = await twoWorkspaces();
		const everything = () =>
			t.run(async (ctx) => ({
				connections: await ctx.db.query('connections').take(10),
				dashboards: await ctx.db.query('dashboards').take(10),
				runs: await ctx.db.query('syncRuns').take(10),
				scheduled: await ctx.db.system.query('_scheduled_functions').take(100)
			}));
		const before = await everything();
		const gone = await t.run(async (ctx) => {
			const id = await ctx.db.insert('dashboards', {
				workspaceId: foreign.workspaceId,
				name: 'Gone',
				connectionIds: []
			});
			await ctx.db.delete('dashboards', id);
			return id;
		});
		const absent = await call(t, taker, argumentsWith(taker.registered, gone) ?? {});
		const notFound = { thrown: { kind: 'not_found', message: expect.any(String) } };
		const emptyPage = { page: [], isDone: true, continueCursor: '' };
		expect([null, emptyPage, notFound]).toContainEqual(absent);
		const strange = ['', 'x', '__proto__', 'a'.repeat(1_000_000), ...Object.values(foreign)];
		for (const id of strange) expect(await call(t, taker, argumentsWith(taker.registered, id) ?? {})).toEqual(absent);
		expect(await everything()).toEqual(before);
	});

	test('do not show up in lists', async () => {
		const { t, own } = await twoWorkspaces();
		const connections = await t.query(api.connectionRecords.list, {});
		expect(connections.map((one) => one.id)).toEqual([own.connectionId]);
		expect((await t.query(api.dashboards.list, {})).map((one) => one.id)).toEqual([own.dashboardId]);
		const held = await t.query(api.metricLibrary.list, {});
		expect(new Set(held.map((one) => one.connectionId))).toEqual(new Set([own.connectionId]));
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
