/** One run of a query whose read set the engine watches: its result, and the timestamps over which it holds. */
import { hash } from 'node:crypto';
import type { Identity, QueryRequest, QueryResult } from '../engine/types.ts';

export interface QuerySpec {
	readonly path: string;
	readonly componentPath: string;
	/** Convex JSON text of the argument array. */
	readonly args: string;
	readonly journal: string | null;
}

/** Whoever must hear that a run no longer holds. */
export interface Watcher {
	invalidated(): void;
}

export class LiveRun {
	/** The subscription's name in the engine; unique to this run. */
	readonly name: string;
	readonly key: string;
	/** Whom the answer is for: the string of its `Asker` that counted. */
	readonly asker: string;
	readonly result: QueryResult;
	readonly from: bigint;
	/** Wall clock (ms) of the run. */
	readonly ranAt: number;
	/** First timestamp at which the result may be different; null while it holds. */
	until: bigint | null = null;
	readonly watchers = new Set<Watcher>();
	#fingerprint: string | null = null;

	constructor(name: string, spec: QuerySpec, asker: Asker, result: QueryResult, from: bigint) {
		this.name = name;
		this.asker = result.readIdentity ? asker.identity : asker.standing;
		this.key = runKey(spec, this.asker);
		this.result = result;
		this.from = from;
		this.ranAt = Date.now();
	}

	holdsAt(ts: bigint): boolean {
		return this.from <= ts && (this.until === null || ts < this.until);
	}

	/** Equal for equal answers; a failure's random request id does not count. */
	get fingerprint(): string {
		return (this.#fingerprint ??= fingerprintOf(this.result));
	}
}

function fingerprintOf({ outcome, journal }: QueryResult): string {
	const answer = outcome.ok
		? `ok\n${outcome.value}`
		: `failed\n${outcome.failure.data ?? ''}\n${outcome.failure.message.replace(/^\[Request ID: [^\]]*\] /, '')}`;
	return hash('sha256', `${JSON.stringify([outcome.logLines, journal])}\n${answer}`, 'base64');
}

/** The two ways in which who asks can matter for an answer. */
export interface Asker {
	/** For functions that do not look at the identity: only an admin may call internal functions. */
	readonly standing: string;
	readonly identity: string;
}

export function askerOf(identity: Identity): Asker {
	return { standing: identity.kind === 'admin' ? 'admin' : 'client', identity: JSON.stringify(identity) };
}

/** Equal for equal questions of equal askers (one of the two strings of an `Asker`). */
export function runKey({ path, componentPath, args, journal }: QuerySpec, asker: string): string {
	return JSON.stringify([path, componentPath, args, journal, asker]);
}

/** The engine's request for a spec. */
export function queryRequest(
	spec: QuerySpec,
	identity: Identity,
	requestId: string,
	subscription?: string
): QueryRequest {
	const { path, componentPath, args, journal } = spec;
	return { path, componentPath, args, journal, identity, caller: 'client', requestId, subscription };
}
