/** What the backend's tests share: a deployment with the real functions, its key, and a way to let time pass. */
import { convexTest } from 'convex-test';
import type { TestConvex } from 'convex-test';
import { vi } from 'vitest';
import { integrations } from '../lib/server/integrations/index.ts';
import { api } from './_generated/api.js';
import type { Doc, Id } from './_generated/dataModel.js';
import type { MetricsPage } from './lib/contract.ts';
import schema from './schema.ts';

/** A deployment as one caller sees it: `t.withIdentity` gives another caller. */
export type Deployment = ReturnType<TestConvex<typeof schema>['withIdentity']>;

export const modules = import.meta.glob(['./**/*.ts', './_generated/*.js', '!./**/*.*.ts']);

/** Noon, so that no test depends on where midnight is. */
export const NOON = Date.parse('2026-11-23T12:00:00Z');

/**
 * A deployment at noon of a fixed day, with timers that a test moves, on which the owner of a workspace is signed in.
 * `documentsRead` is the most that one function may read.
 */
export async function deploy(documentsRead = 32_000): Promise<Deployment> {
	const t = deployEmpty(documentsRead);
	const { caller } = await signIn(t, { workspaceId: await makeWorkspace(t), role: 'owner' });
	return caller;
}

/** The same without any account, workspace or caller. */
export function deployEmpty(documentsRead = 32_000): Deployment {
	vi.useFakeTimers({ now: NOON, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
	vi.stubEnv('PLUMBLINE_SECRET_KEYS', `k1:${Buffer.alloc(32, 7).toString('base64')}`);
	return convexTest({ schema, modules, transactionLimits: { documentsRead } });
}

/** Longer than any test lets pass. */
const SESSION_MS = 1_000 * 86_400_000;

/** A workspace without members. */
export async function makeWorkspace(t: Deployment, name = 'Workspace'): Promise<Id<'workspaces'>> {
	return await t.run(async (ctx) => ctx.db.insert('workspaces', { name, createdAt: Date.now() }));
}

export interface SignedIn {
	/** The deployment as this person sees it. */
	readonly caller: Deployment;
	readonly userId: Id<'users'>;
	readonly sessionId: Id<'sessions'>;
	readonly memberId: Id<'members'> | null;
}

/** A new person with a session, a member of the workspace if one is given. */
export async function signIn(
	t: Deployment,
	membership?: { workspaceId: Id<'workspaces'>; role: string },
	name = 'Ada'
): Promise<SignedIn> {
	const now = Date.now();
	const rows = await t.run(async (ctx) => {
		const times = { createdAt: now, updatedAt: now };
		const count = (await ctx.db.query('users').collect()).length;
		const email = `${name.toLowerCase()}${count}@example.com`;
		const userId = await ctx.db.insert('users', { name, email, emailVerified: true, ...times });
		const memberId = membership ? await ctx.db.insert('members', { ...membership, userId, createdAt: now }) : null;
		const sessionId = await ctx.db.insert('sessions', {
			userId,
			token: `token-of-${email}`,
			expiresAt: now + SESSION_MS,
			...times
		});
		return { userId, memberId, sessionId };
	});
	return { ...rows, caller: as(t, rows) };
}

/** The deployment as the JWT of that session shows it. */
export function as(t: Deployment, { userId, sessionId }: Pick<SignedIn, 'userId' | 'sessionId'>): Deployment {
	return t.withIdentity({ subject: userId, issuer: 'https://plumbline.test', sid: sessionId });
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
