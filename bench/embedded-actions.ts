/**
 * Actions: one after the other in both runtimes, 64 that wait at the same time, and the first after a push. The floor is
 * a bare worker thread for each, started and ended, which is what isolation costs without a framework; for the first
 * action it is a bare Node process that starts one. Run it alone with `node bench/embedded-actions.ts`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Corpus } from '../src/embedded/corpus/harness.ts';
import { compare, perSecond } from './measure.ts';
import type { Measure } from './measure.ts';

const CALLS = 50;
const AT_ONCE = 64;
const WAIT = 200;
const ROUNDS = 3;

const THREAD = `
	const { parentPort, workerData } = require('node:worker_threads');
	setTimeout(() => parentPort.postMessage('done'), workerData);`;
const PROCESS = `
	const { Worker } = require('node:worker_threads');
	new Worker(${JSON.stringify(THREAD)}, { eval: true, workerData: 0 }).on('message', (message) => process.send(message));`;

async function bareThread(wait: number): Promise<void> {
	const thread = new Worker(THREAD, { eval: true, workerData: wait });
	await once(thread, 'message');
	await thread.terminate();
}

async function times(count: number, action: () => Promise<unknown>): Promise<void> {
	for (let i = 0; i < count; i++) await action();
}

async function atOnce(count: number, action: () => Promise<unknown>): Promise<void> {
	await Promise.all(Array.from({ length: count }, action));
}

async function first(folder: string): Promise<Measure> {
	const bare = join(folder, 'bare.cjs');
	writeFileSync(bare, PROCESS);
	const [ours, floor]: number[][] = [[], []];
	for (let round = 0; round < ROUNDS; round++) {
		const corpus = await Corpus.start();
		ours?.push(1 / (await perSecond(1, () => corpus.action('runtime:waits', { milliseconds: 0 }))));
		await corpus.close();
		const start = performance.now();
		const child = fork(bare);
		await once(child, 'message');
		floor?.push((performance.now() - start) / 1000);
		child.kill();
	}
	const [a, b] = [Math.min(...(ours ?? [])) * 1000, Math.min(...(floor ?? [])) * 1000];
	return { name: 'the first action, right after a push', unit: 'ms', ours: a, floor: b, ratio: b / a };
}

/** Every measure of this bench. */
export async function run(): Promise<readonly Measure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'bench-actions-'));
	const corpus = await Corpus.start();
	const waits = (milliseconds: number) => () => corpus.action('runtime:waits', { milliseconds });
	const hash = () => corpus.action('node:repeats', { text: 'x' });
	try {
		await waits(0)();
		await hash();
		const floor = () => perSecond(CALLS, () => times(CALLS, () => bareThread(0)));
		return [
			await first(folder),
			await compare(
				'default runtime, one after the other',
				'actions/s',
				{ ours: () => perSecond(CALLS, () => times(CALLS, waits(0))), floor },
				ROUNDS
			),
			await compare(
				'Node runtime, one after the other',
				'actions/s',
				{ ours: () => perSecond(CALLS, () => times(CALLS, hash)), floor },
				ROUNDS
			),
			await compare(
				`${AT_ONCE} that wait ${WAIT} ms, at once`,
				'actions/s',
				{
					ours: () => perSecond(AT_ONCE, () => atOnce(AT_ONCE, waits(WAIT))),
					floor: () => perSecond(AT_ONCE, () => atOnce(AT_ONCE, () => bareThread(WAIT)))
				},
				ROUNDS
			)
		];
	} finally {
		await corpus.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) console.table(await run());
