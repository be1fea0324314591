import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convexToJson, jsonToConvex } from 'convex/values';
import type { Value } from 'convex/values';
import { createEngine } from '../engine/client.ts';
import type { Limits } from '../engine/limits.ts';
import type { PushBundle } from '../engine/bundle.ts';
import type { Engine } from '../engine/engine.ts';
import type { CommitNotice, FunctionCall, Identity, LogEntry, Outcome, QueryResult } from '../engine/types.ts';
import { bundleCorpus } from './bundle.ts';

export const CLOUD_URL = 'http://127.0.0.1:4001';
export const SITE_URL = 'http://127.0.0.1:4002';

type Arguments = { [name: string]: Value | undefined };

/** An engine with the corpus deployed, on a folder of its own, for tests. */
export class Corpus {
	engine: Engine;
	readonly dataDir: string;
	readonly logs: LogEntry[] = [];
	readonly notices: CommitNotice[] = [];
	readonly reports: string[] = [];
	readonly bundle: PushBundle;
	readonly #limits: Partial<Limits>;

	private constructor(engine: Engine, dataDir: string, bundle: PushBundle, limits: Partial<Limits>) {
		this.engine = engine;
		this.dataDir = dataDir;
		this.bundle = bundle;
		this.#limits = limits;
		this.#listen();
	}

	static async start(limits: Partial<Limits> = {}): Promise<Corpus> {
		const corpus = await Corpus.open(await bundleCorpus(), limits);
		await corpus.push(corpus.bundle);
		return corpus;
	}

	/** As `start`, with nothing deployed yet. */
	static async open(bundle: PushBundle, limits: Partial<Limits> = {}): Promise<Corpus> {
		const dataDir = mkdtempSync(join(tmpdir(), 'embedded-corpus-'));
		return new Corpus(await openEngine(dataDir, limits, () => undefined), dataDir, bundle, limits);
	}

	push(bundle: PushBundle) {
		return deploy(this.engine, bundle);
	}

	/** Ends the engine's processes and starts new ones on the same folder. */
	async restart(): Promise<void> {
		await this.engine.close();
		this.engine = await openEngine(this.dataDir, this.#limits, (sentence) => this.reports.push(sentence));
		this.#listen();
	}

	/** Ends the process that runs queries and mutations, as a crash would; the engine starts another by itself. */
	killEngine(): void {
		this.signal('engine', 'SIGKILL');
	}

	/** Sends a signal to a process of the engine. */
	signal(name: 'engine' | 'actions', signal: NodeJS.Signals): void {
		const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
		for (const line of processes.split('\n')) {
			const [pid, parent] = line.trim().split(/\s+/);
			if (Number(parent) === process.pid && line.includes(`${name}/process.ts`)) process.kill(Number(pid), signal);
		}
	}

	async close(): Promise<void> {
		await this.engine.close();
		rmSync(this.dataDir, { recursive: true, force: true });
	}

	call(path: string, args: Arguments = {}, identity: Identity = { kind: 'admin' }): FunctionCall {
		return { path, args: argumentsJson(args), componentPath: '', identity, caller: 'client', requestId: 'feedbeef' };
	}

	async queryResult(
		path: string,
		args?: Arguments,
		options: { journal?: string; identity?: Identity } = {}
	): Promise<QueryResult> {
		const { results } = await this.engine.querySet([
			{ ...this.call(path, args, options.identity), journal: options.journal ?? null }
		]);
		const [result] = results;
		if (result === undefined) throw new Error('no result');
		return result;
	}

	async query(path: string, args?: Arguments): Promise<Value> {
		return valueOf((await this.queryResult(path, args)).outcome);
	}

	async mutation(path: string, args?: Arguments): Promise<Value> {
		return valueOf((await this.engine.mutation(this.call(path, args))).outcome);
	}

	async action(path: string, args?: Arguments): Promise<Value> {
		return valueOf(await this.engine.action(this.call(path, args)));
	}

	#listen(): void {
		this.engine.onLog((entry) => this.logs.push(entry));
		this.engine.onCommit((notice) => this.notices.push(notice));
	}
}

/** Pushes a bundle, as the CLI does. Throws the words with which it is refused. */
export async function deploy(engine: Engine, bundle: PushBundle) {
	const prepared = await engine.preparePush(bundle);
	if ('code' in prepared) throw new Error(`${prepared.code}: ${prepared.message}`);
	const change = await engine.submitSchema(prepared.analysis, false);
	const status = await engine.schemaStatus(change, SCHEMA_PATIENCE);
	if (status?.type === 'failed') throw new Error(status.error);
	const applied = await engine.applyPush(bundle, prepared.analysis);
	if ('code' in applied) throw new Error(`${applied.code}: ${applied.message}`);
	return { prepared, applied };
}

/** Milliseconds. */
const SCHEMA_PATIENCE = 60_000;

function openEngine(dataDir: string, limits: Partial<Limits>, report: (sentence: string) => void): Promise<Engine> {
	const appDir = fileURLToPath(new URL('.', import.meta.url));
	return createEngine({
		dataDir,
		appDir,
		cloudUrl: CLOUD_URL,
		siteUrl: SITE_URL,
		durability: 'normal',
		limits,
		report
	});
}

/** A function failed: the failure's text, and the ConvexError's data. */
export class CallFailed extends Error {
	readonly data: Value | undefined;

	constructor(message: string, data: Value | undefined) {
		super(message);
		this.data = data;
	}
}

export function valueOf(outcome: Outcome): Value {
	if (outcome.ok) return jsonToConvex(JSON.parse(outcome.value));
	const { message, data } = outcome.failure;
	throw new CallFailed(message, data === undefined ? undefined : jsonToConvex(JSON.parse(data)));
}

function argumentsJson(args: Arguments): string {
	const defined = Object.entries(args).flatMap(([name, value]): [string, Value][] =>
		value === undefined ? [] : [[name, value]]
	);
	return JSON.stringify([convexToJson(Object.fromEntries(defined))]);
}

/** Waits until a condition holds, asking every few milliseconds; fails after ten seconds. */
export async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
	const deadline = Date.now() + 10_000;
	for (;;) {
		const value = await ask();
		if (holds(value)) return value;
		if (Date.now() > deadline) throw new Error(`never came true; last: ${JSON.stringify(value)}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
