/** The queries of one socket: what it asked for, which versions it has said and which it has been sent. */
import { MAX_QUERIES_PER_CONNECTION } from './limits.ts';
import { Question } from './liveRun.ts';
import type { Asker, LiveRun, Watcher } from './liveRun.ts';
import { INITIAL_VERSION, ProtocolError, queryChanged, queryRemoved, transition } from './protocol.ts';
import type { AddQuery, MessageOf, QueryModification, StateVersion } from './protocol.ts';
import type { Part, Text } from './texts.ts';

/** What a query set tells whoever keeps it. */
export interface QuerySetEvents {
	/** Whether an answer that has come by itself is of use. */
	ready(): boolean;
	/** An answer no longer holds. */
	invalidated(): void;
	/** Nobody in this set uses the run any more. */
	released(run: LiveRun, watcher: Watcher): void;
}

/** The ids of those queries in here whose answer does not hold, or that the client has not been told of. */
interface Ledger {
	readonly stale: Set<Query>;
	readonly untold: Set<Query>;
	readonly events: QuerySetEvents;
}

/** One query of one socket. It watches the run that answers it. */
class Query implements Watcher {
	readonly queryId: number;
	question: Question;
	run: LiveRun | null = null;
	/** What follows the run, which no longer holds; it is taken with the next plan. */
	#next: LiveRun | null = null;
	readonly #ledger: Ledger;
	/** The answer that the client has not been told. */
	#untold: Part | null = null;
	/** Fingerprint of the answer that the client has; null before the first. */
	#told: string | null = null;
	#removed = false;

	constructor(queryId: number, question: Question, ledger: Ledger) {
		this.queryId = queryId;
		this.question = question;
		this.#ledger = ledger;
		ledger.stale.add(this);
	}

