/**
 * Mutations of one document each, sent by 64 clients over the sync protocol to a deployment in a process of its own,
 * beside raw node:sqlite that commits the same rows (a document and three index entries) one transaction at a time, with
 * the same fsync. Each client waits for the answer before it sends the next. The clients share the machine's cores with
 * the deployment; the floor has them for itself. Run it alone with `node bench/embedded-sync.ts`.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createTestApp, startProcess } from '../src/embedded/testApp.testing.ts';
import { item } from './app/convex/item.ts';
import { compare } from './measure.ts';
import type { Measure } from './measure.ts';
import { RawFile, rawRows } from './rawFile.ts';
import type { RawRow } from './rawFile.ts';

const CLIENTS = 64;
const ROUNDS = 3;
const ROUND_MS = 3_000;
const RAW_ROWS = 200_000;

type Durability = 'normal' | 'full';

/** One client: sends the next mutation when the last was answered. Resolves to the number answered by the deadline. */
async function client(url: string, deadline: number): Promise<number> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/api/1.48.0/sync`);
	await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
	let answered = 0;
	const send = (): void => {
		const args = [item(answered)];
		socket.send(JSON.stringify({ type: 'Mutation', requestId: answered, udfPath: 'items:add', args }));
	};
	const finished = new Promise<number>((resolve, reject) => {
		socket.on('message', (data) => {
			const text = String(data);
			if (!text.startsWith('{"type":"MutationResponse"')) return;
			if (!text.includes('"success":true')) return reject(new Error(text));
			answered += 1;
			if (performance.now() < deadline) send();
			else resolve(answered);
		});
	});
	socket.send(
		JSON.stringify({
			type: 'Connect',
			sessionId: randomUUID(),
			connectionCount: 0,
			lastCloseReason: null,
			clientTs: Date.now()
		})
	);
	send();
	try {
		return await finished;
	} finally {
		socket.terminate();
	}
}

async function overSockets(url: string): Promise<number> {
	const start = performance.now();
	const counts = await Promise.all(Array.from({ length: CLIENTS }, () => client(url, start + ROUND_MS)));
	const total = counts.reduce((sum, count) => sum + count, 0);
	return (total * 1000) / (performance.now() - start);
}

/** The rows of the same documents, one transaction each. */
function raw(path: string, durability: Durability, rows: readonly RawRow[]): number {
	const file = new RawFile(path, durability === 'full' ? 'FULL' : 'NORMAL');
	const start = performance.now();
	let count = 0;
	for (; performance.now() - start < ROUND_MS && count < rows.length; count++)
		file.commit(rows.slice(count, count + 1));
	const speed = (count * 1000) / (performance.now() - start);
	file.close();
	return speed;
}

async function mutations(durability: Durability): Promise<Measure> {
	const folder = mkdtempSync(join(tmpdir(), 'sync-bench-'));
	const app = createTestApp('../../../bench/app');
	const data = join(folder, 'data');
	const deployment = await startProcess(data, 0, '--app', app.dir, '--durability', durability);
	try {
		const { code, output } = await app.convex(deployment, 'deploy', '-y', '--typecheck', 'disable');
		if (code !== 0) throw new Error(output);
		const rows = rawRows(RAW_ROWS);
		let round = 0;
		return await compare(
			`sync: 1-document mutations, ${CLIENTS} WebSocket clients, fsync ${durability}`,
			'mutations/s',
			{
				ours: () => overSockets(deployment.url),
				floor: () => raw(join(folder, `raw-${round++}.sqlite`), durability, rows)
			},
			ROUNDS
		);
	} finally {
		await deployment.close();
		app.remove();
		rmSync(folder, { recursive: true, force: true });
	}
}

/** `ours` and `floor` are mutations a second, the best of several rounds that take turns; higher is better. */
export async function run(): Promise<Measure[]> {
	return [await mutations('full'), await mutations('normal')];
}

if (import.meta.main) console.table(await run());
