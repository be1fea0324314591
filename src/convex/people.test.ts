// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest';
import { rightsOf, ROLES } from '../lib/config/permissions.ts';
import { api, internal } from './_generated/api.js';
import { as, connectSample, deployEmpty, makeWorkspace, signIn } from './harness.testing.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

async function team() {
	const t = deployEmpty();
	const workspaceId = await makeWorkspace(t, 'Team');
	const owner = await signIn(t, { workspaceId, role: 'owner' }, 'Ada');
	const editor = await signIn(t, { workspaceId, role: 'editor' }, 'Eve');
	return { t, workspaceId, owner, editor };
}

describe('the viewer', () => {
	test.each(ROLES)('knows name, workspace, role and rights as %s', async (role) => {
		const { t, workspaceId } = await team();
		const { caller, userId, sessionId } = await signIn(t, { workspaceId, role }, 'Zoe');
		expect(await caller.query(api.viewer.current, {})).toEqual({
			user: {
				id: userId,
				name: 'Zoe',
				email: 'zoe2@example.com',
				emailVerified: true,
				image: null,
				twoFactor: false
			},
			sessionId,
			workspace: { id: workspaceId, name: 'Team' },
			role,
			rights: rightsOf(role),
			workspaces: [{ id: workspaceId, name: 'Team', role }]
		});
	});

	test('is where the session is, and falls back to the first membership when that is lost', async () => {
		const { t, workspaceId, editor } = await team();
		const second = await makeWorkspace(t, 'Second');
		const joined = await t.run(async (ctx) => {
			const member = { workspaceId: second, userId: editor.userId, role: 'viewer', createdAt: 1 };
			const id = await ctx.db.insert('members', member);
			await ctx.db.patch('sessions', editor.sessionId, { activeWorkspaceId: second });
			return id;
		});
		const there = await editor.caller.query(api.viewer.current, {});
		expect(there).toMatchObject({ workspace: { id: second }, role: 'viewer', rights: rightsOf('viewer') });
		expect(there?.workspaces.map((one) => one.name)).toEqual(['Team', 'Second']);
		await t.run(async (ctx) => ctx.db.delete('members', joined));
		expect(await editor.caller.query(api.viewer.current, {})).toMatchObject({
			workspace: { id: workspaceId },
			role: 'editor'
		});
		const deep = await t.run(async (ctx) => ctx.db.query('members').collect());
		for (const row of deep) await t.run(async (ctx) => ctx.db.delete('members', row._id));
		expect(await editor.caller.query(api.viewer.current, {})).toMatchObject({
			workspace: null,
			role: null,
			rights: [],
			workspaces: []
		});
	});

	test('is somebody in one browser and another in the next', async () => {
		const { t, owner } = await team();
		expect(await t.query(api.viewer.current, {})).toBe(null);
		await t.run(async (ctx) => ctx.db.delete('users', owner.userId));
		expect(await owner.caller.query(api.viewer.current, {})).toBe(null);
	});
});

describe('sessions', () => {
	async function twoBrowsers() {
		const { t, owner, editor } = await team();
		const now = Date.now();
		const other = await t.run(async (ctx) =>
			ctx.db.insert('sessions', {
				userId: owner.userId,
				token: 'another token',
				ipAddress: '203.0.113.9',
				userAgent: 'Phone',
				expiresAt: now + 1_000,
				createdAt: now - 1,
				updatedAt: now - 1
			})
		);
		return { t, owner, editor, other };
	}

	test('are listed for their person only, without their tokens, and not when they are over', async () => {
		const { owner, editor, other } = await twoBrowsers();
		const mine = await owner.caller.query(api.sessions.mine, {});
		expect(mine.map(({ id, current, ipAddress, userAgent }) => ({ id, current, ipAddress, userAgent }))).toEqual([
			{ id: owner.sessionId, current: true, ipAddress: null, userAgent: null },
			{ id: other, current: false, ipAddress: '203.0.113.9', userAgent: 'Phone' }
		]);
		expect(JSON.stringify(mine)).not.toContain('token');
		expect((await editor.caller.query(api.sessions.mine, {})).map((one) => one.id)).toEqual([editor.sessionId]);
		vi.advanceTimersByTime(1_000);
		expect((await owner.caller.query(api.sessions.mine, {})).map((one) => one.id)).toEqual([owner.sessionId]);
	});

	test('are ended by their person, at once and written down', async () => {
		const { t, owner, editor, other } = await twoBrowsers();
		const elsewhere = as(t, { userId: owner.userId, sessionId: other });
		expect(await elsewhere.query(api.viewer.current, {})).not.toBe(null);
		await expect(editor.caller.mutation(api.sessions.revoke, { sessionId: other })).rejects.toThrow('does not exist');
		await owner.caller.mutation(api.sessions.revoke, { sessionId: other });
		expect(await elsewhere.query(api.viewer.current, {})).toBe(null);
		await expect(elsewhere.mutation(api.sessions.revokeOthers, {})).rejects.toThrow('signed out');
		const events = await t.run(async (ctx) => ctx.db.query('auditEvents').collect());
		expect(events).toMatchObject([{ action: 'session.revoked', actor: { name: 'Ada' }, target: { name: 'Phone' } }]);
		expect(await owner.caller.mutation(api.sessions.revokeOthers, {})).toBe(0);
	});

	test('are all ended but this one', async () => {
		const { t, owner, editor, other } = await twoBrowsers();
		expect(await owner.caller.mutation(api.sessions.revokeOthers, {})).toBe(1);
		const left = await t.run(async (ctx) => (await ctx.db.query('sessions').collect()).map((row) => row._id));
		expect(left).not.toContain(other);
		expect(left.toSorted()).toEqual([owner.sessionId, editor.sessionId].toSorted());
	});
});

