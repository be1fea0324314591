/**
 * Cold start of a deployment, on an empty folder and on a data file of 1 GB: from starting the process to the answer of a
 * first query. The floor is a bare Node process that opens the same file with node:sqlite and checks its pages.
 * Run it alone with `node bench/embedded-start.ts`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { createTestApp, startProcess } from '../src/embedded/testApp.testing.ts';
import type { DeploymentProcess } from '../src/embedded/testApp.testing.ts';

interface Measure {
	readonly name: string;
	readonly ours: number;
	readonly floor: number;
	/** floor / ours: 1 is as fast as the floor. */
	readonly ratio: number;
	readonly unit: string;
}

const BYTES = 1e9;
const ROUNDS = 5;

const FILL = `
	import { mutationGeneric } from 'convex/server';
	import { v } from 'convex/values';
	export const fill = mutationGeneric({
		args: { from: v.number(), count: v.number(), body: v.string() },
		handler: async ({ db }, { from, count, body }) => {
			for (let i = from; i < from + count; i++) await db.insert('messages', { channel: 'channel ' + (i % 5000), body });
		}
	});`;

const fill = makeFunctionReference<'mutation'>('fill:fill');
const list = makeFunctionReference<'query'>('messages:list');

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

async function stop({ child, ended }: DeploymentProcess): Promise<void> {
	child.kill('SIGTERM');
	await ended;
}

/** Milliseconds from starting the process to a query's answer; `query` is false where nothing is deployed yet. */
async function coldStart(dataDir: string, appDir: string, query: boolean): Promise<number> {
	const start = performance.now();
	const deployment = await startProcess(dataDir, 0, '--app', appDir);
	if (query) await new ConvexHttpClient(deployment.url).query(list, { channel: 'channel 7' });
	else await fetch(`${deployment.url}/version`);
	const took = performance.now() - start;
	await stop(deployment);
	return took;
}

const OPEN_AND_CHECK = `
	const { DatabaseSync } = require('node:sqlite');
	const database = new DatabaseSync(process.argv[1]);
	database.prepare('PRAGMA quick_check(1)').get();`;

function bareStart(file: string): number {
	const start = performance.now();
	execFileSync(process.execPath, ['-e', OPEN_AND_CHECK, file]);
	return performance.now() - start;
}

async function compare(name: string, ours: () => Promise<number>, floor: () => number): Promise<Measure> {
	const [a, b]: [number[], number[]] = [[], []];
	for (let round = 0; round < ROUNDS; round++) {
		a.push(await ours());
		b.push(floor());
	}
	return { name, ours: median(a), floor: median(b), ratio: median(b) / median(a), unit: 'ms' };
}

/** Medians of five starts each, in milliseconds; lower is better. */
export async function run(): Promise<Measure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'start-bench-'));
	const app = createTestApp();
	app.write('convex/fill.ts', FILL);
	const dataDir = join(folder, 'data');
	try {
		let round = 0;
		const empty = await compare(
			'start: empty folder',
			() => coldStart(join(folder, `empty-${round++}`), app.dir, false),
			() => bareStart(join(folder, `bare-${round}.sqlite`))
		);
		const deployment = await startProcess(dataDir, 0, '--app', app.dir);
		const { code, output } = await app.convex(deployment, 'deploy', '-y', '--typecheck', 'disable');
		if (code !== 0) throw new Error(output);
		const client = new ConvexHttpClient(deployment.url, { logger: false });
		const file = join(dataDir, 'data.sqlite');
		for (let from = 0; statSync(file).size < BYTES; from += 2_000) {
			await client.mutation(fill, { from, count: 2_000, body: 'x'.repeat(1_000) });
		}
		await stop(deployment);
		const size = `${(statSync(file).size / 1e9).toFixed(2)} GB`;
		const large = await compare(
			`start: data file of ${size}`,
			() => coldStart(dataDir, app.dir, true),
			() => bareStart(file)
		);
		return [empty, large];
	} finally {
		app.remove();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) console.table(await run());
