/**
 * A flood: 2,000 sockets with five queries each, a frame of 100 MB, and consumers that never read. `floor` is the bound that
 * is promised (1 s for everybody else, 1 GiB for the process that holds the sockets) and `ratio` is floor / ours. Run it
 * alone with `node bench/embedded-flood.ts`, or with the number of sockets.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { createTestApp, startProcess } from '../src/embedded/testApp.testing.ts';
import type { Measure } from './measure.ts';

const SOCKETS = 2_000;
const QUERIES = 5;
const OPEN_AT_ONCE = 50;
const SLOW = 100;
const HUGE_BYTES = 100_000_000;
const BOUND_MS = 1_000;
const BOUND_MIB = 1_024;

const LARGE = `
	import { queryGeneric } from 'convex/server';
	import { v } from 'convex/values';
	export const text = queryGeneric({
		args: { name: v.string() },
		handler: async ({ db }, { name }) => {
			const found = await db.query('counters').withIndex('by_name', (q) => q.eq('name', name)).unique();
			return (found?.value ?? 0) + 'x'.repeat(4_000_000);
		}
	});`;

async function open(url: string): Promise<WebSocket> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/api/1.48.0/sync`);
	socket.on('error', () => undefined);
	await once(socket, 'open');
	say(socket, { type: 'Connect', sessionId: randomUUID(), connectionCount: 0, lastCloseReason: null });
	return socket;
}

function say(socket: WebSocket, message: object): void {
	socket.send(JSON.stringify(message));
}

function ask(socket: WebSocket, udfPath: string, names: readonly string[]): void {
	const modifications = names.map((name, queryId) => ({ type: 'Add', queryId, udfPath, args: [{ name }] }));
	say(socket, { type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications });
}

/** Resolves at the next message for which it holds. */
function hears(socket: WebSocket, holds: (message: string) => boolean): Promise<void> {
	return new Promise((resolve) => {
		const listen = (data: Buffer): void => {
			if (!holds(String(data))) return;
			socket.off('message', listen);
			resolve();
		};
		socket.on('message', listen);
	});
}

/** A message of 100 MB, a piece at a time so that this process goes on: it is refused before its end. */
async function sendHuge(socket: WebSocket): Promise<void> {
	const refused = once(socket, 'close');
	const piece = Buffer.alloc(HUGE_BYTES / 100, 'x');
	for (let sent = 0; sent < HUGE_BYTES && socket.readyState === socket.OPEN; sent += piece.length) {
		socket.send(piece, { binary: false, fin: sent + piece.length >= HUGE_BYTES });
		await setTimeout(1);
	}
	await refused;
}

function residentMiB(pid: number | undefined): number {
	return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export async function run(sockets = SOCKETS): Promise<Measure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'flood-bench-'));
	const app = createTestApp();
	app.write('convex/large.ts', LARGE);
	const deployment = await startProcess(join(folder, 'data'), 0, '--app', app.dir);
	let peak = 0;
	const watch = setInterval(() => (peak = Math.max(peak, residentMiB(deployment.child.pid))), 100);
	try {
		const { code, output } = await app.convex(deployment, 'deploy', '-y', '--typecheck', 'disable');
		if (code !== 0) throw new Error(output);
		const idle = residentMiB(deployment.child.pid);
		const measures: Measure[] = [];
		const bounded = (name: string, ours: number, floor: number, unit: string): void =>
			void measures.push({ name, ours, floor, ratio: floor / ours, unit });

		// Somebody else, whose mutations and their transitions must not wait.
		const other = await open(deployment.url);
		ask(other, 'messages:counter', ['other']);
		let longest = 0;
		let request = 0;
		let flooding = true;
		const beside = (async () => {
			while (flooding) {
				const began = performance.now();
				const updated = hears(
					other,
					(message) => message.startsWith('{"type":"Transition"') && message.includes('"value"')
				);
				say(other, {
					type: 'Mutation',
					requestId: request++,
					udfPath: 'messages:add',
					args: [{ name: 'other', by: 1 }]
				});
				await updated;
				longest = Math.max(longest, performance.now() - began);
				await setTimeout(50);
			}
		})();
		const began = performance.now();
		const all: WebSocket[] = [];
		const answers: Promise<void>[] = [];
		while (all.length < sockets) {
			const opened = await Promise.all(Array.from({ length: OPEN_AT_ONCE }, () => open(deployment.url)));
			for (const socket of opened) {
				answers.push(hears(socket, (message) => message.includes('"value"')));
				const names = Array.from({ length: QUERIES }, (_, query) => `${all.length} ${query}`);
				ask(socket, 'messages:counter', names);
				all.push(socket);
			}
		}
		await Promise.all(answers);
		const words = `${sockets} sockets, ${sockets * QUERIES} queries`;
		console.log(
			`${words}: all answered after ${Math.round(performance.now() - began)} ms; idle ${Math.round(idle)} MiB`
		);
		bounded(`${words}: longest write to update of another client meanwhile`, longest, BOUND_MS, 'ms');
		bounded(`${words}: RSS`, residentMiB(deployment.child.pid), BOUND_MIB, 'MiB');

		longest = 0;
		await sendHuge(await open(deployment.url));
		const slow = all.slice(0, SLOW);
		for (const socket of slow) {
			say(socket, {
				type: 'ModifyQuerySet',
				baseVersion: 1,
				newVersion: 2,
				modifications: [{ type: 'Add', queryId: QUERIES, udfPath: 'large:text', args: [{ name: 'other' }] }]
			});
			socket.pause();
		}
		await setTimeout(5_000);
		flooding = false;
		await beside;
		bounded(`${SLOW} of them never read 4 MB at 20 writes/s, and a 100 MB frame: the same`, longest, BOUND_MS, 'ms');
		bounded(`${SLOW} of them never read 4 MB at 20 writes/s, and a 100 MB frame: peak RSS`, peak, BOUND_MIB, 'MiB');
		for (const socket of [...all, other]) socket.terminate();
		return measures;
	} finally {
		clearInterval(watch);
		deployment.child.kill('SIGTERM');
		await deployment.ended;
		app.remove();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) console.table(await run(Number(process.argv[2] ?? SOCKETS)));
