// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest';
import { api, internal } from './_generated/api.js';
import { AUDIT_KEPT_DAYS } from './audit.ts';
import { connectSample, deploy, makeWorkspace, NOON, settle, signIn } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

const DAY_MS = 86_400_000;

async function events(t: Deployment) {
	return await t.run(async (ctx) => ctx.db.query('auditEvents').take(2_000));
}

describe('what is done to a connection is written down with its name at that time', () => {
	test('rename, pause, resume, schedule, disconnect', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		await t.mutation(api.connectionRecords.rename, { connectionId, name: 'Other' });
		await t.mutation(api.connectionRecords.rename, { connectionId, name: 'Other' });
		await t.mutation(api.connectionRecords.setPaused, { connectionId, paused: true });
		await t.mutation(api.connectionRecords.setPaused, { connectionId, paused: false });
		await t.mutation(api.connectionRecords.setSchedule, { connectionId, syncEveryMinutes: 77 });
		await t.mutation(api.connectionRecords.disconnect, { connectionId, keepData: true });
		await t.mutation(api.connectionRecords.disconnect, { connectionId, keepData: false });
		const written = (await events(t)).map(({ action, target }) => [action, target?.kind, target?.id, target?.name]);
		expect(written).toEqual([
			['connection.made', 'connection', connectionId, 'Nordlicht Coffee (sample)'],
			['connection.renamed', 'connection', connectionId, 'Nordlicht Coffee (sample)'],
			['connection.paused', 'connection', connectionId, 'Other'],
			['connection.resumed', 'connection', connectionId, 'Other'],
			['connection.scheduleChanged', 'connection', connectionId, 'Other'],
			['connection.disconnected', 'connection', connectionId, 'Other'],
			['connection.deleted', 'connection', connectionId, 'Other']
		]);
	});

	test('under the name of who did it, and from where', async () => {
		const t = await deploy();
		await t.run(async (ctx) => {
			const session = await ctx.db.query('sessions').first();
			if (session) await ctx.db.patch('sessions', session._id, { ipAddress: '203.0.113.9', userAgent: 'Test browser' });
		});
		const { connectionId } = await connectSample(t);
		await t.mutation(api.connectionRecords.rename, { connectionId, name: 'Other' });
		const actor = { kind: 'user', id: expect.any(String), name: 'Ada' };
		const from = { ip: '203.0.113.9', userAgent: 'Test browser' };
		expect(await events(t)).toEqual([
			expect.objectContaining({ action: 'connection.made', actor, ...from }),
			expect.objectContaining({ action: 'connection.renamed', actor, ...from })
		]);
	});

	test('what is refused is not written: the event is of the deed’s own transaction', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		const before = await events(t);
		await expect(t.mutation(api.connectionRecords.rename, { connectionId, name: ' ' })).rejects.toThrow();
		await expect(
			t.mutation(api.connectionRecords.setSchedule, { connectionId, syncEveryMinutes: 1 })
		).rejects.toThrow();
		expect(await events(t)).toEqual(before);
	});
});

describe('what concerns an account', () => {
	const from = { ip: '203.0.113.9', userAgent: 'Test browser' };

	test('is written into each workspace of the person, and into no other', async () => {
		const t = await deploy();
		const { userId, theirs } = await t.run(async (ctx) => {
			const createdAt = Date.now();
			const person = { name: 'Ada', email: 'ada@example.com', emailVerified: true, createdAt, updatedAt: createdAt };
			const userId = await ctx.db.insert('users', person);
			const theirs = [];
			for (const name of ['One', 'Two']) {
				const workspaceId = await ctx.db.insert('workspaces', { name });
				await ctx.db.insert('members', { workspaceId, userId, role: 'viewer', createdAt });
				theirs.push(workspaceId);
			}
			return { userId, theirs };
		});
		await t.mutation(internal.audit.record, { action: 'signIn.succeeded', userId, ...from });
		await t.mutation(internal.audit.record, { action: 'signIn.failed', userId, ...from });
		const [one, two] = theirs;
		if (!one || !two) throw new Error('There are two.');
		await t.mutation(internal.audit.record, {
			action: 'workspace.renamed',
			userId,
			workspaceId: two,
			...from
		});
		const person = { kind: 'user', id: userId, name: 'Ada' };
		const stranger = { kind: 'stranger', id: null, name: 'Somebody' };
		expect(await events(t)).toMatchObject([
			{ workspaceId: one, action: 'signIn.succeeded', actor: person, target: null, ...from },
			{ workspaceId: two, action: 'signIn.succeeded', actor: person, target: null, ...from },
			{ workspaceId: one, action: 'signIn.failed', actor: stranger, target: person, ...from },
			{ workspaceId: two, action: 'signIn.failed', actor: stranger, target: person, ...from },
			{ workspaceId: two, action: 'workspace.renamed', actor: person, ...from }
		]);
	});

	test('that does not exist is not written: strangers cannot fill the table', async () => {
		const t = await deploy();
		const userId = await t.run(async (ctx) => {
			const now = Date.now();
			const person = { name: 'Gone', email: 'gone@example.com', emailVerified: true, createdAt: now, updatedAt: now };
			const id = await ctx.db.insert('users', person);
			await ctx.db.delete('users', id);
			return id;
		});
		await t.mutation(internal.audit.record, { action: 'signIn.failed', userId, ...from });
		expect(await events(t)).toEqual([]);
	});

	test('is cut to a bounded length', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await t.mutation(api.connectionRecords.rename, { connectionId, name: 'x'.repeat(10_000) });
		const [, renamed] = await events(t);
		expect(renamed?.detail.to?.length).toBeLessThanOrEqual(200);
	});
});

