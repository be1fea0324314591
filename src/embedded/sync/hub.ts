/**
 * Keeps the answers of every socket current. One loop: take the sockets that need an update, run what no longer holds
 * (each distinct question once) at one snapshot, and hand every socket its whole query set at that timestamp.
 */
import { setTimeout } from 'node:timers/promises';
import type { CommitNotice, Engine, Failure, Identity, QueryResult } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { JOIN_WITHIN_MS, MAX_RUNS_PER_BATCH, QUARANTINE_MS } from './limits.ts';
import { LiveRun, askerOf, queryRequest, runKey } from './liveRun.ts';
import type { Asker, QuerySpec, Watcher } from './liveRun.ts';

/** One query of a subscriber: what it asks and the run it was last given, if any. */
export interface WantedQuery {
	readonly queryId: number;
	readonly spec: QuerySpec;
	readonly run: LiveRun | null;
}

/** What a subscriber wants to be brought up to date about. Taken once per update. */
export interface UpdatePlan {
	readonly identity: Identity;
	readonly queries: readonly WantedQuery[];
	/** The update must not be older than this: read your writes. */
	readonly atLeast: bigint;
}

export interface Subscriber extends Watcher {
	/** False while closed or too far behind; it asks again when it has caught up. */
	readonly ready: boolean;
	plan(): UpdatePlan;
	/** The answers, by query id, all of which hold at `ts`. The subscriber releases runs that it no longer uses. */
	deliver(ts: bigint, answers: ReadonlyMap<number, LiveRun>): void;
}

/** Answers questions that are not the app's own functions; null when the path is not one of them. */
export type SystemQueries = (spec: QuerySpec, identity: Identity) => Promise<QueryResult> | null;

interface Planned {
	readonly subscriber: Subscriber;
	readonly plan: UpdatePlan;
	readonly asker: Asker;
	/** Of each query, the run that it can keep or the key of the one to come. */
	readonly answers: Map<number, LiveRun | string>;
}

interface Question {
	readonly spec: QuerySpec;
	readonly identity: Identity;
	readonly asker: Asker;
}

interface Entry extends Question {
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
	/** Subscribers whose last update fell between two commits: they get all their queries run at one snapshot. */
	readonly #rerunAll = new Set<Subscriber>();
	readonly #quarantine = new Map<string, { failure: Failure; expires: number }>();
	/** Invalidations of runs whose result has not come back yet; null when none is out. */
	#early: EarlyNotices | null = null;
	/** Every commit up to here has been heard of. */
	#horizon: bigint;
	#running = false;
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

	/** Asks for an update of this subscriber, soon. */
	request(subscriber: Subscriber): void {
		this.#waiting.add(subscriber);
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
		this.#rerunAll.delete(subscriber);
	}

	/** Functions or their environment changed: every answer may be different, and what was dangerous may be mended. */
	invalidateEverything(): void {
		this.#quarantine.clear();
		this.#invalidateAll(this.#engine.latestTs() + 1n);
	}

	close(): void {
		this.#closed = true;
		this.#stopListening();
		this.#waiting.clear();
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
		for (let batch = this.#takeBatch(); batch.length > 0 && !this.#closed; batch = this.#takeBatch()) {
			await this.#update(batch);
		}
		this.#running = false;
	}

