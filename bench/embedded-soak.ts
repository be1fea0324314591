/**
 * A deployment that is left alone with its users: one mutation a second, 20 subscribers, for 30 minutes (or `--minutes N`).
 * Memory of all its processes and the size of the write-ahead log are read every ten seconds; what counts is whether the
 * last third is higher than the middle third. Not part of `npm run bench`: `node bench/embedded-soak.ts`. Linux only.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { createTestApp, startProcess } from '../src/embedded/testApp.testing.ts';

const SUBSCRIBERS = 20;
const COUNTERS = 10;
const WRITE_EVERY_MS = 1_000;
const SAMPLE_EVERY_MS = 10_000;

interface Sample {
	readonly minute: number;
	/** Resident memory of the deployment's processes together, MB. */
	readonly memory: number;
	/** MB. */
	readonly log: number;
}

const add = makeFunctionReference<'mutation'>('messages:add');
const counter = makeFunctionReference<'query'>('messages:counter');

/** The process and everything it started, in MB of resident memory. */
function residentMemory(pid: number): number {
	const own = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
	return children.reduce((sum, child) => sum + residentMemory(Number(child)), own);
}

function logSize(dataDir: string): number {
	return (statSync(join(dataDir, 'data.sqlite-wal'), { throwIfNoEntry: false })?.size ?? 0) / 1e6;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Median and highest of the three thirds of a soak. */
function thirds(samples: readonly Sample[]) {
	const size = Math.ceil(samples.length / 3);
	return ['first', 'middle', 'last'].map((third, i) => {
		const part = samples.slice(i * size, (i + 1) * size);
		return {
			third,
			'memory, MB (median)': median(part.map(({ memory }) => memory)).toFixed(1),
			'memory, MB (highest)': Math.max(...part.map(({ memory }) => memory)).toFixed(1),
			'log, MB (highest)': Math.max(...part.map(({ log }) => log)).toFixed(2)
		};
	});
}

async function soak(minutes: number): Promise<Sample[]> {
	const folder = mkdtempSync(join(tmpdir(), 'soak-'));
	const dataDir = join(folder, 'data');
	const app = createTestApp();
	const deployment = await startProcess(dataDir, 0, '--app', app.dir, '--durability', 'full');
	const clients: ConvexClient[] = [];
	try {
		const { code, output } = await app.convex(deployment, 'deploy', '-y', '--typecheck', 'disable');
		if (code !== 0) throw new Error(output);
		const connect = (): ConvexClient => {
			const client = new ConvexClient(deployment.url, { logger: false });
			clients.push(client);
			return client;
		};
		let updates = 0;
		for (let i = 0; i < SUBSCRIBERS; i++) {
			connect().onUpdate(counter, { name: `counter ${i % COUNTERS}` }, () => void updates++);
		}
		const writer = connect();
		const samples: Sample[] = [];
		const started = Date.now();
		const end = started + minutes * 60_000;
		let sampleAt = started + SAMPLE_EVERY_MS;
		for (let write = 0; Date.now() < end; write++) {
			await writer.mutation(add, { name: `counter ${write % COUNTERS}`, by: 1 });
			if (Date.now() >= sampleAt) {
				sampleAt += SAMPLE_EVERY_MS;
				const pid = deployment.child.pid ?? 0;
				const minute = (Date.now() - started) / 60_000;
				samples.push({ minute, memory: residentMemory(pid), log: logSize(dataDir) });
			}
			await setTimeout(Math.max(0, started + (write + 1) * WRITE_EVERY_MS - Date.now()));
		}
		console.log(`${updates} updates reached ${SUBSCRIBERS} subscribers.`);
		return samples;
	} finally {
		await Promise.all(clients.map((client) => client.close()));
		deployment.child.kill('SIGTERM');
		await deployment.ended;
		app.remove();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) {
	const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
	console.table(thirds(await soak(Number(values.minutes))));
}
