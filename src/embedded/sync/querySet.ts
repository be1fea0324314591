/** The queries of one socket: what it asked for, which versions it has said and which it has been sent. */
import type { WantedQuery } from './hub.ts';
import { MAX_QUERIES_PER_CONNECTION } from './limits.ts';
import type { LiveRun, QuerySpec } from './liveRun.ts';
import { INITIAL_VERSION, ProtocolError, queryChanged, queryRemoved, transition } from './protocol.ts';
import type { AddQuery, MessageOf, QueryModification, StateVersion } from './protocol.ts';

interface Query {
	readonly queryId: number;
	spec: QuerySpec;
	run: LiveRun | null;
	/** Of the answer that the client has; null before the first. */
	sent: string | null;
}

/** Gives a run back when the last query that used it lets go. */
export type ReleaseRun = (run: LiveRun) => void;

export class QuerySet {
	readonly #release: ReleaseRun;
	readonly #queries = new Map<number, Query>();
	/** Ids the client believes to have, ahead of the updates. */
	readonly #known = new Set<number>();
	#received = { querySet: 0, identity: 0 };
	#pending: QueryModification[] = [];
	/** What the update under way will have taken in. */
	#planned = { querySet: 0, identity: 0 };
	#removed: number[] = [];
	#sent: StateVersion = INITIAL_VERSION;

	constructor(release: ReleaseRun) {
		this.#release = release;
	}

	/** The identity version that the client has reached. */
	get identityVersion(): number {
		return this.#received.identity;
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

	/** Applies what is pending, and says what an update has to answer. */
	plan(): readonly WantedQuery[] {
		for (const modification of this.#pending) {
			if (modification.type === 'Add') this.#add(modification);
			else this.#remove(modification.queryId);
		}
		this.#pending = [];
		this.#planned = { ...this.#received };
		return [...this.#queries.values()];
	}

	/** The transition from what the client has to the answers at `ts`, with only what changed. */
	transition(
		ts: bigint,
		answers: ReadonlyMap<number, LiveRun>,
		clientClockSkew: number | null,
		use: (run: LiveRun) => void
	): string {
		const modifications = this.#removed.map(queryRemoved);
		this.#removed = [];
		for (const query of this.#queries.values()) {
			const run = answers.get(query.queryId);
			if (!run || run === query.run) continue;
			use(run);
			const before = query.run;
			query.run = run;
			if (before && !this.#uses(before)) this.#release(before);
			query.spec = { ...query.spec, journal: run.result.journal };
			if (run.fingerprint === query.sent) continue;
			query.sent = run.fingerprint;
			modifications.push(queryChanged(query.queryId, run.result.outcome, run.result.journal));
		}
		const end = { ...this.#planned, ts };
		const text = transition(this.#sent, end, modifications, clientClockSkew);
		this.#sent = end;
		return text;
	}

	/** Lets go of every run: the socket is gone. */
	clear(): void {
		const runs = new Set(this.#queries.values().map((query) => query.run));
		this.#queries.clear();
		for (const run of runs) if (run) this.#release(run);
	}

	#add({ queryId, udfPath, componentPath, args, journal }: AddQuery): void {
		const spec = {
			path: udfPath,
			componentPath: componentPath ?? '',
			args: JSON.stringify(args),
			journal: journal ?? null
		};
		this.#queries.set(queryId, { queryId, spec, run: null, sent: null });
	}

	#remove(queryId: number): void {
		const run = this.#queries.get(queryId)?.run;
		this.#queries.delete(queryId);
		this.#removed.push(queryId);
		if (run && !this.#uses(run)) this.#release(run);
	}

	/** Two queries of a socket may ask the same. */
	#uses(run: LiveRun): boolean {
		return this.#queries.values().some((query) => query.run === run);
	}
}
