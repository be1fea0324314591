/** One run of a query whose read set the engine watches: its result, and the timestamps over which it holds. */
import { hash } from 'node:crypto';
import type { Identity, QueryRequest, QueryResult, Successor } from '../engine/types.ts';
import { answerText } from './protocol.ts';
import type { Part } from './texts.ts';

export interface QuerySpec {
	readonly path: string;
	readonly componentPath: string;
	/** Convex JSON text of the argument array. */
	readonly args: string;
	readonly journal: string | null;
}

/** What is asked, and the words by which equal questions are known. */
export class Question {
	readonly spec: QuerySpec;
	readonly #words: string;

	constructor(spec: QuerySpec) {
		this.spec = spec;
		this.#words = JSON.stringify([spec.path, spec.componentPath, spec.args, spec.journal]);
	}

	/** Equal for equal questions of equal askers (one of the two strings of an `Asker`). */
	key(asker: string): string {
		return asker + this.#words;
	}

	/** The same question after a run that ended with this journal. */
	continued(journal: string | null): Question {
		return journal === this.spec.journal ? this : new Question({ ...this.spec, journal });
	}
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

/** Who asks, and the two ways in which that can matter for an answer. */
export interface Asker {
	readonly identity: Identity;
	/** For functions that do not look at the identity: only an admin may call internal functions. */
	readonly standing: string;
	/** For functions that do. */
	readonly name: string;
}

export function askerOf(identity: Identity): Asker {
	return { identity, standing: identity.kind === 'admin' ? 'admin' : 'client', name: JSON.stringify(identity) };
}

/** Whoever must hear that a run no longer holds, and which one follows it, if that has run already. */
export interface Watcher {
	invalidated(next: LiveRun | null): void;
}

export class LiveRun {
	/** The subscription's name in the engine; unique to this run. */
	readonly name: string;
	readonly key: string;
	readonly journal: string | null;
	readonly from: bigint;
	/** When it ran, on the monotonic clock (ms). */
	readonly ranAt = performance.now();
	/** First timestamp at which the result may be different; null while it holds. */
	until: bigint | null = null;
	readonly watchers = new Set<Watcher>();
	/** Equal for equal answers; a failure's random request id does not count. */
	readonly fingerprint: string;
	/** What a transition says of it, written once for everybody who gets it; null when nobody else will. */
	answer: Part | null;
	readonly #question: Question;
	readonly #askedBy: Asker;
	readonly #readIdentity: boolean;
	/** Whom the answer is for: the string of its `Asker` that counted. */
	readonly #asker: string;

	constructor(name: string, question: Question, asker: Asker, result: QueryResult, from: bigint) {
		this.name = name;
		this.journal = result.journal;
		this.from = from;
		this.fingerprint = fingerprintOf(result);
		this.answer = answerText(result.outcome, result.journal);
		this.#question = question;
		this.#askedBy = asker;
		this.#readIdentity = result.readIdentity;
		this.#asker = this.#known(asker);
		this.key = question.key(this.#asker);
	}

	/** The run of the same question that follows this one. */
	next({ name, result }: Successor, from: bigint): LiveRun {
		return new LiveRun(name, this.#question.continued(this.journal), this.#askedBy, result, from);
	}

	holdsAt(ts: bigint): boolean {
		return this.from <= ts && (this.until === null || ts < this.until);
	}

	/** Whether somebody else would have got the same answer. */
	answers(asker: Asker): boolean {
		return this.#asker === this.#known(asker);
	}

	#known({ name, standing }: Asker): string {
		return this.#readIdentity ? name : standing;
	}
}

function fingerprintOf({ outcome, journal }: QueryResult): string {
	const answer = outcome.ok
		? `ok\n${outcome.value}`
		: `failed\n${outcome.failure.data ?? ''}\n${outcome.failure.message.replace(/^\[Request ID: [^\]]*\] /, '')}`;
	return hash('sha256', `${JSON.stringify([outcome.logLines, journal])}\n${answer}`, 'base64');
}
