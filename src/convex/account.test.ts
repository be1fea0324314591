// @vitest-environment node
import { ConvexError } from 'convex/values';
import { afterEach, expect, test, vi } from 'vitest';
import { api } from './_generated/api.js';
import { as, connectSample, deployEmpty, makeWorkspace, settle, signIn } from './harness.testing.ts';
import type { Deployment, SignedIn } from './harness.testing.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

async function emailOf(t: Deployment, { userId }: Pick<SignedIn, 'userId'>): Promise<string> {
	return await t.run(async (ctx) => (await ctx.db.get('users', userId))?.email ?? '');
}

async function refusalOf(work: Promise<unknown>): Promise<unknown> {
	const failure: unknown = await work.then(
		() => null,
		(error: unknown) => error
	);
	return failure instanceof ConvexError ? failure.data : failure;
}

test('who is alone takes everything along: person, ways in, connections and their numbers', async () => {
	const t = deployEmpty();
	const workspaceId = await makeWorkspace(t);
	const ada = await signIn(t, { workspaceId, role: 'owner' });
	await connectSample(ada.caller);
	await settle(t);
	await t.run(async (ctx) => {
		const times = { createdAt: Date.now(), updatedAt: Date.now() };
		await ctx.db.insert('accounts', { userId: ada.userId, providerId: 'credential', accountId: ada.userId, ...times });
		await ctx.db.insert('twoFactors', { userId: ada.userId, secret: 's', backupCodes: 'c' });
	});
	const [stake] = await ada.caller.query(api.account.stakes, {});
	expect(stake).toMatchObject({ workspaceId, others: 0, blocks: false, lostConnections: 1 });

	await ada.caller.mutation(api.account.remove, { email: (await emailOf(t, ada)).toUpperCase() });
	await settle(t);
	const left = await t.run(async (ctx) => {
		const tables = ['users', 'sessions', 'accounts', 'twoFactors', 'members', 'connections', 'credentials'] as const;
		const numbers = ['dashboards', 'chunks', 'series', 'tiles', 'syncRuns'] as const;
		const held = await Promise.all([...tables, ...numbers].map(async (table) => ctx.db.query(table).first()));
		return held.filter((row) => row !== null);
	});
	expect(left).toEqual([]);
	expect(await ada.caller.query(api.viewer.current, {})).toBeNull();
	const events = await t.run(async (ctx) => ctx.db.query('auditEvents').collect());
	expect(events.at(-1)).toMatchObject({ action: 'account.deleted', workspaceId, actor: { name: 'Ada' } });
});

test('the only owner of a workspace with others in it is refused, and nothing is deleted', async () => {
	const t = deployEmpty();
	const workspaceId = await makeWorkspace(t, 'Shared');
	const ada = await signIn(t, { workspaceId, role: 'owner' });
	const bob = await signIn(t, { workspaceId, role: 'admin' }, 'Bob');
	const email = await emailOf(t, ada);
	expect(await ada.caller.query(api.account.stakes, {})).toMatchObject([{ blocks: true, others: 1 }]);
	const refused = await refusalOf(ada.caller.mutation(api.account.remove, { email }));
	expect(refused).toMatchObject({ message: expect.stringContaining('Shared') });
	expect(await t.run(async (ctx) => (await ctx.db.query('members').collect()).length)).toBe(2);

	await ada.caller.mutation(api.workspaces.transfer, { memberId: bob.memberId ?? '' });
	await ada.caller.mutation(api.account.remove, { email });
	expect(await bob.caller.query(api.members.list, {})).toMatchObject([{ name: 'Bob', role: 'owner' }]);
});

test('what a leaver connected goes on for the others', async () => {
	const t = deployEmpty();
	const workspaceId = await makeWorkspace(t);
	const ada = await signIn(t, { workspaceId, role: 'owner' });
	const bob = await signIn(t, { workspaceId, role: 'editor' }, 'Bob');
	await connectSample(bob.caller);
	await settle(t);
	expect(await bob.caller.query(api.account.stakes, {})).toMatchObject([{ blocks: false, lostConnections: 0 }]);
	await bob.caller.mutation(api.account.remove, { email: await emailOf(t, bob) });
	await settle(t);
	expect(await ada.caller.query(api.connectionRecords.list, {})).toMatchObject([{ state: 'connected' }]);
	expect(await ada.caller.query(api.members.list, {})).toMatchObject([{ name: 'Ada' }]);
});

test('another address, and a sign-in of more than an hour ago, are refused', async () => {
	const t = deployEmpty();
	const ada = await signIn(t, { workspaceId: await makeWorkspace(t), role: 'owner' });
	const email = await emailOf(t, ada);
	const wrong = await refusalOf(ada.caller.mutation(api.account.remove, { email: 'bob@example.com' }));
	expect(wrong).toMatchObject({ message: expect.stringMatching(/not the address/) });
	vi.advanceTimersByTime(60 * 60_000 + 1);
	const stale = await refusalOf(ada.caller.mutation(api.account.remove, { email }));
	expect(stale).toMatchObject({ message: expect.stringMatching(/too long ago/) });
	// A fresh sign-in may.
	const sessionId = await t.run(async (ctx) => {
		const times = { createdAt: Date.now(), updatedAt: Date.now() };
		return await ctx.db.insert('sessions', { userId: ada.userId, token: 'x', expiresAt: Date.now() + 1_000, ...times });
	});
	await as(t, { userId: ada.userId, sessionId }).mutation(api.account.remove, { email });
	expect(await t.run(async (ctx) => ctx.db.query('users').first())).toBeNull();
});
