/**
 * Functions run by the engine in its own process, without sockets, beside raw node:sqlite and beside convex-test. Run it
 * alone with `node bench/embedded-engine.ts`.
 *
 * Mutations of 500 documents: four callers, as many documents a second as raw SQLite that writes the same rows, 500 a
 * transaction, with the same fsync. A year: a query that adds up 365 documents of an index, and the same in this process
 * with a prepared statement and JSON.parse. Newest: `take(30)` of an index at several sizes of the table; the floor is a
 * table of 1,000, and 1 means that size makes no difference.
 */
import { convexTest } from 'convex-test';
import { makeFunctionReference } from 'convex/server';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { deploy } from '../src/embedded/corpus/harness.ts';
import { createEngine } from '../src/embedded/engine/client.ts';
import type { Engine } from '../src/embedded/engine/engine.ts';
import type { FunctionCall } from '../src/embedded/engine/types.ts';
import { benchApp } from './app/bundle.ts';
import * as functions from './app/convex/items.ts';
import schema from './app/convex/schema.ts';
import { compare, perSecond } from './measure.ts';
import type { Measure } from './measure.ts';
import { RawFile, rawRows } from './rawFile.ts';

const PER_MUTATION = 500;
const DOCUMENTS = 40_000;
const CALLERS = 4;
const SIZES = [0, 1_000, 20_000, 200_000];
/** convex-test needs minutes to hold more. */
const CONVEX_TEST_SIZES = [0, 1_000, 20_000];
const RUNS = 200;
const CLOUD = 'http://127.0.0.1:1';

type Durability = 'normal' | 'full';

function call(path: string, args: object): FunctionCall {
	return {
		path,
		args: JSON.stringify([args]),
		componentPath: '',
		identity: { kind: 'admin' },
		caller: 'client',
		requestId: 'bench'
	};
}

