// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest';
import { api, internal } from './_generated/api.js';
import { connectSample, deploy, heldChunks, lastRun, NOON, script, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import type { MetricsPage } from './lib/contract.ts';
import { LEASE_MS } from './slices.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

const TODAY = '2026-11-23';

describe('an action that dies', () => {
	/** Hands the first slice to a test that plays a dying action; nothing else is started. */
	async function claimed(t: Deployment) {
		const { connectionId } = await connectSample(t);
		const slice = await t.run(async (ctx) =>
			ctx.db
				.query('slices')
				.withIndex('by_leaseUntil', (q) => q.gte('leaseUntil', 0))
				.first()
		);
		if (!slice) throw new Error('No slice was handed out.');
		const holder = { sliceId: slice._id, fence: slice.fence };
		const work = await t.mutation(internal.slices.claim, holder);
		if (!work) throw new Error('The slice could not be claimed.');
		return { connectionId, holder, work };
	}
	const page = { readAt: NOON, checkpoint: '"late"', progress: 1, apiCalls: 0, missing: [] };

	test('is told in which dimensions its metrics have series already, once there are any', async () => {
		const t = await deploy();
		const { connectionId, work } = await claimed(t);
		expect(Object.values(work.knownDimensions).flat()).toEqual([]);
		vi.setSystemTime(Date.now() + LEASE_MS + 1);
		await t.mutation(internal.schedule.watchdog, {});
		await settle(t);
		await t.mutation(api.syncRuns.syncNow, { connectionId });
		const slice = await t.run(async (ctx) =>
			ctx.db
				.query('slices')
				.withIndex('by_leaseUntil', (q) => q.gte('leaseUntil', 0))
				.first()
		);
		if (!slice) throw new Error('No slice was handed out.');
		const again = await t.mutation(internal.slices.claim, { sliceId: slice._id, fence: slice.fence });
		const held = await t.run(async (ctx) => ctx.db.query('series').take(100));
		expect(again?.metricIds.length).toBeGreaterThan(0);
		for (const metricId of again?.metricIds ?? []) {
			expect(again?.knownDimensions[metricId]).toEqual(
				held.filter((series) => series.metricId === metricId).map((series) => series.dimension)
			);
		}
		expect(Object.values(again?.knownDimensions ?? {}).flat()).not.toEqual([]);
	});

	test('after it claimed its slice loses nothing: the watchdog hands the slice out again', async () => {
		const t = await deploy();
		const { connectionId, holder, work } = await claimed(t);
		await settle(t);
		expect((await lastRun(t, connectionId)).state).toBe('running');
		await t.mutation(internal.schedule.watchdog, {});
		expect(await t.mutation(internal.slices.renew, { ...holder, apiCalls: 0 })).toBe(true);

		vi.setSystemTime(Date.now() + LEASE_MS + 1);
		await t.mutation(internal.schedule.watchdog, {});
		// The dead action turns out to be alive: everything it says is refused.
		const late = {
			metricId: work.metricIds[0] ?? '',
			dimension: '',
			day: TODAY,
			value: 123_456_789,
			state: 'partial' as const
		};
		expect(await t.mutation(internal.slices.commitPage, { ...holder, ...page, points: [late] })).toBe(false);
		expect(await t.mutation(internal.slices.renew, { ...holder, apiCalls: 0 })).toBe(false);
		expect(await t.mutation(internal.slices.claim, holder)).toBe(null);
		await t.mutation(internal.slices.finish, { ...holder, apiCalls: 0 });
		await t.mutation(internal.slices.fail, { ...holder, apiCalls: 0, kind: 'auth', message: 'late', retryAt: null });

		await settle(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'succeeded', updated: 0 });
		expect((await heldChunks(t)).flatMap((one) => one.values)).not.toContain(late.value);
	});

	test('between its request and its commit repeats the page, and the point is there once', async () => {
		const t = await deploy();
		const { connectionId } = await claimed(t);
		let killed = false;
		script(() => {
			if (killed) return undefined;
			killed = true;
			return (async function* (): AsyncGenerator<MetricsPage> {
				// The process is gone: this generator never answers.
				await new Promise<never>(() => {});
				yield { points: [], checkpoint: null, progress: 1 };
			})();
		});
		vi.setSystemTime(Date.now() + LEASE_MS + 1);
		await t.mutation(internal.schedule.watchdog, {});
		vi.advanceTimersByTime(1);
		await vi.waitFor(() => expect(killed).toBe(true), { interval: 1 });
		// No heartbeat fires while nobody moves the timers: time passes for the lease alone.
		vi.setSystemTime(Date.now() + LEASE_MS + 1);
		await t.mutation(internal.schedule.watchdog, {});
		for (let turn = 0; turn < 500 && (await lastRun(t, connectionId)).endedAt === null; turn += 1) {
			vi.advanceTimersByTime(1);
			await new Promise((resolve) => setImmediate(resolve));
		}
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'succeeded', updated: 0 });

		const other = await deploy();
		await connectSample(other);
		await settle(other);
		const [recovered, whole] = [await heldChunks(t), await heldChunks(other)];
		expect(recovered.map((one) => [one.series, one.month])).toEqual(whole.map((one) => [one.series, one.month]));
	});

	test('again and again ends the run with a sentence', async () => {
		const t = await deploy();
		const { connectionId } = await claimed(t);
		for (let death = 0; death < 5; death += 1) {
			vi.setSystemTime(Date.now() + LEASE_MS + 1);
			await t.mutation(internal.schedule.watchdog, {});
		}
		const run = await lastRun(t, connectionId);
		expect(run).toMatchObject({ state: 'failed', errorKind: 'timeout' });
		expect(await t.query(api.connectionRecords.get, { connectionId })).toMatchObject({ state: 'failing' });
		await settle(t);
	});
});
