/**
 * Mutations of one document each, sent by 64 clients over the sync protocol to a deployment in a process of its own,
 * beside raw node:sqlite that commits the same rows (a document and an index entry) one transaction at a time. Each
 * client waits for the answer before it sends the next. Run it alone with `node bench/embedded-sync.ts`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WebSocket } from 'ws';
import { pragmas } from '../src/embedded/store/database.ts';
import { createTestApp, startProcess } from '../src/embedded/testApp.testing.ts';

export interface Measure {
	readonly name: string;
	readonly ours: number;
	readonly floor: number;
	/** ours / floor: 1 is as fast as SQLite itself. */
	readonly ratio: number;
	readonly unit: string;
}

const CLIENTS = 64;
const ROUNDS = 3;
const ROUND_MS = 3_000;
const BODY = 'x'.repeat(100);

/** One client: sends the next mutation when the last was answered. Resolves to the number answered by the deadline. */
async function client(url: string, deadline: number): Promise<number> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/api/1.48.0/sync`);
	await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
	let answered = 0;
	const send = (): void => {
		const args = [{ channel: `channel ${answered % 50}`, body: BODY }];
		socket.send(JSON.stringify({ type: 'Mutation', requestId: answered, udfPath: 'messages:send', args }));
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
function raw(path: string): number {
	const database = new DatabaseSync(path);
	database.exec(
		`${pragmas({ synchronous: 'NORMAL' })}
		CREATE TABLE docs (tbl INTEGER NOT NULL, id BLOB NOT NULL, json TEXT NOT NULL, PRIMARY KEY (tbl, id)) STRICT, WITHOUT ROWID;
		CREATE TABLE idx (ix INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (ix, k)) STRICT, WITHOUT ROWID;`
	);
	const begin = database.prepare('BEGIN IMMEDIATE');
	const commit = database.prepare('COMMIT');
	const insertDocument = database.prepare('INSERT INTO docs (tbl, id, json) VALUES (?, ?, ?)');
	const insertEntry = database.prepare('INSERT INTO idx (ix, k) VALUES (?, ?)');
	const start = performance.now();
	let count = 0;
	for (; performance.now() - start < ROUND_MS; count++) {
		const id = Buffer.concat([Buffer.alloc(8), randomBytes(8)]);
		id.writeDoubleBE(Date.now() + count / 1e6);
		begin.run();
		insertDocument.run(
			10_001,
			id,
			JSON.stringify({ channel: `channel ${count % 50}`, body: BODY, _creationTime: Date.now(), _id: 'k'.repeat(32) })
		);
		insertEntry.run(1, Buffer.concat([Buffer.from(`\u0010channel ${count % 50}\0`), id]));
		commit.run();
	}
	const speed = (count * 1000) / (performance.now() - start);
	database.close();
	return speed;
}

/** `ours` and `floor` are mutations a second, the best of several rounds that take turns; higher is better. */
export async function run(): Promise<Measure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'sync-bench-'));
	const app = createTestApp();
	const deployment = await startProcess(join(folder, 'data'), 0, '--app', app.dir);
	try {
		const { code, output } = await app.convex(deployment, 'deploy', '-y', '--typecheck', 'disable');
		if (code !== 0) throw new Error(output);
		const ours: number[] = [];
		const floor: number[] = [];
		for (let round = 0; round < ROUNDS; round++) {
			ours.push(await overSockets(deployment.url));
			floor.push(raw(join(folder, `raw-${round}.sqlite`)));
		}
		const [a, b] = [Math.max(...ours), Math.max(...floor)];
		return [
			{
				name: `sync: 1-document mutations, ${CLIENTS} WebSocket clients`,
				ours: a,
				floor: b,
				ratio: a / b,
				unit: 'mutations/s'
			}
		];
	} finally {
		deployment.child.kill('SIGTERM');
		await deployment.ended;
		app.remove();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) console.table(await run());
