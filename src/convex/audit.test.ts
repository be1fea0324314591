// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest';
import { api, internal } from './_generated/api.js';
import { AUDIT_KEPT_DAYS } from './audit.ts';
import { connectSample, deploy, settle } from './harness.testing.ts';
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
		await t.mutation(internal.audit.record, { action: 'workspace.renamed', userId, workspaceId: two, ...from });
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
