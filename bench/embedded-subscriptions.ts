/**
 * From a write to the update at other clients: one client writes 50 times a second, N others watch the 30 newest rows,
 * all in this process; the deployment is in processes of its own. The floor is the same without a framework, in a process
 * of its own too: `ws` and `node:sqlite`, which commits the row, reads the 30 newest back and sends them to everybody.
 * The two take turns. Run it alone with `node bench/embedded-subscriptions.ts`, or with the numbers of subscribers.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { pragmas } from '../src/embedded/store/databaseOptions.ts';
import { createTestApp, startProcess } from '../src/embedded/testApp.testing.ts';
import type { Measure } from './measure.ts';

const SUBSCRIBERS = [1, 10, 100, 500];
const WRITES_PER_SECOND = 50;
const ROUNDS = 3;
const WRITES = 200;
const WARM_UP = 25;
const BODY = 'x'.repeat(120);
const FLOOR = 'floor';

const FEED = `
	import { mutationGeneric, queryGeneric } from 'convex/server';
	import { v } from 'convex/values';
	export const latest = queryGeneric({
		args: {},
		handler: async ({ db }) =>
			await db.query('messages').withIndex('by_channel', (q) => q.eq('channel', 'feed')).order('desc').take(30)
	});
	export const post = mutationGeneric({
		args: { body: v.string() },
		handler: async ({ db }, { body }) => void (await db.insert('messages', { channel: 'feed', body }))
	});`;

/** How a client of one of the two servers talks. */
interface Side {
	readonly address: string;
	/** What a new subscriber says. */
	readonly subscribe: readonly object[];
	readonly begin: readonly object[];
	write(number: number): object;
}

function ours(url: string): Side {
	const connect = { type: 'Connect', connectionCount: 0, lastCloseReason: null };
	const add = { type: 'Add', queryId: 0, udfPath: 'feed:latest', args: [{}] };
	return {
		address: `${url.replace('http', 'ws')}/api/1.48.0/sync`,
		subscribe: [
			{ ...connect, sessionId: randomUUID() },
			{ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: [add] }
		],
		begin: [{ ...connect, sessionId: randomUUID() }],
		write: (number) => ({
			type: 'Mutation',
			requestId: number,
			udfPath: 'feed:post',
			args: [{ body: `#${number}#${BODY}` }]
		})
	};
}

function raw(port: number): Side {
	return {
		address: `ws://127.0.0.1:${port}`,
		subscribe: [{ subscribe: true }],
		begin: [],
		write: (number) => ({ body: `#${number}#${BODY}` })
	};
}

async function open(address: string, messages: readonly object[]): Promise<WebSocket> {
	const socket = new WebSocket(address);
	await once(socket, 'open');
	for (const message of messages) socket.send(JSON.stringify(message));
	return socket;
}

/** Milliseconds from each write to each subscriber, in order. An update that shows several writes counts for each. */
async function latencies(side: Side, subscribers: number, first: number): Promise<number[]> {
	const sent: number[] = [];
	const taken: number[] = [];
	let last = 0;
	const sockets = await Promise.all(
		Array.from({ length: subscribers }, async () => {
			const socket = await open(side.address, side.subscribe);
			let seen = first - 1;
			socket.on('message', (data: Buffer) => {
				const mark = data.indexOf(0x23);
				if (mark < 0) return;
				const now = performance.now();
				const newest = Number(data.toString('latin1', mark + 1, data.indexOf(0x23, mark + 1)));
				for (; seen < newest; seen++) {
					const at = sent[seen + 1 - first];
					if (at !== undefined && seen + 1 - first >= WARM_UP) taken.push(now - at);
				}
				if (newest - first === WRITES - 1) last += 1;
			});
			return socket;
		})
	);
	const writer = await open(side.address, side.begin);
	await setTimeout(200);
	const start = performance.now();
	for (let i = 0; i < WRITES; i++) {
		await setTimeout(Math.max(0, start + (i * 1000) / WRITES_PER_SECOND - performance.now()));
		sent.push(performance.now());
		writer.send(JSON.stringify(side.write(first + i)));
	}
	const deadline = performance.now() + 10_000;
	while (last < subscribers && performance.now() < deadline) await setTimeout(20);
	for (const socket of [...sockets, writer]) socket.terminate();
	if (last < subscribers) throw new Error(`${subscribers - last} subscribers never saw the last write.`);
	return taken.toSorted((one, other) => one - other);
}

