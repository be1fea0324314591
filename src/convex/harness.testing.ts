/** What the backend's tests share: a deployment with the real functions, its key, and a way to let time pass. */
import { convexTest } from 'convex-test';
import type { TestConvex } from 'convex-test';
import { vi } from 'vitest';
import { integrations } from '../lib/server/integrations/index.ts';
import { api } from './_generated/api.js';
import type { Doc, Id } from './_generated/dataModel.js';
import type { MetricsPage } from './lib/contract.ts';
import schema from './schema.ts';

export type Deployment = TestConvex<typeof schema>;

export const modules = import.meta.glob(['./**/*.ts', './_generated/*.js', '!./**/*.*.ts']);

/** Noon, so that no test depends on where midnight is. */
export const NOON = Date.parse('2026-11-23T12:00:00Z');

/**
 * A deployment with its workspace opened, at noon of a fixed day, with timers that a test moves. `documentsRead` is the
 * most that one function may read.
 */
export async function deploy(documentsRead = 32_000): Promise<Deployment> {
	vi.useFakeTimers({ now: NOON, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
	vi.stubEnv('PLUMBLINE_SECRET_KEYS', `k1:${Buffer.alloc(32, 7).toString('base64')}`);
	const t = convexTest({ schema, modules, transactionLimits: { documentsRead } });
	await t.mutation(api.workspaces.open, {});
	return t;
}

/** Lets everything that is scheduled happen, by steps of `stepMs`. */
export async function settle(t: Deployment, stepMs = 1): Promise<void> {
	await t.finishAllScheduledFunctions(() => vi.advanceTimersByTime(stepMs), 2_000);
}

export interface Connected {
	readonly connectionId: Id<'connections'>;
	readonly dashboardId: Id<'dashboards'>;
}

/** Connects sample data. Throws when that is refused. */
export async function connectSample(t: Deployment): Promise<Connected> {
	const answer = await t.action(api.connections.connect, { integrationId: 'sample', credentials: {}, settings: {} });
	if (!answer.success) throw new Error(answer.error);
	return answer;
}

/** The newest run of a connection. */
export async function lastRun(t: Deployment, connectionId: Id<'connections'>): Promise<Doc<'syncRuns'>> {
	const run = await t.run(async (ctx) =>
		ctx.db
			.query('syncRuns')
			.withIndex('by_connectionId_startedAt', (q) => q.eq('connectionId', connectionId))
			.order('desc')
			.first()
	);
	if (!run) throw new Error('There is no run.');
	return run;
}

type Fetch = (typeof integrations)['sample']['fetchMetrics'];
type Request = Parameters<Fetch>[1];

/** Puts a script in front of the sample integration: `undefined` lets a slice through to the real one. */
export function script(respond: (request: Request, call: number) => AsyncIterable<MetricsPage> | undefined) {
	const real: Fetch = integrations.sample.fetchMetrics.bind(integrations.sample);
	let calls = 0;
	return vi.spyOn(integrations.sample, 'fetchMetrics').mockImplementation((credentials, request) => {
		calls += 1;
		return respond(request, calls) ?? real(credentials, request);
	});
}

/** Pages, and then a failure if one is given. */
export async function* pages(list: readonly MetricsPage[], failure?: Error): AsyncGenerator<MetricsPage> {
	yield* list;
	if (failure) throw failure;
}

/** Every chunk that is held, in a stable order, without what differs from run to run. */
export async function heldChunks(t: Deployment) {
	return await t.run(async (ctx) => {
		const series = await ctx.db.query('series').take(1_000);
		const name = new Map(series.map((one) => [one._id, `${one.metricId} ${one.dimension}`]));
		const chunks = await ctx.db.query('chunks').take(5_000);
		return chunks
			.map(({ seriesId, month, values, states }) => ({ series: name.get(seriesId) ?? '', month, values, states }))
			.toSorted((a, b) => `${a.series} ${a.month}`.localeCompare(`${b.series} ${b.month}`));
	});
}
