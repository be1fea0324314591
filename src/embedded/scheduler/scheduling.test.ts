import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Value } from 'convex/values';
import { Corpus, eventually } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start({ functionWallClock: 2_000 });
});
afterAll(() => corpus.close());

/** The state of a scheduled function as the person's queries see it. */
async function state(id: Value): Promise<{ readonly kind: string; readonly error?: string }> {
	const job = Object(await corpus.query('events:job', { id }));
	return job.state;
}

const settled = ({ kind }: { readonly kind: string }): boolean => kind !== 'pending' && kind !== 'inProgress';
const settle = (id: Value) => eventually(() => state(id), settled);

async function count(kind: string): Promise<number> {
	const kinds = await corpus.query('events:kinds');
	return Array.isArray(kinds) ? kinds.filter((each) => each === kind).length : 0;
}

/** Runs SQL on the store while no engine holds it. */
async function betweenRuns(sql: string): Promise<void> {
	await corpus.engine.close();
	const database = new DatabaseSync(join(corpus.dataDir, 'data.sqlite'));
	database.exec(sql);
	database.close();
	await corpus.restart();
}

describe('scheduled functions', () => {
	it('run once and are recorded', async () => {
		const id = await corpus.mutation('events:schedule', { delay: 0, kind: 'once' });
		expect(await settle(id)).toEqual({ kind: 'success' });
		expect(await count('once')).toBe(1);
		expect(await corpus.query('events:job', { id })).toMatchObject({
			name: 'events.js:add',
			args: [{ kind: 'once' }],
			completedTime: expect.any(Number)
		});
	});

	it('are recorded as failed with their error, and their writes undone', async () => {
		const id = await corpus.mutation('events:scheduleFailing');
		expect(await settle(id)).toMatchObject({ kind: 'failed', error: expect.stringContaining('ConvexError') });
		expect(await count('scheduled')).toBe(0);
	});

	it('do not exist when the mutation that scheduled them failed', async () => {
		await expect(corpus.mutation('events:scheduleThenThrow')).rejects.toThrow('rolled back');
		await corpus.mutation('events:schedule', { delay: 0, kind: 'marker' });
		await eventually(
			() => count('marker'),
			(n) => n === 1
		);
		expect(await count('never scheduled')).toBe(0);
	});

	it('see their own record in progress', async () => {
		const id = await corpus.mutation('events:scheduleWatcher');
		expect(await settle(id)).toEqual({ kind: 'success' });
		expect(await count('saw itself inProgress')).toBe(1);
	});

	it('can be cancelled before they run, and then do not', async () => {
		const id = await corpus.mutation('events:schedule', { delay: 3_600_000, kind: 'cancelled' });
		expect(await state(id)).toEqual({ kind: 'pending' });
		await corpus.mutation('events:cancel', { id });
		expect(await state(id)).toEqual({ kind: 'canceled' });
	});

	it('keep the state canceled when cancelled while running', async () => {
		const id = await corpus.mutation('events:scheduleAction', { milliseconds: 300 });
		await eventually(
			() => state(id),
			({ kind }) => kind === 'inProgress'
		);
		await corpus.mutation('events:cancel', { id });
		await eventually(
			() => count('slow'),
			(n) => n === 1
		);
		expect(await state(id)).toEqual({ kind: 'canceled' });
	});

	it('wait for dates that setTimeout cannot count to', async () => {
		const id = await corpus.mutation('events:schedule', { delay: 90 * 24 * 3_600_000, kind: 'far' });
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(await state(id)).toEqual({ kind: 'pending' });
		await corpus.mutation('events:cancel', { id });
	});

	it('run after a restart when they came due meanwhile', async () => {
		const id = await corpus.mutation('events:schedule', { delay: 3_600_000, kind: 'meanwhile' });
		await betweenRuns("UPDATE jobs SET due = 1 WHERE state = 'pending'");
		expect(await settle(id)).toEqual({ kind: 'success' });
		expect(await count('meanwhile')).toBe(1);
	});

	it('are settled as failed and not run again when a restart found them running', async () => {
		const before = await count('slow');
		const id = await corpus.mutation('events:scheduleAction', { milliseconds: 5_000 });
		await eventually(
			() => state(id),
			({ kind }) => kind === 'inProgress'
		);
		await corpus.restart();
		expect(await state(id)).toMatchObject({
			kind: 'failed',
			error: expect.stringContaining('restarted while the action was running')
		});
		expect(corpus.reports.join()).toContain('recorded as failed');
		expect(await count('slow')).toBe(before);
	});
});

describe('crons', () => {
	it('run at once when they are intervals, and keep their time over pushes', async () => {
		await eventually(
			() => count('tick'),
			(n) => n === 1
		);
		const { applied } = await corpus.push(corpus.bundle);
		expect(applied.components['']?.cronDiff).toEqual({ added: [], updated: [], deleted: [] });
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(await count('tick')).toBe(1);
	});

	it('run once after times were missed, and say what was skipped', async () => {
		await betweenRuns(`UPDATE crons SET next_run = ${Date.now() - 3.5 * 3_600_000} WHERE name = 'tick'`);
		await eventually(
			() => count('tick'),
			(n) => n === 2
		);
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(await count('tick')).toBe(2);
		expect(corpus.reports.join()).toContain('Skipped 3 runs of cron "tick"');
	});

	it('end with the push that no longer has them', async () => {
		const functions = corpus.bundle.functions.filter(({ path }) => path !== 'crons.js');
		const { applied } = await corpus.push({ ...corpus.bundle, functions });
		expect(applied.components['']?.cronDiff.deleted.toSorted()).toEqual(['nightly', 'tick']);
		expect(applied.components['']?.modulesRemoved).toEqual(['crons.js']);
	});
});
