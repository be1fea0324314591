/**
 * Keeps the answers of every socket current. One loop: take the sockets that need an update, run what no longer holds
 * (each distinct question once) at one snapshot, and let every socket tell its client of that timestamp. A commit costs
 * the runs that it touched and the queries that watch them, however many others there are.
 *
 * It relies on the engine passing on every commit up to a snapshot's timestamp before that snapshot's answers.
 */
import { setTimeout } from 'node:timers/promises';
import type { CommitNotice, Engine, Failure, Identity, QueryResult } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { JOIN_WITHIN_MS, MAX_ATTEMPTS, MAX_RUNS_PER_BATCH } from './limits.ts';
import { LiveRun, queryRequest } from './liveRun.ts';
import type { Asker, Question, QuerySpec, Watcher } from './liveRun.ts';
import { Quarantine } from './quarantine.ts';

/** One query of a subscriber that needs an answer. */
interface WantedQuery {
	readonly question: Question;
	take(run: LiveRun): void;
}

/** What a subscriber needs for its next update. */
export interface UpdatePlan {
	readonly asker: Asker;
	readonly queries: readonly WantedQuery[];
	/** The update must not be older than this: read your writes. */
	readonly atLeast: bigint;
}

export interface Subscriber {
	/** False while closed or too far behind; it asks again when it has caught up. */
	readonly ready: boolean;
	/** Whether an answer is missing or no longer holds. */
	readonly stale: boolean;
	/** The queries without an answer that holds, or `all`; null when it has just ended. */
	plan(all: boolean): UpdatePlan | null;
	/** Tells the client, if it is still there, how things are at `ts`. False when an answer does not hold then. */
	deliver(ts: bigint): boolean;
}

/** Answers questions that are not the app's own functions; null when the path is not one of them. */
export type SystemQueries = (spec: QuerySpec, identity: Identity) => Promise<QueryResult> | null;

interface Planned {
	readonly subscriber: Subscriber;
	readonly atLeast: bigint;
	/** The queries that wait for a run, and the key of that run. */
	readonly waiting: readonly (readonly [WantedQuery, string])[];
}

interface Asked {
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

export class SubscriptionHub {
	readonly #engine: Engine;
	readonly #system: SystemQueries;
	/** Runs the engine watches, by subscription name. */
	readonly #watched = new Map<string, LiveRun>();
	/** System queries have no read set: any commit makes them stale. */
	readonly #unwatched = new Set<LiveRun>();
	readonly #newest = new Map<string, LiveRun>();
	readonly #waiting = new Set<Subscriber>();
	/** Those who wait because of what they asked for anew: answers that somebody has already go first. */
	readonly #newcomers = new Set<Subscriber>();
	/** How often the update of a subscriber has fallen between two commits. */
	readonly #attempts = new Map<Subscriber, number>();
	readonly #quarantine = new Quarantine();
	/** Invalidations of runs whose result has not come back yet; null when none is out. */
	#early: EarlyNotices | null = null;
	/** Every commit up to here has been heard of. */
	#horizon: bigint;
	#running = false;
	/** Grows when what system queries tell of changes without a commit. */
	#systemVersion = 0;
	#closed = false;
	#runs = 0;
	readonly #stopListening: () => void;

	constructor(engine: Engine, system: SystemQueries) {
		this.#engine = engine;
		this.#system = system;
		this.#horizon = engine.latestTs();
		this.#stopListening = engine.onCommit((notice) => this.#committed(notice));
	}

	/** Number of runs kept live; equal subscriptions share one. */
	get liveRuns(): number {
		return this.#watched.size + this.#unwatched.size;
	}

