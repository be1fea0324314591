/** Components that Convex itself publishes, unchanged, each at what it is for. */
import { ConvexError } from 'convex/values';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { DeployedApp } from './deployedApp.testing.ts';
import { PATIENT } from './patience.testing.ts';
import type { Arguments } from './deployedApp.testing.ts';

let app: DeployedApp;

beforeAll(async () => {
	app = await DeployedApp.start('components');
	const output = await app.convex('deploy', '-y', '--typecheck', 'disable');
	expect(output).toContain('Installed component workpool/batchWorker.');
}, 120_000);

afterAll(() => app?.close());

describe('@convex-dev/workpool', () => {
	const events = z.array(z.object({ kind: z.string(), running: z.number() }));
	const eventsOf = async (name: string) => events.parse(await app.query('pool:events', { name }));
	const ended = (name: string, count: number): Promise<string[]> =>
		vi.waitFor(async () => {
			const kinds = (await eventsOf(name)).map(({ kind }) => kind);
			expect(kinds.filter((kind) => kind.startsWith('completed'))).toHaveLength(count);
			return kinds;
		}, PATIENT);

	test('runs so much at a time, and tells the end of each', async () => {
		await app.mutation('pool:enqueue', { name: 'many', count: 5, milliseconds: 100 });
		const kinds = await ended('many', 5);
		expect(kinds.filter((kind) => kind === 'completed: success')).toHaveLength(5);
		expect(Math.max(...(await eventsOf('many')).map(({ running }) => running))).toBe(2);
	});

	test('tries again what failed, until it succeeds or has been tried often enough', async () => {
		await app.mutation('pool:enqueue', { name: 'flaky', count: 1, milliseconds: 0, failures: 2 });
		await app.mutation('pool:enqueue', { name: 'hopeless', count: 1, milliseconds: 0, failures: 9 });
		expect(await ended('flaky', 1)).toEqual(['started', 'started', 'started', 'ended', 'completed: success']);
		expect(await ended('hopeless', 1)).toEqual(['started', 'started', 'started', 'completed: failed']);
	});

	test('calls off what has not begun', async () => {
		const id = z.string().parse(await app.mutation('pool:enqueueLater', { name: 'never' }));
		expect(await app.query('pool:status', { id })).toMatchObject({ state: 'pending' });
		await app.mutation('pool:cancel', { id });
		expect(await ended('never', 1)).toEqual(['completed: canceled']);
		expect(await app.query('pool:status', { id })).toEqual({ state: 'finished' });
	});
});

describe('@convex-dev/rate-limiter', () => {
	const limit = z.object({ ok: z.boolean(), retryAfter: z.number().optional() });
	const take = async (name: string, key: string, options: Arguments = {}) =>
		limit.parse(await app.mutation('limits:take', { name, key, ...options }));
	const HOUR = 3_600_000;

	test('lets a burst through, then says when to come back', async () => {
		for (let i = 0; i < 3; i++) expect(await take('burst', 'ada')).toEqual({ ok: true });
		const refused = await take('burst', 'ada');
		expect(refused.ok).toBe(false);
		expect(refused.retryAfter).toBeGreaterThan(0);
		expect(refused.retryAfter).toBeLessThanOrEqual(HOUR / 10);
		expect(await take('burst', 'grace')).toEqual({ ok: true });
		expect(limit.parse(await app.query('limits:look', { name: 'burst', key: 'ada' })).ok).toBe(false);
		await app.mutation('limits:reset', { name: 'burst', key: 'ada' });
		expect(await take('burst', 'ada')).toEqual({ ok: true });
	});

	test('refills a window at its end', async () => {
		await take('window', 'ada');
		await take('window', 'ada');
		const { ok, retryAfter } = await take('window', 'ada');
		expect(ok).toBe(false);
		// The window began on the hour.
		expect(Math.abs((retryAfter ?? 0) - (HOUR - (Date.now() % HOUR)))).toBeLessThan(30_000);
	});

	test('reserves a place, and no more than there are', async () => {
		expect(await take('queue', 'ada')).toEqual({ ok: true });
		const reserved = await take('queue', 'ada', { reserve: true });
		expect(reserved.ok).toBe(true);
		expect(reserved.retryAfter).toBeGreaterThan(0);
		await take('queue', 'ada', { reserve: true });
		expect((await take('queue', 'ada', { reserve: true })).ok).toBe(false);
	});

	test('throws an error whose data arrives at the client', async () => {
		await take('window', 'grace');
		await take('window', 'grace');
		const error = await app
			.mutation('limits:take', { name: 'window', key: 'grace', throws: true })
			.catch((e: unknown) => e);
		expect(error).toBeInstanceOf(ConvexError);
		expect(error).toMatchObject({ data: { kind: 'RateLimited', name: 'window', retryAfter: expect.any(Number) } });
	});

	test('takes nothing for a mutation that fails', async () => {
		for (let i = 0; i < 4; i++) {
			await expect(app.mutation('limits:takeAndFail', { key: 'joan' })).rejects.toThrow('after all not');
		}
		expect(await take('burst', 'joan')).toEqual({ ok: true });
	});
});

describe('@convex-dev/crons', () => {
	test('registers a job while the app runs, which fires until it is deleted', async () => {
		await app.mutation('schedules:register', { name: 'pulse', ms: 1_000 });
		expect(await app.query('schedules:list')).toEqual([{ name: 'pulse', schedule: { kind: 'interval', ms: 1_000 } }]);
		await vi.waitFor(async () => expect(await app.query('pool:events', { name: 'pulse' })).toHaveLength(2), PATIENT);
		await app.mutation('schedules:remove', { name: 'pulse' });
		expect(await app.query('schedules:list')).toEqual([]);
	});
});

describe('@convex-dev/aggregate', () => {
	const add = (game: string, points: number, fail = false): Promise<unknown> =>
		app.mutation('scores:add', { game, player: 'ada', points, fail });

	test('counts, adds up and ranks a table, a namespace apart from the other', async () => {
		for (const points of [30, 10, 20]) await add('chess', points);
		const id = z.string().parse(await add('go', 7));
		expect(await app.query('scores:summary', { game: 'chess', below: 20 })).toEqual({ count: 3, sum: 60, rank: 1 });
		expect(await app.query('scores:summary', { game: 'go', below: 20 })).toEqual({ count: 1, sum: 7, rank: 1 });
		await app.mutation('scores:change', { id, points: 50 });
		expect(await app.query('scores:best', { game: 'go' })).toBe(50);
		await app.mutation('scores:remove', { id });
		expect(await app.query('scores:summary', { game: 'go', below: 0 })).toEqual({ count: 0, sum: 0, rank: 0 });
		expect(await app.query('scores:best', { game: 'chess' })).toBe(30);
	});

	test('stays in step with the table when a mutation fails', async () => {
		await expect(add('chess', 99, true)).rejects.toThrow('nothing of it stays');
		expect(await app.query('scores:best', { game: 'chess' })).toBe(30);
	});

	test('is many nodes deep, and every live answer follows it', async () => {
		const seen = app.live('scores:best', { game: 'many' });
		for (let points = 1; points <= 40; points++) await add('many', points);
		expect(await app.query('scores:summary', { game: 'many', below: 25 })).toEqual({ count: 40, sum: 820, rank: 24 });
		await vi.waitFor(() => expect(seen.at(-1)).toBe(40), PATIENT);
	});
});