describe('people of a workspace', () => {
	test('are listed in the order in which they came', async () => {
		const { t, workspaceId, owner, editor } = await team();
		await signIn(t, { workspaceId: await makeWorkspace(t, 'Other'), role: 'owner' }, 'Otto');
		const list = await editor.caller.query(api.members.list, {});
		expect(list.map(({ name, role, you }) => [name, role, you])).toEqual([
			['Ada', 'owner', false],
			['Eve', 'editor', true]
		]);
		expect((await owner.caller.query(api.members.list, {}))[0]?.you).toBe(true);
		expect(workspaceId).toBeTruthy();
	});

	test('who are invited are shown to admins, and future owners to owners', async () => {
		const { t, workspaceId, owner, editor } = await team();
		const admin = await signIn(t, { workspaceId, role: 'admin' }, 'Ben');
		const now = Date.now();
		await t.run(async (ctx) => {
			const invitation = { workspaceId, inviterId: owner.userId, createdAt: now, expiresAt: now + 1_000 };
			await ctx.db.insert('invitations', { ...invitation, email: 'a@x.example', role: 'viewer', status: 'pending' });
			await ctx.db.insert('invitations', { ...invitation, email: 'b@x.example', role: 'owner', status: 'pending' });
			await ctx.db.insert('invitations', { ...invitation, email: 'c@x.example', role: 'viewer', status: 'canceled' });
			await ctx.db.insert('invitations', { ...invitation, email: 'd@x.example', role: 'viewer', status: 'accepted' });
		});
		const seenBy = async (person: typeof owner) =>
			(await person.caller.query(api.invitations.list, {})).map(({ email, invitedBy, expired }) => [
				email,
				invitedBy,
				expired
			]);
		expect(await seenBy(owner)).toEqual([
			['b@x.example', 'Ada', false],
			['a@x.example', 'Ada', false]
		]);
		expect(await seenBy(admin)).toEqual([['a@x.example', 'Ada', false]]);
		expect(await seenBy(editor)).toEqual([]);
		vi.advanceTimersByTime(1_000);
		expect(await seenBy(admin)).toEqual([['a@x.example', 'Ada', true]]);
	});

	test('hand the workspace over in one step; what is connected stays alive', async () => {
		const { t, owner, editor } = await team();
		const { connectionId } = await connectSample(owner.caller);
		if (!editor.memberId || !owner.memberId) throw new Error('Not members.');
		await expect(editor.caller.mutation(api.workspaces.transfer, { memberId: editor.memberId })).rejects.toThrow(
			'may not'
		);
		await expect(owner.caller.mutation(api.workspaces.transfer, { memberId: owner.memberId })).rejects.toThrow(
			'already'
		);
		await owner.caller.mutation(api.workspaces.transfer, { memberId: editor.memberId });
		const roles = (await editor.caller.query(api.members.list, {})).map(({ name, role }) => [name, role]);
		expect(roles).toEqual([
			['Ada', 'admin'],
			['Eve', 'owner']
		]);
		const events = await t.run(async (ctx) => ctx.db.query('auditEvents').collect());
		expect(events.at(-1)).toMatchObject({
			action: 'ownership.transferred',
			actor: { name: 'Ada' },
			target: { name: 'Eve' }
		});
		const { memberId } = owner;
		await t.run(async (ctx) => ctx.db.delete('members', memberId));
		const connections = await editor.caller.query(api.connectionRecords.list, {});
		expect(connections.map((one) => one.id)).toEqual([connectionId]);
		await editor.caller.mutation(api.syncRuns.syncNow, { connectionId });
	});
});