	/** Asks for an update of this subscriber, soon; `anew` when it is for new questions. */
	request(subscriber: Subscriber, anew = false): void {
		(anew ? this.#newcomers : this.#waiting).add(subscriber);
		if (this.#running) return;
		this.#running = true;
		setImmediate(() => void this.#work());
	}

	/** The subscriber no longer uses this run. */
	release(run: LiveRun, watcher: Watcher): void {
		run.watchers.delete(watcher);
		if (run.watchers.size === 0) this.#forget(run);
	}

	forget(subscriber: Subscriber): void {
		this.#waiting.delete(subscriber);
		this.#newcomers.delete(subscriber);
		this.#attempts.delete(subscriber);
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

	close(): void {
		this.#closed = true;
		this.#stopListening();
		this.#waiting.clear();
		this.#newcomers.clear();
	}

	#committed(notice: CommitNotice): void {
		if (notice.ts > this.#horizon) this.#horizon = notice.ts;
		for (const run of this.#unwatched) this.#invalidate(run, notice.ts);
		if (notice.everything) return this.#invalidateAll(notice.ts);
		for (const name of notice.invalidated) {
			const run = this.#watched.get(name);
			if (run) this.#invalidate(run, notice.ts);
			else this.#early?.named.set(name, notice.ts);
		}
	}

	#invalidateAll(ts: bigint): void {
		if (this.#early) this.#early.everything = ts;
		for (const run of [...this.#watched.values(), ...this.#unwatched]) this.#invalidate(run, ts);
	}

	#invalidate(run: LiveRun, ts: bigint): void {
		run.until ??= ts;
		this.#drop(run);
		for (const watcher of run.watchers) watcher.invalidated();
	}

	#drop(run: LiveRun): void {
		this.#watched.delete(run.name);
		this.#unwatched.delete(run);
		if (this.#newest.get(run.key) === run) this.#newest.delete(run.key);
	}

	/** Nobody uses the run. Somebody who is about to will find that it does not hold any more. */
	#forget(run: LiveRun): void {
		run.until ??= run.from;
		if (this.#watched.get(run.name) === run) this.#engine.unsubscribe([run.name]);
		this.#drop(run);
	}

	async #work(): Promise<void> {
		while (this.#waiting.size + this.#newcomers.size > 0 && !this.#closed) {
			const { plans, needed } = this.#takeBatch();
			await this.#update(plans, needed);
		}
		this.#running = false;
	}

	/** As many waiting subscribers as need no more than a batch of runs. */
	#takeBatch(): { plans: Planned[]; needed: Map<string, Asked> } {
		const plans: Planned[] = [];
		const needed = new Map<string, Asked>();
		// Each queue gives at least one, so that neither waits for ever.
		for (const queue of [this.#waiting, this.#newcomers]) {
			let given = 0;
			for (const subscriber of queue) {
				if (given > 0 && needed.size >= MAX_RUNS_PER_BATCH) break;
				given += 1;
				this.#waiting.delete(subscriber);
				this.#newcomers.delete(subscriber);
				const planned = subscriber.ready ? this.#prepare(subscriber, needed) : null;
				if (planned) plans.push(planned);
			}
		}
		return { plans, needed };
	}

	#prepare(subscriber: Subscriber, needed: Map<string, Asked>): Planned | null {
		// Updates that keep falling between two commits get all their answers from one snapshot, which cannot.
		const all = (this.#attempts.get(subscriber) ?? 0) >= MAX_ATTEMPTS;
		const plan = subscriber.plan(all);
		if (!plan) return null;
		const { asker, queries, atLeast } = plan;
		const waiting: [WantedQuery, string][] = [];
		for (const query of queries) {
			const { question } = query;
			const key = question.key(asker.name);
			const young = all ? null : (this.#young(question.key(asker.standing)) ?? this.#young(key));
			if (young) {
				query.take(young);
				continue;
			}
			waiting.push([query, key]);
			needed.set(key, { question, asker });
		}
		return { subscriber, atLeast, waiting };
	}

	/** A run of the question that may be joined. */
	#young(key: string): LiveRun | null {
		const newest = this.#newest.get(key);
		return newest && performance.now() - newest.ranAt <= JOIN_WITHIN_MS ? newest : null;
	}

	async #update(plans: readonly Planned[], needed: ReadonlyMap<string, Asked>): Promise<void> {
		const atLeast = plans.reduce((latest, plan) => (plan.atLeast > latest ? plan.atLeast : latest), 0n);
		const { ts, runs } = await this.#run(needed, atLeast);
		for (const { subscriber, atLeast: wanted, waiting } of plans) {
			for (const [query, key] of waiting) {
				const run = runs.get(key);
				if (run) query.take(run);
			}
			if (ts >= wanted && subscriber.deliver(ts)) {
				this.#attempts.delete(subscriber);
				if (subscriber.stale) this.#waiting.add(subscriber);
			} else {
				this.#attempts.set(subscriber, (this.#attempts.get(subscriber) ?? 0) + 1);
				this.#waiting.add(subscriber);
			}
		}
		for (const run of runs.values()) if (run.watchers.size === 0) this.#forget(run);
	}

	/** Runs every distinct question at one snapshot, which is the horizon when there is nothing to run. */
	async #run(needed: ReadonlyMap<string, Asked>, atLeast: bigint): Promise<{ ts: bigint; runs: Map<string, LiveRun> }> {
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
			this.#watched.set(name, run);
			this.#newest.set(run.key, run);
		}
		return ts;
	}
}

function engineFailure(error: unknown): Failure {
	return {
		message: `[Request ID: ${newRequestId()}] Server Error\n${error instanceof Error ? error.message : String(error)}`
	};
}

function failed(failure: Failure): QueryResult {
	return { outcome: { ok: false, failure, logLines: [] }, journal: null, readIdentity: true };
}
