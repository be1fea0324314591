// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest';
import { addDays } from '../lib/metrics/days.ts';
import { decodeValues } from '../lib/metrics/pack.ts';
import { api, internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { connectSample, deploy, heldChunks, lastRun, NOON, pages, script, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import type { MetricsPage } from './lib/contract.ts';
import { IntegrationError } from './lib/errors.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

const TODAY = '2026-11-23';

async function summary(t: Deployment, connectionId: Id<'connections'>) {
	const detail = await t.query(api.connectionRecords.get, { connectionId });
	if (!detail) throw new Error('The connection is gone.');
	return detail;
}

async function connected(t: Deployment) {
	const made = await connectSample(t);
	await settle(t);
	return made;
}

async function syncNow(t: Deployment, connectionId: Id<'connections'>) {
	const started = await t.mutation(api.syncRuns.syncNow, { connectionId });
	await settle(t);
	return { ...started, run: await lastRun(t, connectionId) };
}

describe('a connection of sample data', () => {
	test('brings its whole history from today backwards, and a second sync changes nothing', async () => {
		const t = await deploy();
		const order: string[] = [];
		script((request) => void order.push(request.endDate));
		const { connectionId, dashboardId } = await connectSample(t);
		expect(await t.query(api.connectionRecords.list, {})).toMatchObject([
			{ state: 'syncing', sample: true, dashboardId }
		]);
		await settle(t);

		const first = await lastRun(t, connectionId);
		expect(first).toMatchObject({ kind: 'initial', state: 'succeeded', updated: 0, sentence: null });
		expect(first.slicesDone).toBe(first.slicesTotal);
		expect(order).toEqual(order.toSorted().toReversed());
		expect(order[0]).toBe(TODAY);
		const chunks = await heldChunks(t);
		expect(chunks.length).toBeGreaterThan(100);
		expect(await summary(t, connectionId)).toMatchObject({ state: 'connected', progress: null });

		const { run } = await syncNow(t, connectionId);
		expect(run).toMatchObject({ kind: 'manual', state: 'succeeded', inserted: 0, updated: 0 });
		expect(run.unchanged).toBeGreaterThan(0);
		expect(await heldChunks(t)).toEqual(chunks);
	});

	test('fills the dashboard with packed series whose days say what they are', async () => {
		const t = await deploy();
		const { dashboardId } = await connected(t);
		const range = { from: addDays(TODAY, -29), to: TODAY };
		const series = await t.query(api.dashboards.series, { dashboardId, ...range });
		const revenue = series?.find((one) => one.metricId === 'sample.revenue');
		if (!revenue) throw new Error('There is no revenue.');
		expect(decodeValues(revenue.values)).toHaveLength(30);
		expect(revenue.states).toMatch(/^c+v+p$/);
		expect(revenue).toMatchObject({ unit: 'money', from: range.from });
		const board = await t.query(api.dashboards.get, { dashboardId });
		expect(board?.sample).toBe(true);
		expect(board?.tiles.map((tile) => tile.size).join()).toMatch(/^(number,){4}wide(,chart)+$/);
	});

	test('is synced again when it is due, and days without a sync leave no hole', async () => {
		const t = await deploy();
		const { connectionId, dashboardId } = await connected(t);
		await t.mutation(internal.schedule.startDue, {});
		expect((await lastRun(t, connectionId)).kind).toBe('initial');

		vi.setSystemTime(NOON + 20 * 86_400_000);
		await t.mutation(internal.schedule.startDue, {});
		await t.mutation(internal.schedule.startDue, {});
		await settle(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ kind: 'scheduled', state: 'succeeded' });
		const later = { from: addDays(TODAY, -3), to: addDays(TODAY, 20) };
		const series = await t.query(api.dashboards.series, { dashboardId, ...later });
		expect(series?.find((one) => one.metricId === 'sample.revenue')?.states).toMatch(/^c+v+p$/);
	});
});

describe('a run', () => {
	test('is one, however often Sync now is pressed', async () => {
		const t = await deploy();
		const { connectionId } = await connected(t);
		const answers = await Promise.all(
			Array.from({ length: 10 }, () => t.mutation(api.syncRuns.syncNow, { connectionId }))
		);
		expect(new Set(answers.map((one) => one.runId)).size).toBe(1);
		expect(answers.filter((one) => !one.alreadyRunning)).toHaveLength(1);
		await settle(t);
		const { page } = await t.query(api.syncRuns.list, { connectionId, paginationOpts: { numItems: 50, cursor: null } });
		expect(page.map((run) => run.kind)).toEqual(['manual', 'initial']);
	});

	test('can be cancelled; what it fetched stays, and the next one goes on', async () => {
		const t = await deploy();
		let cancelled: Promise<null> | undefined;
		script((_request, call) => {
			if (call !== 4) return undefined;
			return (async function* (): AsyncGenerator<MetricsPage> {
				const [run] = await t.run(async (ctx) => ctx.db.query('syncRuns').take(1));
				cancelled ??= t.mutation(api.syncRuns.cancel, { runId: run?._id ?? '' });
				await cancelled;
				yield { points: [], checkpoint: 'never committed', progress: 0.5 };
				throw new Error('The fetch went on after it was cancelled.');
			})();
		});
		const { connectionId } = await connectSample(t);
		await settle(t);
		const run = await lastRun(t, connectionId);
		expect(run).toMatchObject({ state: 'cancelled', slicesDone: 3 });
		expect(run.inserted).toBeGreaterThan(0);
		expect(await summary(t, connectionId)).toMatchObject({ state: 'connected', progress: null });
		const { run: next } = await syncNow(t, connectionId);
		expect(next.state).toBe('succeeded');

		const other = await deploy();
		await connected(other);
		const [resumed, whole] = [await heldChunks(t), await heldChunks(other)];
		expect(resumed.map((one) => one.states)).toEqual(whole.map((one) => one.states));
	});

	test.each(['permission', 'not_found', 'bad_response'] as const)(
		'whose service answers one group with %s is partial; the metrics say why, and the others are there',
		async (kind) => {
			const t = await deploy();
			const sentence = 'Give the key the right to read visits.';
			const asked: string[] = [];
			script((request) => {
				asked.push(...request.metricIds);
				return request.metricIds.includes('sample.visits')
					? pages([], new IntegrationError(kind, sentence))
					: undefined;
			});
			const { connectionId } = await connected(t);
			expect(await lastRun(t, connectionId)).toMatchObject({ state: 'partial', errorKind: kind });
			expect(asked.filter((id) => id === 'sample.visits')).toHaveLength(1);
			const detail = await summary(t, connectionId);
			expect(detail).toMatchObject({ state: 'degraded', lastSuccessAt: expect.any(Number) });
			expect(detail.sentence).toContain(sentence);
			expect(detail.metrics.find((one) => one.metricId === 'sample.visits')).toMatchObject({
				seriesCount: 0,
				problem: sentence
			});
			expect(detail.metrics.find((one) => one.metricId === 'sample.revenue')).toMatchObject({ problem: null });

			vi.restoreAllMocks();
			await syncNow(t, connectionId);
			await syncNow(t, connectionId);
			const healed = await summary(t, connectionId);
			expect(healed.state).toBe('connected');
			expect(healed.metrics.find((one) => one.metricId === 'sample.visits')?.firstDay).toBe(addDays(TODAY, -399));
		}
	);

	test('whose service names metrics as missing is partial', async () => {
		const t = await deploy();
		const missing = [{ metricId: 'sample.errors', kind: 'not_found', message: 'No such counter.' }] as const;
		script((request) =>
			request.metricIds.includes('sample.errors')
				? pages([{ points: [], checkpoint: 1, progress: 1, missing }])
				: undefined
		);
		const { connectionId } = await connected(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'partial', missing });
	});

	test('that is refused for its credentials ends at once and does not come back by itself', async () => {
		const t = await deploy();
		const { connectionId } = await connected(t);
		const before = await heldChunks(t);
		script(() => pages([], new IntegrationError('auth', 'The key was revoked. Enter a new one.')));
		const { run } = await syncNow(t, connectionId);
		expect(run).toMatchObject({ state: 'failed', errorKind: 'auth', slicesDone: 0 });
		expect(await summary(t, connectionId)).toMatchObject({
			state: 'needs_reauth',
			sentence: 'The key was revoked. Enter a new one.',
			nextSyncAt: null
		});
		expect(await heldChunks(t)).toEqual(before);

		vi.restoreAllMocks();
		expect(await t.action(api.connections.updateConnection, { connectionId, credentials: {} })).toEqual({
			success: true
		});
		await settle(t);
		expect(await summary(t, connectionId)).toMatchObject({ state: 'connected', lastSuccessAt: expect.any(Number) });
	});

	test.each(['unreachable', 'timeout'] as const)(
		'that a person started tells at once of %s, and is tried again by itself',
		async (kind) => {
			const t = await deploy();
			const { connectionId } = await connected(t);
			script(() => pages([], new IntegrationError(kind, 'Nobody answers. Is the server on?')));
			const { run } = await syncNow(t, connectionId);
			expect(run).toMatchObject({ state: 'failed', errorKind: kind });
			const failing = await summary(t, connectionId);
			expect(failing).toMatchObject({ state: 'failing', sentence: 'Nobody answers. Is the server on?' });
			expect(failing.nextSyncAt).toBeLessThan(Date.now() + 10 * 60_000);
			expect(failing.metrics.every((one) => one.problem === null)).toBe(true);

			vi.restoreAllMocks();
			vi.setSystemTime((failing.nextSyncAt ?? 0) + 1);
			await t.mutation(internal.schedule.startDue, {});
			await settle(t);
			expect(await summary(t, connectionId)).toMatchObject({ state: 'connected', retryAt: null });
		}
	);

	test('that the schedule started tries an unreachable service three times', async () => {
		const t = await deploy();
		const fetches = script(() => pages([], new IntegrationError('unreachable', 'Nobody answers.')));
		const { connectionId } = await connectSample(t);
		await settle(t, 10_000);
		expect(fetches).toHaveBeenCalledTimes(3);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'failed', errorKind: 'unreachable' });
	});

	test('waits as long as the service says, and then goes on from its checkpoint', async () => {
		const t = await deploy();
		const retryAt = NOON + 120_000;
		const resumedAt: number[] = [];
		script((request, call) => {
			if (call === 1) {
				const limit = new IntegrationError('rate_limited', 'Too many requests.', { retryAt });
				return pages([{ points: [], checkpoint: 'half', progress: 0.5 }], limit);
			}
			if (request.checkpoint === 'half') {
				resumedAt.push(Date.now());
				return pages([{ points: [], checkpoint: 'done', progress: 1 }]);
			}
			return undefined;
		});
		const { connectionId } = await connectSample(t);
		// Lets the first slice run; what waits two minutes does not fire.
		for (let step = 0; step < 20; step += 1) {
			vi.advanceTimersByTime(1);
			await t.finishInProgressScheduledFunctions();
		}
		const waiting = await summary(t, connectionId);
		expect(waiting).toMatchObject({ state: 'waiting', sentence: 'Too many requests.', retryAt });
		await settle(t, 10_000);
		expect(resumedAt).toHaveLength(1);
		expect(resumedAt[0]).toBeGreaterThanOrEqual(retryAt);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'succeeded' });
	});

	test('that is told to come back tomorrow ends, and the connection waits', async () => {
		const t = await deploy();
		const retryAt = NOON + 86_400_000;
		script(() => pages([], new IntegrationError('rate_limited', 'Tomorrow.', { retryAt })));
		const { connectionId } = await connected(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'failed', errorKind: 'rate_limited' });
		expect(await summary(t, connectionId)).toMatchObject({ state: 'waiting', retryAt, nextSyncAt: retryAt });
	});

	test('that brings nothing where there was something is not green', async () => {
		const t = await deploy();
		const { connectionId } = await connected(t);
		script(() => pages([{ points: [], checkpoint: null, progress: 1 }]));
		expect((await syncNow(t, connectionId)).run.state).toBe('partial');
		expect((await summary(t, connectionId)).state).toBe('degraded');
	});
});
