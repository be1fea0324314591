import { SubscriptionIndex } from '../store/subscriptions.ts';
import type { CommitWrites, ReadSet } from '../store/types.ts';
import type { QueryRun } from './protocol.ts';
import type { QueryRequest } from './types.ts';

/** A query whose read set is watched under a name. */
export interface WatchedQuery {
	readonly name: string;
	/** What to run to get its answer anew. */
	readonly request: QueryRequest;
	/** Of its last run, in milliseconds. */
	readonly duration: number;
}

interface Touched {
	readonly ts: bigint;
	readonly queries: readonly WatchedQuery[];
}

/** Queries with longer arguments (characters) are not kept to be run again. */
const MAX_ARGUMENTS = 16 * 1024;

/** The queries that somebody wants to hear of when a commit touches what they read. */
export class WatchedQueries {
	readonly #reads = new SubscriptionIndex();
	readonly #queries = new Map<string, WatchedQuery>();
	#touched: Touched = { ts: 0n, queries: [] };

	/** Watches what a run has read, under the subscription's name that stands in its request. */
	add(request: QueryRequest, reads: ReadSet, { result, trace }: QueryRun): void {
		const { subscription: name } = request;
		if (name === undefined) return;
		this.#reads.add(name, reads);
		if (request.args.length > MAX_ARGUMENTS) return;
		this.#queries.set(name, { name, request: { ...request, journal: result.journal }, duration: trace.duration });
	}

	remove(name: string): void {
		this.#reads.remove(name);
		this.#queries.delete(name);
	}

	/** Names whose answer may be different after a commit. They are forgotten. */
	touchedBy(writes: CommitWrites): string[] {
		const names = this.#reads.invalidatedBy(writes);
		this.#touched = { ts: writes.ts, queries: names.flatMap((name) => this.#queries.get(name) ?? []) };
		for (const name of names) this.remove(name);
		return names;
	}

	/** What the commit of this timestamp touched, if it was the last one of which anybody was told; once. */
	takeTouched(ts: bigint): readonly WatchedQuery[] {
		const { queries } = this.#touched;
		if (this.#touched.ts !== ts) return [];
		this.#touched = { ts, queries: [] };
		return queries;
	}
}
