/** The calls of one socket: mutations one at a time in the order in which they came in, actions side by side. */
import type { Engine } from '../engine/engine.ts';
import type { FunctionCall, Outcome } from '../engine/types.ts';
import { MAX_QUEUED_MUTATIONS, MAX_RUNNING_ACTIONS } from './limits.ts';
import { callResponse } from './protocol.ts';

export interface CallEvents {
	/** An answer for the client, as the protocol writes it. */
	answered(message: string): void;
	/** A mutation was committed; its answer has gone before. */
	committed(ts: bigint): void;
	/** So many more characters of arguments are held than before. */
	held(characters: number): void;
}

/** More than one connection may ask for. The message is the reason by which clients know to come back after a while. */
export class Overload extends Error {
	override readonly name = 'Overload';
}

export class SocketCalls {
	readonly #engine: Engine;
	readonly #events: CallEvents;
	readonly #mutations: (() => Promise<void>)[] = [];
	#mutating = false;
	#actions = 0;

	constructor(engine: Engine, events: CallEvents) {
		this.#engine = engine;
		this.#events = events;
	}

	/** Queues a mutation. Throws an Overload when too many wait. */
	mutate(call: FunctionCall, requestId: number, sessionId: string): void {
		if (this.#mutations.length >= MAX_QUEUED_MUTATIONS) throw new Overload('TooManyConcurrentMutations');
		this.#events.held(call.args.length);
		this.#mutations.push(async () => {
			const { outcome, ts } = await this.#engine
				.mutation(call, { sessionId, requestId })
				.catch((error: unknown) => ({ outcome: systemFailure(call, error), ts: null }));
			this.#events.held(-call.args.length);
			this.#events.answered(callResponse('MutationResponse', requestId, outcome, ts));
			if (ts !== null) this.#events.committed(ts);
		});
		if (!this.#mutating) void this.#work();
	}

	/** Starts an action. Throws an Overload when too many run. */
	act(call: FunctionCall, requestId: number): void {
		if (this.#actions >= MAX_RUNNING_ACTIONS) throw new Overload('TooManyInflightActionsForSingleClient');
		this.#actions += 1;
		this.#events.held(call.args.length);
		void this.#engine
			.action(call)
			.catch((error: unknown) => systemFailure(call, error))
			.then((outcome) => {
				this.#actions -= 1;
				this.#events.held(-call.args.length);
				this.#events.answered(callResponse('ActionResponse', requestId, outcome, null));
			});
	}

	/** Forgets the mutations that have not begun. */
	clear(): void {
		this.#mutations.length = 0;
	}

	async #work(): Promise<void> {
		this.#mutating = true;
		for (let next = this.#mutations.shift(); next; next = this.#mutations.shift()) await next();
		this.#mutating = false;
	}
}

/** The engine could not run it: its process died under this call, or is closing. */
function systemFailure(call: FunctionCall, error: unknown): Outcome {
	const message = error instanceof Error ? error.message : String(error);
	return { ok: false, failure: { message: `[Request ID: ${call.requestId}] Server Error\n${message}` }, logLines: [] };
}
