// @vitest-environment node
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { addDays } from '../lib/metrics/days.ts';
import { decodeValues } from '../lib/metrics/pack.ts';
import type { Point } from '../lib/metrics/types.ts';
import { api, internal } from './_generated/api.js';
import { connectSample, deploy, heldChunks, lastRun, NOON, pages, script, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { acceptPoints } from './lib/points.ts';
import { metricsOf } from './lib/integrationOf.ts';
import { storePoints } from './lib/pointStore.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

const TODAY = '2026-11-23';

/** A fact is a function of its day, so pages may come in any order and repeat one another. */
const point = fc
	.record({
		metricId: fc.constantFrom('sample.signups', 'sample.errors'),
		dimension: fc.constant(''),
		offset: fc.integer({ min: -70, max: 0 })
	})
	.map(({ metricId, dimension, offset }): Point => {
		const day = addDays(TODAY, offset);
		const silent = offset % 5 === 0;
		return { metricId, dimension, day, value: silent ? null : offset * 3, state: silent ? 'no_data' : 'complete' };
	});
const page = fc.array(point, { maxLength: 15 });

async function store(t: Deployment, list: readonly (readonly Point[])[], readAt = NOON) {
	return await t.run(async (ctx) => {
		const run = await ctx.db.query('syncRuns').first();
		if (!run) throw new Error('There is no run.');
		const { workspaceId, connectionId, _id: runId } = run;
		const counts = { inserted: 0, updated: 0, unchanged: 0 };
		for (const points of list) {
			const context = { metrics: metricsOf('sample'), today: TODAY, lastFinalDay: addDays(TODAY, -1) };
			const { series } = acceptPoints(points, context);
			const written = await storePoints(ctx, { workspaceId, connectionId, runId, readAt }, series);
			counts.inserted += written.inserted;
			counts.updated += written.updated;
			counts.unchanged += written.unchanged;
		}
		return counts;
	});
}

/** A deployment with a connection whose run brought nothing. */
async function emptyConnection() {
	const t = await deploy();
	script(() => pages([]));
	await connectSample(t);
	await settle(t);
	return t;
}

describe('pages', () => {
	test('in any order and repeated give the same months, and a repetition changes nothing', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc
					.array(page, { minLength: 1, maxLength: 6 })
					.chain((list) =>
						fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.subarray(list))
					),
				async ([list, shuffled, repeated]) => {
					const first = await emptyConnection();
					const counts = await store(first, list);
					const whole = await heldChunks(first);
					const second = await emptyConnection();
					await store(second, [...repeated, ...shuffled, ...repeated]);
					expect(await heldChunks(second)).toEqual(whole);
					const again = await store(first, [...shuffled, ...repeated]);
					expect(again).toMatchObject({ inserted: 0, updated: 0 });
					expect(await heldChunks(first)).toEqual(whole);
					const days = new Set(list.flat().map((one) => `${one.metricId} ${one.day}`));
					expect(counts).toMatchObject({ inserted: days.size, updated: 0 });
					for (const { values, states } of whole) {
						for (const [index, value] of values.entries())
							expect(value === null).toBe('mn'.includes(states[index] ?? ''));
					}
				}
			),
			{ numRuns: 25 }
		);
	});

	test('name the run that last changed each day', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		const initial = await lastRun(t, connectionId);
		vi.setSystemTime(NOON + 86_400_000);
		await t.mutation(api.syncRuns.syncNow, { connectionId });
		await settle(t);
		const next = await lastRun(t, connectionId);
		const chunk = await t.run(async (ctx) => {
			const series = await ctx.db
				.query('series')
				.withIndex('by_connectionId_metricId_dimension', (q) =>
					q.eq('connectionId', connectionId).eq('metricId', 'sample.signups')
				)
				.first();
			if (!series) throw new Error('There is no series.');
			return await ctx.db
				.query('chunks')
				.withIndex('by_seriesId_month', (q) => q.eq('seriesId', series._id).eq('month', '2026-11'))
				.first();
		});
		const author = (day: number) => chunk?.runs[chunk.changedBy[day - 1] ?? -1];
		expect(author(1)).toBe(initial._id);
		expect([author(23), author(24)]).toEqual([next._id, next._id]);
		expect(chunk?.changedBy[29]).toBe(-1);
	});

	test('too large for one message arrive whole', async () => {
		const t = await deploy();
		const days = Array.from({ length: 390 }, (_, index) => addDays(TODAY, -390 + index));
		const points = ['DE', 'FR', 'US', 'NL', 'PL', 'IT'].flatMap((dimension) =>
			days.map((day): Point => ({ metricId: 'sample.visits', dimension, day, value: 7, state: 'complete' }))
		);
		expect(points.length).toBeGreaterThan(2_000);
		let sent = false;
		script((request) => {
			if (sent || !request.metricIds.includes('sample.visits')) return pages([]);
			sent = true;
			return pages([{ points, checkpoint: 'end', progress: 1 }]);
		});
		const { connectionId } = await connectSample(t);
		await settle(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'succeeded', inserted: points.length });
	});

	test('with a future day bring the rest, and the metric says what was refused', async () => {
		const t = await deploy();
		const fact = { metricId: 'sample.signups', dimension: '', value: 3, state: 'complete' } as const;
		script((request) =>
			request.metricIds.includes('sample.signups')
				? pages([
						{
							points: [
								{ ...fact, day: '2031-01-01' },
								{ ...fact, day: TODAY }
							],
							checkpoint: 1,
							progress: 1
						}
					])
				: undefined
		);
		const { connectionId } = await connectSample(t);
		await settle(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'partial' });
		const detail = await t.query(api.connectionRecords.get, { connectionId });
		const signups = detail?.metrics.find((one) => one.metricId === 'sample.signups');
		expect(signups).toMatchObject({ lastDay: TODAY, problem: expect.stringContaining('future') });
	});
});

