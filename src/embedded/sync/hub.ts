/**
 * Keeps the answers of every socket current. One loop: take the sockets that need an update, run what no longer holds
 * (each distinct question once) at one snapshot, and let every socket tell its client of that timestamp. A commit costs
 * the runs that it touched and the queries that watch them, however many others there are. What the engine has run again
 * by itself after a commit needs no run: a query has it already when it is asked for its plan.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import { MAX_ATTEMPTS, MAX_DELIVERY_MS, MAX_RUNS_PER_BATCH } from './limits.ts';
import type { Asker, LiveRun, Question, Watcher } from './liveRun.ts';
import { LiveRuns } from './liveRuns.ts';
import type { Asked, SystemQueries } from './liveRuns.ts';

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

interface Planned {
	readonly subscriber: Subscriber;
	readonly atLeast: bigint;
	/** The queries that wait for a run, and the key of that run. */
	readonly waiting: readonly (readonly [WantedQuery, string])[];
}

export class SubscriptionHub {
	readonly #runs: LiveRuns;
	readonly #waiting = new Set<Subscriber>();
	/** Those who wait because of what they asked for anew: answers that somebody has already go first. */
	readonly #newcomers = new Set<Subscriber>();
	/** How often the update of a subscriber has fallen between two commits. */
	readonly #attempts = new Map<Subscriber, number>();
	#running = false;
	#closed = false;

	constructor(engine: Engine, system: SystemQueries) {
		this.#runs = new LiveRuns(engine, system);
	}

	/** Number of runs kept live; equal subscriptions share one. */
	get liveRuns(): number {
		return this.#runs.size;
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
		this.#runs.release(run, watcher);
	}

	forget(subscriber: Subscriber): void {
		this.#waiting.delete(subscriber);
		this.#newcomers.delete(subscriber);
		this.#attempts.delete(subscriber);
	}

	/** Functions or their environment changed: every answer may be different. */
	invalidateEverything(): void {
		this.#runs.invalidateEverything();
	}

	/** What system queries tell of has changed without a commit. */
	systemChanged(): void {
		this.#runs.systemChanged();
	}

	/** Called every few seconds. */
	beat(): void {
		this.#runs.beat();
	}

	close(): void {
		this.#closed = true;
		this.#runs.close();
		this.#waiting.clear();
		this.#newcomers.clear();
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
			const young = all ? null : (this.#runs.young(question.key(asker.standing)) ?? this.#runs.young(key));
			if (young) {
				query.take(young);
				continue;
			}
			waiting.push([query, key]);
			needed.set(key, { question, asker });
		}
		return { subscriber, atLeast, waiting };
	}

	async #update(plans: readonly Planned[], needed: ReadonlyMap<string, Asked>): Promise<void> {
		const atLeast = plans.reduce((latest, plan) => (plan.atLeast > latest ? plan.atLeast : latest), 0n);
		const { ts, runs } = await this.#runs.run(needed, atLeast);
		for (const { waiting } of plans) {
			for (const [query, key] of waiting) {
				const run = runs.get(key);
				if (run) query.take(run);
			}
		}
		let turnBegan = performance.now();
		for (const { subscriber, atLeast: wanted } of plans) {
			if (performance.now() - turnBegan > MAX_DELIVERY_MS) {
				await nextTurn();
				turnBegan = performance.now();
			}
			if (ts >= wanted && subscriber.deliver(ts)) {
				this.#attempts.delete(subscriber);
				if (subscriber.stale) this.#waiting.add(subscriber);
			} else {
				this.#attempts.set(subscriber, (this.#attempts.get(subscriber) ?? 0) + 1);
				this.#waiting.add(subscriber);
			}
		}
		for (const run of runs.values()) if (run.watchers.size === 0) this.#runs.forget(run);
	}
}
