// @vitest-environment node
/** `npm run rotate-keys` against the real functions, cut off at every one of its steps. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { rotateKeys } from '../../scripts/product/keyRotation.ts';
import type { KeyHolder } from '../../scripts/product/keyRotation.ts';
import { internal } from './_generated/api.js';
import { connectSample, deploy, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { freshKey, generateKey, readKeyRing, seal, unseal } from './lib/crypto.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

class Killed extends Error {}

/** The deployment as the command sees it; the n-th thing that it asks is done and never answered, or not done at all. */
function holderOf(t: Deployment, dies: { at: number; before: boolean } | null = null) {
	let asked = 0;
	const step = async <T>(body: () => Promise<T>): Promise<T> => {
		asked += 1;
		if (asked === dies?.at && dies.before) throw new Killed();
		const answer = await body();
		if (asked === dies?.at) throw new Killed();
		return answer;
	};
	const holder: KeyHolder = {
		ring: () => step(async () => process.env.PLUMBLINE_SECRET_KEYS),
		setRing: (text) => step(async () => void vi.stubEnv('PLUMBLINE_SECRET_KEYS', text)),
		reseal: (table, expected, cursor) =>
			step(async () => await t.action(internal.keys.reseal, { table, expected, cursor })),
		tell: (from, to, cursor) => step(() => t.mutation(internal.sealedRows.noteRotated, { from, to, cursor })),
		pause: async (milliseconds) => void (await vi.advanceTimersByTimeAsync(milliseconds))
	};
	return { holder, asked: () => asked };
}

const keys = () => readKeyRing(process.env.PLUMBLINE_SECRET_KEYS);

async function connections(count: number) {
	const t = await deploy();
	const { connectionId } = await connectSample(t);
	await settle(t);
	await t.run(async (ctx) => {
		const row = await ctx.db.get('connections', connectionId);
		if (!row) throw new Error('It is there.');
		const { _id, _creationTime, ...fields } = row;
		for (let n = 1; n < count; n += 1) {
			const id = await ctx.db.insert('connections', { ...fields, name: `Number ${n}`, accountId: `account ${n}` });
			const { workspaceId } = fields;
			await ctx.db.insert('credentials', { workspaceId, connectionId: id, ...seal(keys(), id, `secret ${n}`) });
		}
	});
	return t;
}

const rowsOf = (t: Deployment) => t.run(async (ctx) => ctx.db.query('credentials').take(1_000));
const opened = async (t: Deployment) => (await rowsOf(t)).map((row) => unseal(keys(), row.connectionId, row));

describe('a rotation', () => {
	test('leaves one fresh key, with which everything opens', async () => {
		const t = await connections(60);
		const before = await opened(t);
		const old = [...keys().keys()];
		const done = await rotateKeys(holderOf(t).holder, freshKey);
		expect(done).toMatchObject({ resumed: false, removed: old, resealed: 60, unreadable: [] });
		expect([...keys().keys()]).toEqual([done.sealing]);
		expect(old).not.toContain(done.sealing);
		expect(await opened(t)).toEqual(before);
	});

	test('that is cut off at any step is finished by the next one; everything opens all the time', async () => {
		const t = await connections(60);
		const before = await opened(t);
		const steps = holderOf(t);
		await rotateKeys(steps.holder, freshKey);
		expect(steps.asked()).toBeGreaterThan(6);
		for (let at = 1; at <= steps.asked(); at += 1) {
			for (const dies of [
				{ at, before: true },
				{ at, before: false }
			]) {
				const old = [...keys().keys()];
				await expect(rotateKeys(holderOf(t, dies).holder, freshKey)).rejects.toThrow(Killed);
				expect(await opened(t)).toEqual(before);
				const again = await rotateKeys(holderOf(t).holder, freshKey);
				expect(await opened(t)).toEqual(before);
				expect([...keys().keys()]).toEqual([again.sealing]);
				expect(old).not.toContain(again.sealing);
			}
		}
	});

	test('keeps an old key that something still needs, and says what', async () => {
		const t = await connections(3);
		const [old] = [...keys().keys()];
		if (!old) throw new Error('There is a key.');
		await t.run(async (ctx) => {
			const [, second] = await ctx.db.query('credentials').take(2);
			if (second) await ctx.db.patch('credentials', second._id, { sealed: 'AAAA' });
		});
		const done = await rotateKeys(holderOf(t).holder, freshKey);
		expect(done).toMatchObject({ removed: [], resealed: 2, unreadable: [{ name: 'Number 1', keyId: old }] });
		expect([...keys().keys()]).toEqual([done.sealing, old]);
	});

	test('waits for tokens that are being renewed, and for the key to be in force', async () => {
		const t = await connections(2);
		await t.run(async (ctx) => {
			const [first] = await ctx.db.query('credentials').take(1);
			const renewal = { fence: 1, leaseUntil: Date.now() + 45_000, doubtful: false, refused: null };
			if (first) await ctx.db.patch('credentials', first._id, { renewal });
		});
		const { holder } = holderOf(t);
		let late: string | null = null;
		const slow: KeyHolder = {
			...holder,
			// A deployment on which variables take a moment.
			setRing: async (text) => {
				late ??= text;
				if (late !== text) await holder.setRing(text);
			},
			pause: async (milliseconds) => {
				if (late !== null) vi.stubEnv('PLUMBLINE_SECRET_KEYS', late);
				await holder.pause(milliseconds);
			}
		};
		expect(await rotateKeys(slow, freshKey)).toMatchObject({ resealed: 2, unreadable: [] });
	});

	test('is refused where there is no ring that can be read, which it leaves as it is', async () => {
		const t = await deploy();
		for (const wrong of [undefined, '', 'k1:short', `${generateKey('a')},`]) {
			vi.stubEnv('PLUMBLINE_SECRET_KEYS', wrong);
			await expect(rotateKeys(holderOf(t).holder, freshKey)).rejects.toThrow(/key/i);
			expect(process.env.PLUMBLINE_SECRET_KEYS).toBe(wrong);
		}
	});
});