describe('reading', () => {
	test('a level seen yesterday is final today, and days before it was known are missing, not 0', async () => {
		const t = await deploy();
		const { connectionId } = await connectSample(t);
		await settle(t);
		vi.setSystemTime(NOON + 86_400_000);
		const library = await t.query(api.metricLibrary.list, {});
		const tickets = library.find((one) => one.metricId === 'sample.open_tickets');
		expect(tickets).toMatchObject({ connectionId, seriesCount: 1, firstDay: TODAY, lastDay: TODAY });
		expect(tickets?.recent?.states).toBe(`${'m'.repeat(28)}cm`);
		expect(decodeValues(tickets?.recent?.values ?? '').filter((value) => value !== null)).toHaveLength(1);
	});

	test('a year of a dashboard reads a document per series and month, and little else', async () => {
		const series = 14;
		const t = await deploy(13 * series + 60);
		const { connectionId, dashboardId } = await connectSample(t);
		await settle(t);
		expect(await lastRun(t, connectionId)).toMatchObject({ state: 'succeeded' });
		const drawn = await t.query(api.dashboards.series, { dashboardId, from: addDays(TODAY, -364), to: TODAY });
		expect(drawn).toHaveLength(series);
		expect(drawn?.every((one) => one.states.length === 365 && decodeValues(one.values).length === 365)).toBe(true);
	});

	test.each([
		['backwards', TODAY, addDays(TODAY, -1)],
		['of no days', 'yesterday', TODAY],
		['of 2,000 days', addDays(TODAY, -2_000), TODAY]
	])('a range %s is answered by null', async (_what, from, to) => {
		const t = await deploy();
		const { dashboardId } = await connectSample(t);
		expect(await t.query(api.dashboards.series, { dashboardId, from, to })).toBe(null);
		await settle(t);
	});
});

test('runs are deleted 90 days after their end, with their slices; the data stays', async () => {
	const t = await deploy();
	const { connectionId } = await connectSample(t);
	await settle(t);
	const chunks = await heldChunks(t);
	vi.setSystemTime(NOON + 89 * 86_400_000);
	await t.mutation(internal.danger.deleteOldRuns, {});
	await settle(t);
	expect(await lastRun(t, connectionId)).toMatchObject({ kind: 'initial' });
	vi.setSystemTime(NOON + 91 * 86_400_000);
	await t.mutation(internal.danger.deleteOldRuns, {});
	await settle(t);
	expect(
		await t.run(async (ctx) => [...(await ctx.db.query('syncRuns').take(5)), ...(await ctx.db.query('slices').take(5))])
	).toEqual([]);
	expect(await heldChunks(t)).toEqual(chunks);
});
