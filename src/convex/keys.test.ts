// @vitest-environment node
/** The key ring while the product lives with it: missing, wrong, put back, rotated, rotated half-way. */
import type { FunctionArgs, FunctionReturnType } from 'convex/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { api, internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { connectSample, deploy, heldChunks, lastRun, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { freshKey, generateKey, readKeyRing, seal, unseal } from './lib/crypto.ts';
import { appKey } from './lib/keyRing.ts';
import schema from './schema.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

function setRing(text: string | undefined): void {
	vi.stubEnv('PLUMBLINE_SECRET_KEYS', text);
}
const ring = () => process.env.PLUMBLINE_SECRET_KEYS ?? '';

async function sync(t: Deployment, connectionId: Id<'connections'>) {
	await t.mutation(api.syncRuns.syncNow, { connectionId });
	await settle(t);
	return await lastRun(t, connectionId);
}

async function sealedRows(t: Deployment) {
	return await t.run(async (ctx) => ctx.db.query('credentials').take(1_000));
}

async function reseal(t: Deployment, expected: string) {
	const total = { resealed: 0, busy: 0, unreadable: [] as { name: string; keyId: string }[] };
	for (const table of ['credentials', 'oauthApps'] as const) {
		let cursor: string | null = null;
		do {
			const args: FunctionArgs<typeof internal.keys.reseal> = { table, expected, cursor };
			const answer: FunctionReturnType<typeof internal.keys.reseal> = await t.action(internal.keys.reseal, args);
			if (answer === 'not yet') throw new Error('The key is not in force.');
			total.resealed += answer.resealed;
			total.busy += answer.busy;
			total.unreadable.push(...answer.unreadable);
			cursor = answer.cursor;
		} while (cursor !== null);
	}
	return total;
}

describe('a key that is', () => {
	const wrongs: [string, (right: string) => string | undefined][] = [
		['missing', () => undefined],
		['empty', () => ' '],
		['malformed', (right) => right.slice(0, -3)],
		['another one', () => freshKey()],
		['another one under the same name', (right) => generateKey(right.split(':')[0] ?? '')]
	];

	test.each(wrongs)('%s stops the sync with words and deletes nothing; put back, it heals', async (_what, wrong) => {
		const t = await deploy();
		const { connectionId, dashboardId } = await connectSample(t);
		await settle(t);
		const right = ring();
		const [rows, chunks] = [await sealedRows(t), await heldChunks(t)];

		setRing(wrong(right));
		const failed = await sync(t, connectionId);
		expect(failed).toMatchObject({ state: 'failed', errorKind: 'config' });
		expect(failed.sentence).toMatch(/PLUMBLINE_SECRET_KEYS/);
		const shown = await t.query(api.connectionRecords.get, { connectionId });
		expect(shown).toMatchObject({ state: 'failing', sentence: failed.sentence });
		expect(shown?.nextSyncAt).not.toBe(null);
		// The rest of the product goes on.
		expect(await t.query(api.dashboards.get, { dashboardId })).not.toBe(null);
		expect([await sealedRows(t), await heldChunks(t)]).toEqual([rows, chunks]);

		setRing(right);
		await vi.advanceTimersByTimeAsync(6 * 60_000);
		await t.mutation(internal.schedule.startDue, {});
		await settle(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ kind: 'scheduled', state: 'succeeded' });
		expect(await t.query(api.connectionRecords.get, { connectionId })).toMatchObject({ state: 'connected' });
	});

	test('wrong is told in the audit log, once a day, without the key', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		const right = ring();
		setRing(freshKey());
		const events = () =>
			t.run(async (ctx) =>
				(await ctx.db.query('auditEvents').take(100)).filter(({ action }) => action === 'secrets.unreadable')
			);
		for (let attempt = 0; attempt < 3; attempt += 1) await sync(t, connectionId);
		expect(await events()).toMatchObject([{ target: { id: connectionId }, detail: { key: right.split(':')[0] } }]);
		expect(JSON.stringify(await events())).not.toContain(right.split(':')[1]);
		await vi.advanceTimersByTimeAsync(25 * 3_600_000);
		await sync(t, connectionId);
		expect(await events()).toHaveLength(2);
	});
});

