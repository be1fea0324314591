/**
 * Calls between two processes of this program over Node's IPC channel. Both ends run the same version of these files, so
 * the shape of parameters and results is fixed by the `Methods` types and not checked again: that is what `never` below says.
 */

import { diskError, StoreError } from '../store/errors.ts';
import type { StoreErrorKind } from '../store/errors.ts';
import type { Renewal } from './protocol.ts';

/** Names of methods with the type of their one parameter and of their result. */
export type Methods = { [method: string]: (params: never) => unknown };

export type Handlers<M extends Methods> = {
	readonly [K in keyof M]: (params: Parameters<M[K]>[0]) => ReturnType<M[K]> | Promise<ReturnType<M[K]>>;
};

export type CallMessage = {
	readonly kind: 'call';
	readonly id: number;
	readonly method: string;
	readonly params: unknown;
};
type Reply<V> = { readonly kind: 'reply'; readonly id: number; readonly value: V };
type ErrorMessage = {
	readonly kind: 'error';
	readonly id: number;
	readonly message: string;
	readonly stack: string;
	/** What is wrong with the data file, if that is why. */
	readonly store: StoreErrorKind | null;
};
/** An answer as it arrives, and as it is made. */
export type Answer = Reply<never> | ErrorMessage;
export type MadeAnswer = Reply<unknown> | ErrorMessage;
/** Calls to the engine, in order; and up to which saved batch its answers have been received. */
type CallsMessage = { readonly kind: 'calls'; readonly calls: readonly CallMessage[]; readonly received: number };
/**
 * Answers of the engine; `batch` is the newest of which no answer is missing, or 0. `renewals` are of the commits that the
 * answers tell of.
 */
type AnswersMessage = {
	readonly kind: 'answers';
	readonly answers: readonly Answer[];
	readonly batch: number;
	readonly renewals: readonly Renewal[];
};
/** What was executed and not answered yet was lost, and with it what it made of subscriptions. */
type LostMessage = { readonly kind: 'lost'; readonly why: string };
/** The file takes changes again. */
type SavedMessage = { readonly kind: 'saved' };
export type Message = CallMessage | Answer | CallsMessage | AnswersMessage | LostMessage | SavedMessage;

const KINDS = new Set(['call', 'reply', 'error', 'calls', 'answers', 'lost', 'saved']);

export function isMessage(message: unknown): message is Message {
	return (
		typeof message === 'object' &&
		message !== null &&
		'kind' in message &&
		typeof message.kind === 'string' &&
		KINDS.has(message.kind)
	);
}

/** The other process reported that handling a call failed: a fault of this program, not of user code. */
export class RemoteError extends Error {
	override readonly name = 'RemoteError';
	readonly remoteStack: string;
	/** What is wrong with the data file, if that is why: the message is then for people. */
	readonly store: StoreErrorKind | null;

	constructor({ message, stack, store }: ErrorMessage) {
		super(message);
		this.remoteStack = stack;
		this.store = store;
	}
}

/** Where a process's messages go. */
export type Send = (message: unknown) => void;

export function sendToParent(message: unknown): void {
	// Gone with the parent: there is nobody left to tell.
	if (process.connected && process.send) process.send(message);
}

/** Handles one call and sends what came of it. */
export async function answer<M extends Methods>(
	handlers: Handlers<M>,
	message: CallMessage,
	send: Send
): Promise<void> {
	send(await answerTo(handlers, message));
}

/** Handles one call. */
export async function answerTo<M extends Methods>(handlers: Handlers<M>, message: CallMessage): Promise<MadeAnswer> {
	try {
		const value = await invoke(handlers, message);
		return { kind: 'reply', id: message.id, value };
	} catch (error) {
		return refusal(message, error);
	}
}

/** The answer to a call that failed: a fault of this program or of the machine, not of user code. */
export function refusal({ id }: CallMessage, thrown: unknown): ErrorMessage {
	const error = diskError(thrown) ?? thrown;
	const message = error instanceof Error ? error.message : String(error);
	const stack = error instanceof Error ? (error.stack ?? '') : '';
	return { kind: 'error', id, message, stack, store: error instanceof StoreError ? error.kind : null };
}

function invoke<M extends Methods>(handlers: Handlers<M>, message: CallMessage): unknown {
	const handler: unknown = Object.hasOwn(handlers, message.method) ? handlers[message.method] : undefined;
	if (typeof handler !== 'function') throw new Error(`no method ${message.method}`);
	const value: unknown = Reflect.apply(handler, undefined, [message.params]);
	return value;
}

/** Calls made to the other process and not yet answered. */
export class Outbox<M extends Methods> {
	readonly #pending = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
	readonly #send: Send;
	#lastId = 0;

	constructor(send: Send) {
		this.#send = send;
	}

	call<K extends keyof M & string>(method: K, params: Parameters<M[K]>[0]): Promise<ReturnType<M[K]>> {
		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			this.#pending.set(id, { resolve, reject });
			this.#send({ kind: 'call', id, method, params });
		});
	}

	/** True when the message answered a call of ours. */
	receive(message: Message): boolean {
		if (message.kind !== 'reply' && message.kind !== 'error') return false;
		const pending = this.#pending.get(message.id);
		this.#pending.delete(message.id);
		if (message.kind === 'reply') pending?.resolve(message.value);
		else pending?.reject(new RemoteError(message));
		return true;
	}

	rejectAll(error: Error): void {
		for (const pending of this.#pending.values()) pending.reject(error);
		this.#pending.clear();
	}

	get size(): number {
		return this.#pending.size;
	}
}
