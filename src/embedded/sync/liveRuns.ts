/**
 * The runs that are kept live: each is watched by the engine until a commit touches it, and holds for everybody who asks
 * the same until then.
 *
 * It relies on the engine passing on every commit up to a snapshot's timestamp before that snapshot's answers.
 */
import { setTimeout } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { CommitNotice, Failure, Identity, QueryResult, Successor } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { JOIN_WITHIN_MS } from './limits.ts';
import { LiveRun, queryRequest } from './liveRun.ts';
import type { Asker, Question, QuerySpec, Watcher } from './liveRun.ts';
import { Quarantine } from './quarantine.ts';

/** Answers questions that are not the app's own functions; null when the path is not one of them. */
export type SystemQueries = (spec: QuerySpec, identity: Identity) => Promise<QueryResult> | null;

/** A question, and one of those who ask it. */
export interface Asked {
	readonly question: Question;
	readonly asker: Asker;
}

interface Entry extends Asked {
	readonly key: string;
	/** Subscription name in the engine. */
	readonly name: string;
}

interface EarlyNotices {
	everything: bigint | null;
	readonly named: Map<string, bigint>;
}

/** After the engine failed, the next attempt waits this long. */
const RETRY_AFTER_MS = 100;

export class LiveRuns {
	readonly #engine: Engine;
	readonly #system: SystemQueries;
	/** Runs the engine watches, by subscription name. */
	readonly #watched = new Map<string, LiveRun>();
	/** System queries have no read set: any commit makes them stale. */
	readonly #unwatched = new Set<LiveRun>();
	/** Those that a new subscription may join, the oldest first. */
	readonly #newest = new Map<string, LiveRun>();
	readonly #quarantine = new Quarantine();
	/** Invalidations of runs whose result has not come back yet; null when none is out. */
	#early: EarlyNotices | null = null;
	/** Every commit up to here has been heard of. */
	#horizon: bigint;
	/** Grows when what system queries tell of changes without a commit. */
	#systemVersion = 0;
	#runs = 0;
	readonly #stopListening: () => void;

	constructor(engine: Engine, system: SystemQueries) {
		this.#engine = engine;
		this.#system = system;
		this.#horizon = engine.latestTs();
		this.#stopListening = engine.onCommit((notice, successor) => this.#committed(notice, successor));
	}

	get size(): number {
		return this.#watched.size + this.#unwatched.size;
	}

	/** The watcher no longer uses this run. */
	release(run: LiveRun, watcher: Watcher): void {
		run.watchers.delete(watcher);
		if (run.watchers.size === 0) this.forget(run);
	}