describe('a rotation', () => {
	/** Many connections, made by copying one: a page of rows is 50. */
	async function withConnections(count: number) {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		const keys = readKeyRing(ring());
		await t.run(async (ctx) => {
			const row = await ctx.db.get('connections', connectionId);
			if (!row) throw new Error('It is there.');
			const { _id, _creationTime, ...fields } = row;
			for (let n = 1; n < count; n += 1) {
				const id = await ctx.db.insert('connections', { ...fields, name: `Number ${n}`, accountId: `account ${n}` });
				const { workspaceId } = fields;
				await ctx.db.insert('credentials', { workspaceId, connectionId: id, ...seal(keys, id, JSON.stringify({ n })) });
			}
		});
		return { t, connectionId };
	}

	async function opened(t: Deployment): Promise<string[]> {
		return (await sealedRows(t)).map((row) => unseal(readKeyRing(ring()), row.connectionId, row));
	}

	test('seals every row anew, page by page; both keys read meanwhile, and the new one alone afterwards', async () => {
		const { t, connectionId } = await withConnections(120);
		const before = await opened(t);
		const [old, fresh] = [ring(), freshKey()];
		const id = fresh.split(':')[0] ?? '';
		setRing(`${fresh},${old}`);
		const first = await t.action(internal.keys.reseal, { table: 'credentials', expected: id, cursor: null });
		expect(first).toMatchObject({ resealed: 50, cursor: expect.any(String) });
		// Half-way.
		expect(await opened(t)).toEqual(before);
		expect((await sync(t, connectionId)).state).toBe('succeeded');
		expect(await reseal(t, id)).toEqual({ resealed: 70, busy: 0, unreadable: [] });
		expect(await reseal(t, id)).toEqual({ resealed: 0, busy: 0, unreadable: [] });
		setRing(fresh);
		expect(await opened(t)).toEqual(before);
		expect(new Set((await sealedRows(t)).map((row) => row.keyId))).toEqual(new Set([id]));
		expect((await sync(t, connectionId)).state).toBe('succeeded');
	});

	test('names what it cannot open, leaves it as it is, and goes on with the rest', async () => {
		const { t } = await withConnections(3);
		const lost = await t.run(async (ctx) => {
			const [, second] = await ctx.db.query('credentials').take(3);
			if (!second) throw new Error('There are three.');
			const text = seal(readKeyRing(generateKey('lost')), second.connectionId, 'x');
			await ctx.db.patch('credentials', second._id, text);
			return { ...second, ...text };
		});
		const fresh = freshKey();
		setRing(`${fresh},${ring()}`);
		const answer = await reseal(t, fresh.split(':')[0] ?? '');
		expect(answer).toEqual({ resealed: 2, busy: 0, unreadable: [{ name: 'Number 1', keyId: 'lost' }] });
		expect((await sealedRows(t)).find((row) => row._id === lost._id)).toEqual(lost);
	});

	test('does nothing before the new key is in force', async () => {
		const { t } = await withConnections(1);
		const before = await sealedRows(t);
		expect(await t.action(internal.keys.reseal, { table: 'credentials', expected: 'another', cursor: null })).toBe(
			'not yet'
		);
		expect(await sealedRows(t)).toEqual(before);
	});

	test('never overwrites credentials that were changed after it read them', async () => {
		const { t, connectionId } = await withConnections(1);
		const [row] = await sealedRows(t);
		if (!row) throw new Error('There is one.');
		const newer = seal(readKeyRing(ring()), connectionId, 'newer');
		await t.run(async (ctx) => ctx.db.patch('credentials', row._id, newer));
		const after = seal(readKeyRing(ring()), connectionId, 'resealed');
		const changes = [{ id: row._id, before: row.sealed, after }];
		expect(await t.mutation(internal.sealedRows.replace, { changes })).toBe(0);
		expect(await opened(t)).toEqual(['newer']);
	});

	test('shuts out an action that began before it: nothing is sealed with the old key any more', async () => {
		const { t, connectionId } = await withConnections(1);
		const before = await sealedRows(t);
		const early = seal(readKeyRing(ring()), connectionId, 'early');
		const fresh = freshKey();
		setRing(`${fresh},${ring()}`);
		const renewed = { accountId: 'a', accountName: 'A', accountDetails: {}, timeZone: 'UTC', credentials: early };
		const held = { publicCredentials: {}, storedSecrets: [] };
		const row = await t.run(async (ctx) => ctx.db.get('connections', connectionId));
		if (!row) throw new Error('It is there.');
		const { workspaceId } = row;
		const seen = await t.query(api.viewer.current, {});
		if (!seen) throw new Error('Nobody is signed in.');
		const viewer = { userId: seen.user.id, sessionId: seen.sessionId, workspaceId, role: 'owner' as const };
		const scope = { workspaceId, viewer };
		const change = { scope, connectionId, renewed: { ...renewed, ...held } };
		await expect(t.mutation(internal.connectionStore.change, change)).rejects.toThrow('changed a moment ago');
		expect(await sealedRows(t)).toEqual(before);
	});

	test('seals OAuth clients anew, and leaves tokens alone while they are being renewed', async () => {
		const { t, connectionId } = await withConnections(1);
		const old = readKeyRing(ring());
		const workspaceId = await t.run(async (ctx) => {
			const [credentials] = await ctx.db.query('credentials').take(1);
			if (!credentials) throw new Error('There is one.');
			const { workspaceId } = credentials;
			const secret = seal(old, appKey(workspaceId, 'google'), 'client secret');
			await ctx.db.insert('oauthApps', { workspaceId, provider: 'google', clientId: 'id', secret });
			const renewal = { fence: 1, leaseUntil: Date.now() + 45_000, doubtful: false, refused: null };
			await ctx.db.patch('credentials', credentials._id, { renewal });
			return workspaceId;
		});
		const fresh = freshKey();
		const id = fresh.split(':')[0] ?? '';
		setRing(`${fresh},${ring()}`);
		expect(await reseal(t, id)).toEqual({ resealed: 1, busy: 1, unreadable: [] });
		const [app] = await t.run(async (ctx) => ctx.db.query('oauthApps').take(1));
		if (!app) throw new Error('There is one.');
		expect(unseal(readKeyRing(fresh), appKey(workspaceId, 'google'), app.secret)).toBe('client secret');
		// The one who renewed is long gone.
		await vi.advanceTimersByTimeAsync(12 * 60_000);
		expect(await reseal(t, id)).toEqual({ resealed: 1, busy: 0, unreadable: [] });
		const [row] = await sealedRows(t);
		if (!row) throw new Error('There is one.');
		expect(unseal(readKeyRing(fresh), connectionId, row)).toBeTruthy();
	});

	test('tells every workspace', async () => {
		const { t } = await withConnections(1);
		await t.run(async (ctx) => {
			for (let n = 0; n < 150; n += 1) await ctx.db.insert('workspaces', { name: `Workspace ${n}` });
		});
		let cursor: string | null = null;
		do cursor = await t.mutation(internal.sealedRows.noteRotated, { from: 'old', to: 'new', cursor });
		while (cursor !== null);
		const events = await t.run(async (ctx) => ctx.db.query('auditEvents').take(1_000));
		const told = events.filter(({ action }) => action === 'secrets.rotated');
		expect(new Set(told.map(({ workspaceId }) => workspaceId)).size).toBe(151);
		expect(told[0]).toMatchObject({ actor: { kind: 'operator' }, detail: { from: 'old', to: 'new' } });
	});

	test('knows of every table that holds something sealed', () => {
		const holding = Object.entries(schema.tables).flatMap(([name, table]) =>
			JSON.stringify(table.validator).includes('"keyId"') ? [name] : []
		);
		// The last two are short-lived: see sealedRows.ts.
		expect(holding.toSorted()).toEqual(['credentials', 'oauthApps', 'oauthGrants', 'oauthStates']);
	});
});