describe('a membership that Better Auth changes or ends', () => {
	const of = (memberId: string | null) => {
		return [{ field: 'id', operator: 'eq' as const, value: memberId, alternative: false, ignoreCase: false }];
	};

	test('is left as it was when people would be without an owner', async () => {
		const { t, owner, editor } = await team();
		const where = of(owner.memberId);
		const before = await t.run(async (ctx) => ctx.db.query('members').collect());
		const demoting = { table: 'members', where, set: { role: 'viewer' }, increment: {}, all: false };
		await expect(t.mutation(internal.auth.store.change, demoting)).rejects.toThrow('needs an owner');
		const removing = { table: 'members', where, limit: 1 };
		await expect(t.mutation(internal.auth.store.remove, removing)).rejects.toThrow('needs an owner');
		expect(await t.run(async (ctx) => ctx.db.query('members').collect())).toEqual(before);
		await t.mutation(internal.auth.store.change, { ...demoting, where: of(editor.memberId), set: { role: 'owner' } });
		await t.mutation(internal.auth.store.change, demoting);
		await t.mutation(internal.auth.store.remove, removing);
		expect((await editor.caller.query(api.members.list, {})).map((one) => one.role)).toEqual(['owner']);
		await t.mutation(internal.auth.store.remove, { ...removing, where: of(editor.memberId) });
		expect(await t.run(async (ctx) => ctx.db.query('members').collect())).toEqual([]);
	});

	test('takes the API tokens of who left along, and no others', async () => {
		const { t, workspaceId, owner } = await team();
		const admin = await signIn(t, { workspaceId, role: 'admin' }, 'Ben');
		const key = { name: 'Script', scopes: ['numbers:read' as const], expiresInDays: null };
		await admin.caller.action(api.apiKeys.create, key);
		const kept = await owner.caller.action(api.apiKeys.create, key);
		await t.mutation(internal.auth.store.remove, { table: 'members', where: of(admin.memberId), limit: 1 });
		expect(await t.run(async (ctx) => (await ctx.db.query('apiKeys').collect()).map((row) => row._id))).toEqual([
			kept.id
		]);
	});
});

describe('a workspace from before there were accounts', () => {
	const ADA = { name: 'Ada', email: 'ada@x.example', passwordHash: 'hash', codeHash: null, ip: null, userAgent: null };

	test('is shown to nobody, and becomes the first account’s with all that is in it', async () => {
		const { t, workspaceId } = await team();
		const owner = await signIn(t, { workspaceId, role: 'owner' }, 'Olga');
		const { connectionId, dashboardId } = await connectSample(owner.caller);
		await t.run(async (ctx) => {
			await ctx.db.patch('workspaces', workspaceId, { owner: 'local' });
			for (const table of ['users', 'sessions', 'members'] as const) {
				for (const row of await ctx.db.query(table).collect()) await ctx.db.delete(table, row._id);
			}
		});
		expect(await t.query(api.connectionRecords.list, {})).toEqual([]);
		expect(await t.query(api.dashboards.get, { dashboardId })).toBe(null);
		await expect(t.mutation(api.syncRuns.syncNow, { connectionId })).rejects.toThrow('signed out');

		expect(await t.mutation(internal.auth.setup.claim, ADA)).toBe('made');
		expect(await t.mutation(internal.auth.setup.claim, { ...ADA, email: 'eve@x.example' })).toBe('taken');
		const session = await t.run(async (ctx) => {
			const user = await ctx.db.query('users').first();
			if (!user) throw new Error('There is no account.');
			const times = { createdAt: Date.now(), updatedAt: Date.now(), expiresAt: Date.now() + 1_000 };
			return {
				userId: user._id,
				sessionId: await ctx.db.insert('sessions', { userId: user._id, token: 't', ...times })
			};
		});
		const ada = as(t, session);
		expect(await ada.query(api.viewer.current, {})).toMatchObject({ workspace: { id: workspaceId }, role: 'owner' });
		expect((await ada.query(api.connectionRecords.list, {})).map((one) => one.id)).toEqual([connectionId]);
		await ada.mutation(api.syncRuns.syncNow, { connectionId });
		const workspaces = await t.run(async (ctx) => ctx.db.query('workspaces').collect());
		expect(workspaces.map((row) => row.owner)).toEqual([undefined]);
	});
});
