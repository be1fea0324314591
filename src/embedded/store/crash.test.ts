import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { applySchema, drain, exportedSchema, read, withFile } from './testStore.ts';

const ROUNDS = 20;
const writer = fileURLToPath(new URL('./crashWriter.ts', import.meta.url));

interface Acknowledged {
	readonly ts: bigint;
	readonly inserted: number;
}

/** Writes in a process of its own until it is killed without warning; returns the last commit it told of. */
async function writeUntilKilled(path: string, afterMs: number): Promise<Acknowledged | null> {
	const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
	const exited = once(child, 'exit');
	let last: Acknowledged | null = null;
	let timer: NodeJS.Timeout | null = null;
	for await (const line of createInterface({ input: child.stdout })) {
		const [ts, inserted] = line.split(' ');
		last = { ts: BigInt(ts ?? 0), inserted: Number(inserted) };
		timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
	}
	const [, signal] = await exited;
	expect(signal).toBe('SIGKILL');
	return last;
}

test(`${ROUNDS} sudden deaths: the file is whole, nothing acknowledged is lost, indexes equal documents`, async () => {
	await withFile(async (path) => {
		const first = SqliteStore.open(path);
		applySchema(first, exportedSchema({ items: { indexes: { by_n: ['n'], by_text_n: ['text', 'n'] } } }));
		first.close();
		let total = 0;
		for (let round = 0; round < ROUNDS; round++) {
			const acknowledged = await writeUntilKilled(path, (round * 7) % 60);
			const store = SqliteStore.open(path);
			expect(store.latestTs).toBeGreaterThanOrEqual(acknowledged?.ts ?? 0n);
			const numbers = read(store, (tx) => drain(tx.scan('', 'items', 'by_n', EVERYTHING, 'asc'))).map((found) =>
				Number(JSON.parse(found.json).n)
			);
			// A commit is whole or absent: numbers have no gap, and each transaction writes five.
			expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n));
			expect(numbers.length % 5).toBe(0);
			expect(numbers.length).toBeGreaterThanOrEqual(acknowledged?.inserted ?? 0);
			expect(numbers.length).toBeGreaterThan(total);
			total = numbers.length;
			expect(indexFaults(store)).toEqual([]);
			store.close();
		}
	});
}, 120_000);
