import { shown } from '../../engine/console.ts';
import { FunctionRefusal } from '../../engine/failure.ts';
import type { Limits } from '../../engine/limits.ts';
import type { Outbox } from '../../engine/rpc.ts';
import type { ThreadHostMethods } from './protocol.ts';

/** One running action, on its thread. Once it has ended, nothing that it left behind reaches the deployment. */
export class RunningAction {
	readonly callId: number;
	/** Aborted when the client of an HTTP action goes away. */
	readonly client = new AbortController();
	/** Of an HTTP action, the route that matched. */
	route: string | null = null;
	readonly #host: Outbox<ThreadHostMethods>;
	readonly #limits: Limits;
	readonly #unawaited = new Map<symbol, string>();
	readonly #failure = Promise.withResolvers<never>();
	#hasFailed = false;
	#ended = false;
	#lines = 0;

	constructor(callId: number, host: Outbox<ThreadHostMethods>, limits: Limits) {
		this.callId = callId;
		this.#host = host;
		this.#limits = limits;
		this.#failure.promise.catch(() => undefined);
	}

	/** The way to the deployment. Throws when the action has ended. */
	get host(): Outbox<ThreadHostMethods> {
		if (this.#ended) throw new Error('The action has ended. Await every promise before returning.');
		return this.#host;
	}

	/** Ends the action as failed, for errors that reach no `await` of its. */
	fail(error: unknown): void {
		this.#hasFailed = true;
		this.#failure.reject(error);
	}

	/** Ends the action as failed here and now, whatever it catches. */
	refuse(words: string): never {
		const refusal = new FunctionRefusal(words);
		this.fail(refusal);
		throw refusal;
	}

	get hasFailed(): boolean {
		return this.#hasFailed;
	}

	/** Rejects when the action is made to fail, and never resolves. */
	get failure(): Promise<never> {
		return this.#failure.promise;
	}

	/** Remembers that the action has begun something, until that has settled. */
	async awaited<T>(name: string, promise: Promise<T>): Promise<T> {
		const key = Symbol(name);
		this.#unawaited.set(key, name);
		try {
			return await promise;
		} finally {
			this.#unawaited.delete(key);
		}
	}

	log(level: string, args: readonly unknown[]): void {
		// One line too many makes the host say that there were more.
		if (this.#ended || this.#lines++ > this.#limits.logLines) return;
		void this.#host.call('log', { callId: this.callId, level, messages: shown(args) });
	}

	/** A log line of the runtime's own. */
	say(level: 'WARN' | 'ERROR', sentence: string): void {
		void this.#host.call('say', { callId: this.callId, level, sentence });
	}

	/** Returns what the action began and did not wait for. */
	end(): string[] {
		this.#ended = true;
		return [...this.#unawaited.values()];
	}
}