describe('the log as admins read it', () => {
	const page = { numItems: 10, cursor: null };

	/** Two people at work in one workspace, one of them also in another. */
	async function atWork() {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		const other = await t.run(async (ctx) => {
			const [connection] = await ctx.db.query('connections').take(1);
			if (!connection) throw new Error('It is there.');
			return connection.workspaceId;
		});
		const bob = await signIn(t, { workspaceId: other, role: 'admin' }, 'Bob');
		for (let n = 0; n < 12; n += 1) {
			vi.setSystemTime(Date.now() + DAY_MS);
			const caller = n % 3 === 0 ? bob.caller : t;
			await caller.mutation(api.connectionRecords.setPaused, { connectionId, paused: n % 2 === 0 });
		}
		return { t, bob, connectionId };
	}

	test('is the newest first, page by page', async () => {
		const { t } = await atWork();
		const first = await t.query(api.audit.list, { paginationOpts: page });
		expect(first.page).toHaveLength(10);
		expect(first.page.map(({ at }) => at)).toEqual(first.page.map(({ at }) => at).toSorted((a, b) => b - a));
		const cursor = first.continueCursor;
		const second = await t.query(api.audit.list, { paginationOpts: { numItems: 10, cursor } });
		expect(second).toMatchObject({ isDone: true, page: [{}, {}, { action: 'connection.made' }] });
		const most = await t.query(api.audit.list, { paginationOpts: { numItems: 1e9, cursor: null } });
		expect(most.page).toHaveLength(13);
	});

	test('is filtered by actor, action and day, and by all at once', async () => {
		const { t, bob } = await atWork();
		const found = async (filter: { actor?: string; action?: string; day?: string }) =>
			(await t.query(api.audit.list, { ...filter, paginationOpts: { numItems: 100, cursor: null } })).page;
		const actor = `user:${bob.userId}`;
		expect((await found({ actor })).map((event) => event.actor.name)).toEqual(['Bob', 'Bob', 'Bob', 'Bob']);
		expect(await found({ action: 'connection.paused' })).toHaveLength(6);
		expect(await found({ actor, action: 'connection.paused' })).toHaveLength(2);
		const day = new Date(NOON + 4 * DAY_MS).toISOString().slice(0, 10);
		expect(await found({ day })).toHaveLength(1 + 4);
		expect(await found({ day, actor, action: 'connection.paused' })).toHaveLength(1);
		for (const nonsense of [
			{ actor: 'x' },
			{ actor: 'user:nobody' },
			{ action: 'constructor' },
			{ day: 'x' },
			{ actor: ':' }
		])
			expect(await found(nonsense)).toEqual([]);
		expect(await t.query(api.audit.actors, {})).toEqual([
			{ key: expect.stringMatching(/^user:/), name: 'Ada' },
			{ key: actor, name: 'Bob' }
		]);
	});

	test('is nobody’s but an admin’s: an editor, a viewer and a stranger see an empty one', async () => {
		const { t, bob } = await atWork();
		const others = [t.withIdentity({})];
		const workspaceId = await t.run(async (ctx) => (await ctx.db.query('auditEvents').first())?.workspaceId);
		if (!workspaceId) throw new Error('There are events.');
		for (const role of ['editor', 'viewer']) others.push((await signIn(t, { workspaceId, role }, role)).caller);
		others.push((await signIn(t, { workspaceId: await makeWorkspace(t, 'Elsewhere'), role: 'owner' }, 'Eve')).caller);
		for (const caller of others) {
			expect(await caller.query(api.audit.list, { paginationOpts: page })).toMatchObject({ page: [] });
			expect(await caller.query(api.audit.actors, {})).toEqual([]);
		}
		const before = (await events(t)).length;
		for (const caller of others.slice(0, 3)) await expect(caller.mutation(api.audit.noteExport, {})).rejects.toThrow();
		expect(await events(t)).toHaveLength(before);
		await bob.caller.mutation(api.audit.noteExport, {});
		expect((await events(t)).at(-1)).toMatchObject({ action: 'audit.exported', actor: { name: 'Bob' } });
	});
});

test('events go after 400 days, all of them, and not a day before', async () => {
	const t = await deploy();
	const { connectionId } = await connectSample(t);
	const made = (await events(t)).length;
	for (let pause = 0; pause < 600; pause += 1) {
		await t.mutation(api.connectionRecords.setPaused, { connectionId, paused: pause % 2 === 0 });
	}
	vi.setSystemTime(Date.now() + AUDIT_KEPT_DAYS * DAY_MS - 60_000);
	await t.mutation(internal.audit.deleteExpired, {});
	expect(await events(t)).toHaveLength(made + 600);
	vi.setSystemTime(Date.now() + 2 * 60_000);
	await t.mutation(api.connectionRecords.rename, { connectionId, name: 'The one that is young' });
	await t.mutation(internal.audit.deleteExpired, {});
	await settle(t);
	expect((await events(t)).map(({ action }) => action)).toEqual(['connection.renamed']);
});