	/** As many waiting subscribers as need no more than a batch of runs, and at least one. */
	#takeBatch(): Planned[] {
		const batch: Planned[] = [];
		const keys = new Set<string>();
		for (const subscriber of this.#waiting) {
			if (batch.length > 0 && keys.size >= MAX_RUNS_PER_BATCH) break;
			this.#waiting.delete(subscriber);
			if (!subscriber.ready) continue;
			const planned = this.#prepare(subscriber);
			batch.push(planned);
			for (const answer of planned.answers.values()) if (typeof answer === 'string') keys.add(answer);
		}
		return batch;
	}

	#prepare(subscriber: Subscriber): Planned {
		const rerunAll = this.#rerunAll.delete(subscriber);
		const plan = subscriber.plan();
		const asker = askerOf(plan.identity);
		const answers = new Map<number, LiveRun | string>();
		for (const query of plan.queries) {
			const kept = rerunAll ? null : this.#reusable(query, asker);
			answers.set(query.queryId, kept ?? runKey(query.spec, asker.identity));
		}
		return { subscriber, plan, asker, answers };
	}

	/** The subscriber's own run while it holds, or a young one of the same question. */
	#reusable({ run, spec }: WantedQuery, asker: Asker): LiveRun | null {
		if (run && run.until === null && run.asker === (run.result.readIdentity ? asker.identity : asker.standing))
			return run;
		const newest = this.#newest.get(runKey(spec, asker.standing)) ?? this.#newest.get(runKey(spec, asker.identity));
		return newest && Date.now() - newest.ranAt <= JOIN_WITHIN_MS ? newest : null;
	}

	async #update(batch: readonly Planned[]): Promise<void> {
		const needed = new Map<string, Question>();
		let atLeast = 0n;
		for (const { plan, asker, answers } of batch) {
			if (plan.atLeast > atLeast) atLeast = plan.atLeast;
			for (const { queryId, spec } of plan.queries) {
				const answer = answers.get(queryId);
				if (typeof answer === 'string') needed.set(answer, { spec, identity: plan.identity, asker });
			}
		}
		const fresh = await this.#run(needed, atLeast);
		for (const { subscriber, plan, answers } of batch) {
			const complete = new Map<number, LiveRun>();
			for (const [queryId, answer] of answers) {
				const run = typeof answer === 'string' ? fresh.runs.get(answer) : answer;
				if (run?.holdsAt(fresh.ts)) complete.set(queryId, run);
			}
			if (complete.size === answers.size && fresh.ts >= plan.atLeast) {
				if (!subscriber.ready) continue;
				subscriber.deliver(fresh.ts, complete);
				if (complete.values().some((run) => run.until !== null)) this.#waiting.add(subscriber);
			} else {
				this.#rerunAll.add(subscriber);
				this.#waiting.add(subscriber);
			}
		}
		for (const run of fresh.runs.values()) if (run.watchers.size === 0) this.#forget(run);
	}

	/** Runs every distinct question at one snapshot, which is the horizon when there is nothing to run. */
	async #run(
		needed: ReadonlyMap<string, Question>,
		atLeast: bigint
	): Promise<{ ts: bigint; runs: Map<string, LiveRun> }> {
		const runs = new Map<string, LiveRun>();
		const entries: Entry[] = [];
		const others: { key: string; question: Question; result: Promise<QueryResult> | QueryResult }[] = [];
		for (const [key, question] of needed) {
			const result = this.#quarantined(key) ?? this.#system(question.spec, question.identity);
			if (result) others.push({ key, question, result });
			else entries.push({ key, name: `run-${++this.#runs}`, ...question });
		}
		const snapshot = entries.length > 0 || this.#horizon < atLeast ? await this.#snapshot(entries, runs) : null;
		const ts = snapshot ?? this.#horizon;
		for (const { key, question, result } of others) {
			const run = new LiveRun(`system-${++this.#runs}`, question.spec, question.asker, await result, 0n);
			runs.set(key, run);
			this.#unwatched.add(run);
		}
		return { ts, runs };
	}

	/** Adds the runs of these questions at one new snapshot, and returns its timestamp; null when the engine failed. */
	async #snapshot(entries: readonly Entry[], runs: Map<string, LiveRun>): Promise<bigint | null> {
		const early: EarlyNotices = { everything: null, named: new Map() };
		this.#early = early;
		const requests = entries.map(({ spec, identity, name }) => queryRequest(spec, identity, newRequestId(), name));
		const snapshot = await this.#engine.querySet(requests).catch(async (error: unknown) => {
			for (const { key } of entries) this.#setAside(key, engineFailure(error));
			await setTimeout(RETRY_AFTER_MS);
			return null;
		});
		this.#early = null;
		if (!snapshot) return null;
		const { ts, results } = snapshot;
		if (ts > this.#horizon) this.#horizon = ts;
		// The engine was replaced meanwhile: what failed may be what ended it, and must not end the next one at once.
		const replaced = early.everything !== null && early.everything <= ts;
		for (const [index, { key, name, spec, asker }] of entries.entries()) {
			const result = results[index];
			if (!result) throw new Error('The engine answered fewer queries than it was asked.');
			const run = new LiveRun(name, spec, asker, result, ts);
			runs.set(key, run);
			if (replaced && !result.outcome.ok) {
				this.#setAside(key, result.outcome.failure);
				this.#unwatched.add(run);
				continue;
			}
			run.until = early.named.get(name) ?? early.everything;
			if (run.until !== null) continue;
			this.#watched.set(name, run);
			this.#newest.set(run.key, run);
		}
		return ts;
	}

	/** Does not run a question again for a while. */
	#setAside(key: string, failure: Failure): void {
		this.#quarantine.set(key, { failure, expires: Date.now() + QUARANTINE_MS });
	}

	#quarantined(key: string): QueryResult | null {
		const entry = this.#quarantine.get(key);
		if (!entry) return null;
		if (entry.expires < Date.now()) {
			this.#quarantine.delete(key);
			return null;
		}
		return { outcome: { ok: false, failure: entry.failure, logLines: [] }, journal: null, readIdentity: true };
	}
}

function engineFailure(error: unknown): Failure {
	return {
		message: `[Request ID: ${newRequestId()}] Server Error\n${error instanceof Error ? error.message : String(error)}`
	};
}