/** Runs `use` on an engine with the app deployed, in a folder of its own. */
async function withEngine<T>(durability: Durability, use: (engine: Engine, folder: string) => Promise<T>): Promise<T> {
	const folder = mkdtempSync(join(tmpdir(), 'engine-bench-'));
	const places = { dataDir: folder, appDir: import.meta.dirname, cloudUrl: CLOUD, siteUrl: CLOUD };
	const engine = await createEngine({ ...places, durability });
	try {
		await deploy(engine, await benchApp());
		return await use(engine, folder);
	} finally {
		await engine.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Inserts the items from one number to another, `PER_MUTATION` in each mutation, a few mutations on their way at once. */
async function fill(engine: Engine, from: number, to: number): Promise<void> {
	let next = from;
	const caller = async (): Promise<void> => {
		while (next < to) {
			const start = next;
			next += PER_MUTATION;
			const count = Math.min(PER_MUTATION, to - start);
			const { outcome } = await engine.mutation(call('items:fill', { from: start, count }));
			if (!outcome.ok) throw new Error(outcome.failure.message);
		}
	};
	await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function mutations(durability: Durability): Promise<Measure> {
	const prepared = rawRows(DOCUMENTS);
	const ours = (): Promise<number> =>
		withEngine(durability, async (engine) => {
			await fill(engine, 0, 2 * PER_MUTATION);
			return perSecond(DOCUMENTS, () => fill(engine, 0, DOCUMENTS));
		});
	const floor = async (): Promise<number> => {
		const folder = mkdtempSync(join(tmpdir(), 'engine-bench-'));
		const file = new RawFile(join(folder, 'data.sqlite'), durability === 'full' ? 'FULL' : 'NORMAL');
		const speed = await perSecond(DOCUMENTS, () => {
			for (let i = 0; i < DOCUMENTS; i += PER_MUTATION) file.commit(prepared.slice(i, i + PER_MUTATION));
		});
		file.close();
		rmSync(folder, { recursive: true });
		return speed;
	};
	const name = `engine: ${PER_MUTATION}-document mutations, fsync ${durability}`;
	return compare(name, 'documents/s', { ours, floor }, 3);
}

/** How many times a second the engine runs a query; many runs in one message, so that messages do not count. */
async function queries(engine: Engine, path: string, args: object): Promise<number> {
	const requests = Array.from({ length: RUNS }, () => ({ ...call(path, args), journal: null }));
	return perSecond(RUNS, async () => {
		const { results } = await engine.querySet(requests);
		for (const { outcome } of results) if (!outcome.ok) throw new Error(outcome.failure.message);
	});
}

function year(): Promise<Measure> {
	return withEngine('normal', async (engine, folder) => {
		await fill(engine, 0, 365 * 50);
		const file = new DatabaseSync(join(folder, 'data.sqlite'), { readOnly: true });
		const { id: index = null, tbl = null } =
			file.prepare("SELECT id, tbl FROM indexes WHERE name = 'by_name_day'").get() ?? {};
		const bounds = file.prepare("SELECT k FROM idx WHERE ix = ? AND instr(k, CAST('series 7' AS BLOB)) > 0 ORDER BY k");
		const keys = bounds.all(index).map(({ k }) => k ?? null);
		const read = file.prepare(
			'SELECT json FROM idx JOIN docs ON docs.tbl = ? AND docs.id = substr(k, -16) WHERE ix = ? AND k >= ? AND k <= ? ORDER BY k'
		);
		const floor = (): Promise<number> =>
			perSecond(RUNS, () => {
				for (let run = 0; run < RUNS; run++) {
					const rows = read.all(tbl, index, keys[0] ?? null, keys.at(-1) ?? null);
					if (rows.length !== 365) throw new Error(`the floor read ${rows.length} documents`);
					rows.reduce((sum, { json }) => sum + JSON.parse(String(json)).value, 0);
				}
			});
		const measure = await compare('engine: a query of 365 documents', 'queries/s', {
			ours: () => queries(engine, 'items:year', { name: 'series 7' }),
			floor
		});
		file.close();
		return measure;
	});
}

/** At each size of the table: queries a second, beside those at the second size. */
async function newest(
	name: string,
	sizes: readonly number[],
	grow: Grow,
	run: () => Promise<number>
): Promise<Measure[]> {
	const speeds: number[] = [];
	let size = 0;
	for (const next of sizes) {
		await grow(size, next);
		size = next;
		const rounds: number[] = [];
		for (let round = 0; round < 5; round++) rounds.push(await run());
		speeds.push(Math.max(...rounds));
	}
	const [, floor = 1] = speeds;
	return speeds.map((ours, i) => {
		const words = `${name}: take(30) of an index, ${sizes[i]} documents`;
		return { name: words, unit: 'queries/s', ours, floor, ratio: ours / floor };
	});
}

type Grow = (from: number, to: number) => Promise<void>;

function newestOfEngine(): Promise<Measure[]> {
	return withEngine('normal', (engine) =>
		newest(
			'engine',
			SIZES,
			(from, to) => fill(engine, from, to),
			() => queries(engine, 'items:newest', {})
		)
	);
}

async function newestOfConvexTest(): Promise<Measure[]> {
	const backend = convexTest(schema, { './_generated/api.js': async () => ({}), './items.ts': async () => functions });
	const grow = async (from: number, to: number): Promise<void> => {
		const reference = makeFunctionReference<'mutation'>('items:fill');
		for (let i = from; i < to; i += 1_000)
			await backend.mutation(reference, { from: i, count: Math.min(1_000, to - i) });
	};
	const runs = 3;
	return newest('convex-test', CONVEX_TEST_SIZES, grow, () =>
		perSecond(runs, async () => {
			for (let run = 0; run < runs; run++) await backend.query(makeFunctionReference<'query'>('items:newest'), {});
		})
	);
}

/** `ours` and `floor` are in `unit`; higher is better. */
export async function run(): Promise<Measure[]> {
	return [
		await mutations('full'),
		await mutations('normal'),
		await year(),
		...(await newestOfEngine()),
		...(await newestOfConvexTest())
	];
}

if (import.meta.main) console.table(await run());
