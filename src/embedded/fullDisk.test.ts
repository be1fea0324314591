/** A deployment whose files may not grow any more, as on a full disk: what it says, what it keeps, and that it goes on. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { expect, onTestFinished, test } from 'vitest';
import { DeployedApp, FAST } from './deployedApp.testing.ts';
import { PATIENT } from './patience.testing.ts';
import { childrenOf } from './fuzz/kill/processes.ts';
import { indexFaults } from './store/integrity.ts';
import { SqliteStore } from './store/store.ts';

const WORK = `
	import { internalMutationGeneric, makeFunctionReference, mutationGeneric, queryGeneric } from 'convex/server';
	import { v } from 'convex/values';
	const later = makeFunctionReference('work:tick');
	export const step = mutationGeneric({
		args: { n: v.number(), text: v.string() },
		handler: async ({ db, scheduler }, { n, text }) => {
			await db.insert('messages', { channel: 'steps', body: n + ' ' + text });
			await scheduler.runAfter(0, later, { n });
		}
	});
	export const tick = internalMutationGeneric({
		args: { n: v.number() },
		handler: ({ db }, { n }) => db.insert('messages', { channel: 'ticks', body: String(n) })
	});
	export const numbers = queryGeneric({
		args: { channel: v.string() },
		handler: async ({ db }, { channel }) =>
			(await db.query('messages').withIndex('by_channel', (q) => q.eq('channel', channel)).collect()).map((m) => parseInt(m.body))
	});`;

const step = makeFunctionReference<'mutation', { n: number; text: string }>('work:step');
const numbers = makeFunctionReference<'query', { channel: string }, number[]>('work:numbers');
const uploadUrl = makeFunctionReference<'mutation', Record<string, never>, string>('files:uploadUrl');

/** How much the files may have of what they have now, in bytes; null lifts the limit. */
function limitFiles(pid: number, bytes: number | null): void {
	for (const process of [pid, ...childrenOf(pid)]) {
		execFileSync('prlimit', [`--pid=${process}`, `--fsize=${bytes ?? 'unlimited'}:unlimited`]);
	}
}

function sizeOf(file: string): number {
	return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

test('what does not fit is refused in words, nothing acknowledged is lost, and it goes on when there is room', async () => {
	const app = await DeployedApp.startApart();
	onTestFinished(() => app.close());
	app.write('convex/work.ts', WORK);
	await app.convex('deploy', '-y', ...FAST);
	const { child, url, said } = app.deployment;
	const client = new ConvexHttpClient(url, { logger: false });
	const acknowledged: number[] = [];
	const refused: string[] = [];
	const write = async (n: number): Promise<void> => {
		await client.mutation(step, { n, text: 'x'.repeat(20_000) }).then(
			() => void acknowledged.push(n),
			(error: unknown) => void refused.push(String(error))
		);
	};
	const upload = async (target: string): Promise<Response> =>
		await fetch(target, { method: 'POST', body: 'x'.repeat(10_000_000) });
	for (let n = 0; n < 10; n++) await write(n);
	const target = await client.mutation(uploadUrl, {});

	const file = path.join(app.dataDir, 'data.sqlite');
	limitFiles(child.pid ?? 0, Math.max(sizeOf(file), sizeOf(`${file}-wal`)) + 200_000);
	for (let n = 10; refused.length < 20; n++) await write(n);
	expect(refused[0]).toMatch(/The disk that holds .*data\.sqlite failed .* Nothing of this change was saved/);
	expect(new Set(refused).size).toBe(1);
	expect(await client.query(numbers, { channel: 'steps' })).toEqual(acknowledged);
	const health = await fetch(`${url}/version`);
	expect([health.status, await health.text()]).toEqual([503, expect.stringContaining('The disk that holds')]);
	const refusal = await upload(target);
	expect([refusal.status, await refusal.text()]).toEqual([
		413,
		expect.stringContaining('Nothing of this file was stored')
	]);
	expect(readdirSync(path.join(app.dataDir, 'files'))).toEqual([]);

	limitFiles(child.pid ?? 0, null);
	await expect.poll(async () => (await fetch(`${url}/version`)).status, PATIENT).toBe(200);
	// Once by each who writes, however often that fails.
	expect(said().split('\n').length).toBeLessThan(10);
	expect(said()).toMatch(/The disk that holds .*\n(.*\n)*The data file can be written again\./);
	refused.length = 0;
	for (let n = 1_000; n < 1_010; n++) await write(n);
	expect(refused).toEqual([]);
	expect((await upload(target)).status).toBe(200);
	expect(await client.query(numbers, { channel: 'steps' })).toEqual(acknowledged);
	const ticks = async (): Promise<number[]> =>
		(await client.query(numbers, { channel: 'ticks' })).toSorted((a, b) => a - b);
	await expect.poll(ticks, PATIENT).toEqual(acknowledged);
	await app.deployment.close();
	const store = SqliteStore.open(file);
	expect(indexFaults(store)).toEqual([]);
	store.close();
}, 60_000);