function quantile(sorted: readonly number[], q: number): number {
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** The server of the floor. Prints its port. */
function serveFloor(path: string): void {
	const database = new DatabaseSync(path);
	database.exec(
		`${pragmas({ synchronous: 'NORMAL' })}
		CREATE TABLE docs (tbl INTEGER NOT NULL, id BLOB NOT NULL, json TEXT NOT NULL, PRIMARY KEY (tbl, id)) STRICT, WITHOUT ROWID;
		CREATE TABLE idx (ix INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (ix, k)) STRICT, WITHOUT ROWID;`
	);
	const begin = database.prepare('BEGIN IMMEDIATE');
	const commit = database.prepare('COMMIT');
	const insertDocument = database.prepare('INSERT INTO docs (tbl, id, json) VALUES (1, ?, ?)');
	const insertEntry = database.prepare('INSERT INTO idx (ix, k) VALUES (1, ?)');
	const newest = database.prepare(
		'SELECT docs.json FROM idx JOIN docs ON docs.tbl = 1 AND docs.id = idx.k WHERE ix = 1 ORDER BY k DESC LIMIT 30'
	);
	const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
	const subscribers = new Set<WebSocket>();
	let count = 0;
	server.on('connection', (socket) => {
		socket.on('close', () => subscribers.delete(socket));
		socket.on('message', (data) => {
			const { subscribe, body }: { subscribe?: boolean; body?: string } = JSON.parse(String(data));
			if (subscribe) return void subscribers.add(socket);
			const id = randomBytes(16);
			id.writeBigUInt64BE(BigInt(++count));
			begin.run();
			insertDocument.run(
				id,
				JSON.stringify({ channel: 'feed', body, _creationTime: Date.now(), _id: id.toString('hex') })
			);
			insertEntry.run(id);
			commit.run();
			const rows = newest.all().map((row) => String(row.json));
			const update = `{"type":"Update","value":[${rows.join(',')}]}`;
			for (const subscriber of subscribers) subscriber.send(update);
			socket.send('{"type":"Written"}');
		});
	});
	server.on('listening', () => {
		const address = server.address();
		console.log(typeof address === 'object' ? address?.port : address);
	});
}

/** `ours` and `floor` are the 95th percentiles in microseconds, the best of several rounds; `ratio` is floor / ours. */
export async function run(counts: readonly number[] = SUBSCRIBERS): Promise<Measure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'subscriptions-bench-'));
	const app = createTestApp();
	app.write('convex/feed.ts', FEED);
	const deployment = await startProcess(join(folder, 'data'), 0, '--app', app.dir);
	const floor = spawn(process.execPath, [import.meta.filename, FLOOR, join(folder, 'raw.sqlite')], {
		stdio: ['ignore', 'pipe', 'inherit']
	});
	try {
		const { code, output } = await app.convex(deployment, 'deploy', '-y', '--typecheck', 'disable');
		if (code !== 0) throw new Error(output);
		const [port] = await once(floor.stdout, 'data');
		const sides = [ours(deployment.url), raw(Number(String(port)))];
		const measures: Measure[] = [];
		let first = 1;
		for (const subscribers of counts) {
			const best = sides.map(() => ({ p50: Infinity, p95: Infinity, p99: Infinity }));
			for (let round = 0; round < ROUNDS; round++) {
				for (const [index, side] of sides.entries()) {
					const sorted = await latencies(side, subscribers, first);
					const p95 = quantile(sorted, 0.95);
					if (p95 < (best[index]?.p95 ?? 0))
						best[index] = { p50: quantile(sorted, 0.5), p95, p99: quantile(sorted, 0.99) };
				}
				first += WRITES;
			}
			const [a, b] = best.map(({ p95 }) => p95 * 1000);
			if (a === undefined || b === undefined) throw new Error('Nothing was measured.');
			const words = best.map(({ p50, p99 }) => `${p50.toFixed(1)}/${p99.toFixed(1)}`).join(' against ');
			measures.push({
				name: `write to update, ${subscribers} subscribers, p95 (p50/p99 in ms: ${words})`,
				ours: a,
				floor: b,
				ratio: b / a,
				unit: 'µs'
			});
		}
		return measures;
	} finally {
		floor.kill();
		deployment.child.kill('SIGTERM');
		await deployment.ended;
		app.remove();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) {
	const [first, path] = process.argv.slice(2);
	if (first === FLOOR && path !== undefined) serveFloor(path);
	else {
		const counts = process.argv.slice(2).map(Number);
		console.table(await run(counts.length > 0 ? counts : SUBSCRIBERS));
	}
}
