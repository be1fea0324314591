import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { bundleCorpus, bundleText } from '../../corpus/bundle.ts';
import type { PushBundle } from '../../engine/bundle.ts';
import { inspect } from './inspect.ts';
import { Load, Tally } from './load.ts';
import { Victim } from './victim.ts';

export interface KillRounds {
	readonly rounds: number;
	readonly seed: number;
	/** Rounds on one folder; then everything is left to settle, and a new folder begins. */
	readonly perFolder: number;
	readonly say?: (sentence: string) => void;
}

export interface KillReport {
	readonly kills: { server: number; engine: number };
	acknowledged: number;
	refused: number;
	batches: number;
	/** Actions whose mark is there; the others were lost to a kill, as they may be. */
	actionMarks: number;
	pushes: number;
	readonly faults: string[];
}

const urls = makeFunctionReference<'query', Record<string, never>, { name: string; url: string | null }[]>(
	'ledger:urls'
);
const jobs = makeFunctionReference<'query', Record<string, never>, { name: string; kind: string }[]>('events:jobs');

/**
 * Kills a deployment under load, again and again: the server with `kill -9`, or the process that holds the store. After each
 * round every client has its answers, and what they saw is one history; what the file holds is whole. Stops at the first
 * fault.
 */
export async function killRounds({ rounds, seed, perFolder, say = () => undefined }: KillRounds): Promise<KillReport> {
	const report: KillReport = {
		kills: { server: 0, engine: 0 },
		acknowledged: 0,
		refused: 0,
		batches: 0,
		actionMarks: 0,
		pushes: 0,
		faults: []
	};
	const bundles = await bothBundles();
	const random = randomFrom(seed);
	for (let from = 0; from < rounds && report.faults.length === 0; from += perFolder) {
		const folder = mkdtempSync(join(tmpdir(), 'kill-rounds-'));
		const victim = new Victim(folder);
		try {
			await victim.start();
			await victim.push(bundles[0]);
			const tally = new Tally();
			for (let round = from; round < Math.min(rounds, from + perFolder) && report.faults.length === 0; round++)
				await oneRound(victim, `${round}`, seed + round, random, bundles, tally, report);
			if (report.faults.length === 0) await settle(victim, tally, report);
			report.acknowledged += tally.acknowledged;
			report.refused += tally.refused;
			say(`${from + perFolder} rounds: ${JSON.stringify({ ...report, faults: report.faults.length })}`);
		} finally {
			await victim.kill().catch(() => undefined);
			rmSync(folder, { recursive: true, force: true });
		}
	}
	return report;
}

async function oneRound(
	victim: Victim,
	name: string,
	seed: number,
	random: () => number,
	bundles: readonly [PushBundle, PushBundle],
	tally: Tally,
	report: KillReport
): Promise<void> {
	const load = new Load(name, seed, victim.url, tally);
	await load.begun;
	const push =
		random() < 0.3 ? victim.push(bundles[random() < 0.5 ? 0 : 1]).then(() => report.pushes++) : Promise.resolve(0);
	// A push that the kill interrupts is refused or lost; the file says which, and either is right.
	push.catch(() => undefined);
	await setTimeout(random() * 150);
	if (random() < 0.5) {
		report.kills.engine++;
		victim.killEngine();
		await setTimeout(random() * 50);
	} else {
		report.kills.server++;
		await victim.kill();
		report.faults.push(...inspect(victim.dataDir, tally, false).faults.map((fault) => `Round ${name}: ${fault}`));
		await victim.start();
		load.moveTo(victim.url);
	}
	await load.finish();
	await push.catch(() => undefined);
	report.faults.push(...load.end().map((fault) => `Round ${name}: ${fault}`));
}

/** Waits for everything scheduled, reads every file back, and looks at what is left a last time. */
async function settle(victim: Victim, tally: Tally, report: KillReport): Promise<void> {
	const client = new ConvexHttpClient(victim.url, { logger: false });
	while ((await client.query(jobs, {})).some(({ kind }) => kind === 'pending' || kind === 'inProgress'))
		await setTimeout(20);
	for (const { name, url } of await client.query(urls, {})) {
		const path = url === null ? null : new URL(url).pathname;
		const found = path === null ? null : await (await fetch(new URL(path, victim.url))).text();
		if (found !== name) report.faults.push(`File ${name} holds ${found}.`);
	}
	await victim.kill();
	const { faults, batches, actionMarks } = inspect(victim.dataDir, tally, true);
	report.faults.push(...faults);
	report.batches += batches;
	report.actionMarks += actionMarks;
}

/** The corpus, and the corpus with one index more on the rows that are being written. */
async function bothBundles(): Promise<readonly [PushBundle, PushBundle]> {
	const bundle = await bundleCorpus();
	const functions = bundle.functions.filter(({ path }) => path !== 'crons.js');
	const wider = await bundleText(
		'wider.js',
		`import schema from './schema.ts'; schema.tables.rows.index('by_row', ['row']); export default schema;`
	);
	return [
		{ ...bundle, functions },
		{ ...bundle, functions, schema: { ...wider, path: 'schema.js' } }
	];
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