	/** Takes a run as its answer, and lets go of the one before. */
	take(run: LiveRun): void {
		if (this.#removed || run === this.run) return;
		run.watchers.add(this);
		if (run === this.#next) this.#next = null;
		this.drop();
		this.run = run;
		this.#untold = run.answer;
		this.question = this.question.continued(run.journal);
		if (run.until === null) this.#ledger.stale.delete(this);
		this.#ledger.untold.add(this);
	}

	invalidated(next: LiveRun | null): void {
		this.#await(this.#ledger.events.ready() ? next : null);
		this.#ledger.stale.add(this);
		this.#ledger.events.invalidated();
	}

	/** Takes the answer that followed by itself, if it is for this asker. */
	advance(asker: Asker): void {
		if (this.#next?.answers(asker)) this.take(this.#next);
	}

	/** Has no answer any more. */
	drop(): void {
		const { run } = this;
		this.run = null;
		this.#untold = null;
		this.#ledger.stale.add(this);
		if (run) this.#ledger.events.released(run, this);
		this.#await(null);
	}

	#await(next: LiveRun | null): void {
		const before = this.#next;
		next?.watchers.add(this);
		this.#next = next;
		if (before) this.#ledger.events.released(before, this);
	}

	remove(): void {
		this.drop();
		this.#removed = true;
		this.#ledger.stale.delete(this);
		this.#ledger.untold.delete(this);
	}

	/** The text that tells the client of the answer; null when it has an equal one. */
	tell(): Text | null {
		const answer = this.#untold;
		this.#untold = null;
		if (!this.run || answer === null || this.run.fingerprint === this.#told) return null;
		this.#told = this.run.fingerprint;
		return queryChanged(this.queryId, answer);
	}
}

export class QuerySet {
	readonly #ledger: Ledger;
	readonly #queries = new Map<number, Query>();
	/** Ids the client believes to have, ahead of the updates. */
	readonly #known = new Set<number>();
	#received = { querySet: 0, identity: 0 };
	#pending: QueryModification[] = [];
	/** What the update under way will have taken in. */
	#planned = { querySet: 0, identity: 0 };
	#asker: Asker | null = null;
	#removed: number[] = [];
	#sent: StateVersion = INITIAL_VERSION;

	constructor(events: QuerySetEvents) {
		this.#ledger = { stale: new Set(), untold: new Set(), events };
	}

	/** The identity version that the client has reached. */
	get identityVersion(): number {
		return this.#received.identity;
	}

	/** Whether an answer is missing or no longer holds. */
	get stale(): boolean {
		return this.#ledger.stale.size > 0;
	}

	/** Takes in a ModifyQuerySet; it is applied by the next update. */
	modify({ baseVersion, newVersion, modifications }: MessageOf<'ModifyQuerySet'>): void {
		if (baseVersion !== this.#received.querySet) {
			throw new ProtocolError(
				`Base version ${baseVersion} does not match the query set's version ${this.#received.querySet}.`
			);
		}
		if (newVersion <= baseVersion)
			throw new ProtocolError('The new version of a query set must be greater than its base version.');
		for (const { type, queryId } of modifications) {
			if (type === 'Add' && this.#known.has(queryId)) throw new ProtocolError(`Query ${queryId} was added twice.`);
			if (type === 'Add') this.#known.add(queryId);
			else if (!this.#known.delete(queryId)) throw new ProtocolError(`Query ${queryId} was removed but never added.`);
		}
		if (this.#known.size > MAX_QUERIES_PER_CONNECTION) {
			throw new ProtocolError(`A connection may hold at most ${MAX_QUERIES_PER_CONNECTION} queries.`);
		}
		this.#received.querySet = newVersion;
		this.#pending.push(...modifications);
	}

	/** Throws unless `baseVersion` is the identity version that the client has reached. */
	checkIdentityBase(baseVersion: number): void {
		if (baseVersion === this.#received.identity) return;
		throw new ProtocolError(
			`Base version ${baseVersion} does not match the identity's version ${this.#received.identity}.`
		);
	}

	/** The client is somebody else from here on. */
	identify(): void {
		this.#received.identity += 1;
	}

	/**
	 * Applies what is pending and who asks now, and returns the queries that need an answer: those that have none that
	 * holds, or `all`.
	 */
	plan(asker: Asker, all: boolean): readonly Query[] {
		for (const modification of this.#pending) {
			if (modification.type === 'Add') this.#add(modification);
			else this.#remove(modification.queryId);
		}
		this.#pending = [];
		this.#planned = { ...this.#received };
		if (asker !== this.#asker) {
			for (const query of this.#queries.values()) if (query.run && !query.run.answers(asker)) query.drop();
			this.#asker = asker;
		}
		for (const query of [...this.#ledger.stale]) query.advance(asker);
		return [...(all ? this.#queries.values() : this.#ledger.stale)];
	}

	/** The transition from what the client has to the answers at `ts`, with what changed; null when one does not hold then. */
	transition(ts: bigint, clientClockSkew: number | null): Text | null {
		for (const { run } of this.#ledger.stale) if (!run?.holdsAt(ts)) return null;
		const modifications = this.#removed.map(queryRemoved);
		this.#removed = [];
		for (const query of [...this.#ledger.untold].sort((one, other) => one.queryId - other.queryId)) {
			const text = query.tell();
			if (text !== null) modifications.push(text);
		}
		this.#ledger.untold.clear();
		const end = { ...this.#planned, ts };
		const text = transition(this.#sent, end, modifications, clientClockSkew);
		this.#sent = end;
		return text;
	}

	/** Lets go of every run: the socket is gone. */
	clear(): void {
		for (const query of this.#queries.values()) query.remove();
		this.#queries.clear();
	}

	#add({ queryId, udfPath, componentPath, args, journal }: AddQuery): void {
		const question = new Question({
			path: udfPath,
			componentPath: componentPath ?? '',
			args: JSON.stringify(args),
			journal: journal ?? null
		});
		this.#queries.set(queryId, new Query(queryId, question, this.#ledger));
	}

	#remove(queryId: number): void {
		this.#queries.get(queryId)?.remove();
		this.#queries.delete(queryId);
		this.#removed.push(queryId);
	}
}