	/** Nobody uses the run. Somebody who is about to will find that it does not hold any more. */
	forget(run: LiveRun): void {
		run.until ??= run.from;
		if (this.#watched.get(run.name) === run) this.#engine.unsubscribe([run.name]);
		this.#drop(run);
	}

	/** Functions or their environment changed: every answer may be different, and what was dangerous may be mended. */
	invalidateEverything(): void {
		this.#quarantine.clear();
		this.#invalidateAll(this.#engine.latestTs() + 1n);
	}

	/** What system queries tell of has changed without a commit. */
	systemChanged(): void {
		this.#systemVersion++;
		for (const run of [...this.#unwatched]) this.#invalidate(run, this.#horizon + 1n);
	}

	/** Lets go of answers that nobody will ask for any more. */
	beat(): void {
		for (const run of this.#newest.values()) {
			if (isYoung(run)) return;
			this.#retire(run);
		}
	}

	close(): void {
		this.#stopListening();
	}

	/** A run of the question that may be joined. */
	young(key: string): LiveRun | null {
		const newest = this.#newest.get(key);
		return newest && isYoung(newest) ? newest : null;
	}

	/** Runs every distinct question at one snapshot, which is the horizon when there is nothing to run. */
	async run(needed: ReadonlyMap<string, Asked>, atLeast: bigint): Promise<{ ts: bigint; runs: Map<string, LiveRun> }> {
		const runs = new Map<string, LiveRun>();
		const entries: Entry[] = [];
		const others: { key: string; asked: Asked; result: Promise<QueryResult> | QueryResult }[] = [];
		const before = this.#horizon;
		const systemVersion = this.#systemVersion;
		for (const [key, asked] of needed) {
			const failure = this.#quarantine.failureOf(key);
			const result = failure ? failed(failure) : this.#system(asked.question.spec, asked.asker.identity);
			if (result) others.push({ key, asked, result });
			else entries.push({ key, name: `run-${++this.#runs}`, ...asked });
		}
		const snapshot = entries.length > 0 || before < atLeast ? await this.#snapshot(entries, runs) : null;
		const results = await Promise.all(others.map(({ result }) => result));
		const ts = snapshot ?? this.#horizon;
		for (const [index, result] of results.entries()) {
			const other = others[index];
			if (!other) continue;
			const run = new LiveRun(`system-${++this.#runs}`, other.asked.question, other.asked.asker, result, 0n);
			runs.set(other.key, run);
			// It may or may not have seen what was committed meanwhile.
			if (this.#horizon > before || this.#systemVersion !== systemVersion) run.until = ts + 1n;
			else this.#unwatched.add(run);
		}
		return { ts, runs };
	}

	#committed(notice: CommitNotice, successor: (ended: string) => Successor | null): void {
		if (notice.ts > this.#horizon) this.#horizon = notice.ts;
		for (const run of this.#unwatched) this.#invalidate(run, notice.ts);
		if (notice.everything) return this.#invalidateAll(notice.ts);
		for (const name of notice.invalidated) {
			const run = this.#watched.get(name);
			if (run) this.#invalidate(run, notice.ts, successor(name));
			else this.#early?.named.set(name, notice.ts);
		}
	}

	#invalidateAll(ts: bigint): void {
		if (this.#early) this.#early.everything = ts;
		for (const run of [...this.#watched.values(), ...this.#unwatched]) this.#invalidate(run, ts);
	}

	#invalidate(run: LiveRun, ts: bigint, successor: Successor | null = null): void {
		run.until ??= ts;
		this.#drop(run);
		const next = successor ? run.next(successor, ts) : null;
		if (next) this.#watch(next);
		for (const watcher of run.watchers) watcher.invalidated(next);
		if (next?.watchers.size === 0) this.forget(next);
	}

	#watch(run: LiveRun): void {
		this.#watched.set(run.name, run);
		this.#newest.delete(run.key);
		this.#newest.set(run.key, run);
	}

	#drop(run: LiveRun): void {
		this.#watched.delete(run.name);
		this.#unwatched.delete(run);
		this.#retire(run);
	}

	/** Nobody joins the run from here on. Whoever watches it has taken its answer; without watchers, they are about to. */
	#retire(run: LiveRun): void {
		if (this.#newest.get(run.key) === run) this.#newest.delete(run.key);
		if (run.watchers.size > 0) run.answer = null;
	}

	/** Adds the runs of these questions at one new snapshot, and returns its timestamp; null when the engine failed. */
	async #snapshot(entries: readonly Entry[], runs: Map<string, LiveRun>): Promise<bigint | null> {
		const early: EarlyNotices = { everything: null, named: new Map() };
		this.#early = early;
		const requests = entries.map(({ question, asker, name }) =>
			queryRequest(question.spec, asker.identity, newRequestId(), name)
		);
		const snapshot = await this.#engine.querySet(requests).catch(async (error: unknown) => {
			for (const { key } of entries) this.#quarantine.setAside(key, engineFailure(error));
			await setTimeout(RETRY_AFTER_MS);
			return null;
		});
		this.#early = null;
		if (!snapshot) return null;
		const { ts, results } = snapshot;
		if (ts > this.#horizon) this.#horizon = ts;
		// The engine was replaced meanwhile: what failed may be what ended it, and must not end one after the other.
		const replaced = early.everything !== null && early.everything <= ts;
		for (const [index, { key, name, question, asker }] of entries.entries()) {
			const result = results[index];
			if (!result) throw new Error('The engine answered fewer queries than it was asked.');
			const suspect = replaced && !result.outcome.ok ? result.outcome.failure : null;
			if (suspect && this.#quarantine.mayTryAgain(key, suspect)) continue;
			const run = new LiveRun(name, question, asker, result, ts);
			runs.set(key, run);
			if (suspect) {
				this.#unwatched.add(run);
				continue;
			}
			this.#quarantine.acquit(key);
			run.until = early.named.get(name) ?? early.everything;
			if (run.until !== null) continue;
			this.#watch(run);
		}
		return ts;
	}
}

function isYoung({ ranAt }: LiveRun): boolean {
	return performance.now() - ranAt <= JOIN_WITHIN_MS;
}

function engineFailure(error: unknown): Failure {
	return {
		message: `[Request ID: ${newRequestId()}] Server Error\n${error instanceof Error ? error.message : String(error)}`
	};
}

function failed(failure: Failure): QueryResult {
	return { outcome: { ok: false, failure, logLines: [] }, journal: null, readIdentity: true };
}
