/**
 * One socket, from its first message to its end.
 *
 *             Connect                 Authenticate        verified
 *   waiting ───────────▶ connected ───────────────▶ verifying ──┐
 *      │                  ▲  │   ▲                    │         │
 *      │ anything else,   └──┘   └────────────────────┼─────────┘
 *      │ or nothing for     ModifyQuerySet, Mutation, │ refused
 *      │ too long           Action, Event             │
 *      ▼                     │                        ▼
 *   FatalError ◀─────────────┘ protocol broken,   AuthError ◀── token ran out
 *      │                       a limit passed         │
 *      └──────────────────▶ closed ◀──────────────────┘   (also: peer gone, too slow, shutdown)
 *
 * While verifying, messages wait in order. Each ModifyQuerySet, Authenticate and successful mutation is followed by a
 * transition; what happened meanwhile coalesces into one.
 */
import type { WebSocket } from 'ws';
import type { Authentication, Caller } from '../auth/authentication.ts';
import { AuthenticationFailure } from '../auth/failure.ts';
import type { Engine, FunctionCall, Outcome } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import type { Subscriber, SubscriptionHub, UpdatePlan } from './hub.ts';
import { CONNECT_WITHIN_MS, MAX_QUEUED_MUTATIONS, MAX_RUNNING_ACTIONS, MAX_WAITING_MESSAGES } from './limits.ts';
import type { LiveRun } from './liveRun.ts';
import { MutationQueue } from './mutationQueue.ts';
import { Outbox } from './outbox.ts';
import { ProtocolError, authError, callResponse, decodeTs, fatalError, parseClientMessage } from './protocol.ts';
import type { ClientMessage, MessageOf } from './protocol.ts';
import { QuerySet } from './querySet.ts';

export interface SessionServices {
	readonly engine: Engine;
	readonly hub: SubscriptionHub;
	readonly authentication: Authentication;
}

const NOBODY: Caller = { identity: { kind: 'none' }, expiresAt: null };
/** Close codes of RFC 6455. */
const NORMAL = 1000;
const INTERNAL_ERROR = 1011;

export class Session implements Subscriber {
	readonly #services: SessionServices;
	readonly #socket: WebSocket;
	readonly #outbox: Outbox;
	readonly #queries: QuerySet;
	readonly #mutations = new MutationQueue(MAX_QUEUED_MUTATIONS);
	readonly #waiting: string[] = [];
	readonly #openedAt = Date.now();
	#verifying = false;
	#closed = false;
	#sessionId: string | null = null;
	#clientClockSkew: number | null = null;
	#caller: Caller = NOBODY;
	#actions = 0;
	/** Commit timestamp of the last own mutation, which the next transition must show. */
	#committed = 0n;

	constructor(socket: WebSocket, services: SessionServices) {
		this.#services = services;
		this.#socket = socket;
		this.#outbox = new Outbox(socket, () => this.invalidated());
		this.#queries = new QuerySet((run) => services.hub.release(run, this));
		socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : String(data)));
		socket.on('pong', () => this.#outbox.heard());
		socket.on('error', () => socket.terminate());
		socket.on('close', () => this.#end());
	}

	get ready(): boolean {
		return !this.#closed && this.#outbox.ready;
	}

	invalidated(): void {
		if (!this.#closed) this.#services.hub.request(this);
	}

	plan(): UpdatePlan {
		return { identity: this.#caller.identity, queries: this.#queries.plan(), atLeast: this.#committed };
	}

	deliver(ts: bigint, answers: ReadonlyMap<number, LiveRun>): void {
		this.#outbox.send(this.#queries.transition(ts, answers, this.#clientClockSkew, (run) => run.watchers.add(this)));
	}

	/** Called every few seconds. */
	beat(now: number): void {
		if (this.#sessionId === null && now - this.#openedAt > CONNECT_WITHIN_MS) this.#socket.terminate();
		else if (this.#hasExpired(now)) this.#expired();
		else this.#outbox.beat(now);
	}

	/** Asks the peer to come back later. */
	close(code: number, reason: string): void {
		this.#socket.close(code, reason);
	}

	#receive(text: string | null): void {
		if (this.#closed) return;
		this.#outbox.heard();
		if (text === null) this.#fail('Messages are text.');
		else if (this.#waiting.length >= MAX_WAITING_MESSAGES)
			this.#fail('Too many messages are waiting for a token to be verified.');
		else this.#waiting.push(text);
		this.#work();
	}

	/** Handles messages in order until one has to wait for a token to be verified. */
	#work(): void {
		while (!this.#verifying && !this.#closed) {
			const text = this.#waiting.shift();
			if (text === undefined) return;
			try {
				this.#handle(parseClientMessage(text));
			} catch (error) {
				this.#fail(error instanceof ProtocolError ? error.message : 'The server could not handle a message.');
			}
		}
	}

	#handle(message: ClientMessage): void {
		if (this.#sessionId === null && message.type !== 'Connect')
			throw new ProtocolError('The first message must be Connect.');
		if (message.type !== 'Authenticate' && this.#hasExpired(Date.now())) return this.#expired();
		switch (message.type) {
			case 'Connect':
				return this.#connect(message);
			case 'ModifyQuerySet':
				this.#queries.modify(message);
				return this.invalidated();
			case 'Mutation':
				return this.#mutate(message);
			case 'Action':
				return this.#act(message);
			case 'Authenticate':
				this.#verifying = true;
				return void this.#authenticate(message);
			case 'Event':
		}
	}

	#connect({ sessionId, maxObservedTimestamp, clientTs }: MessageOf<'Connect'>): void {
		if (this.#sessionId !== null) throw new ProtocolError('Connect was sent twice.');
		this.#sessionId = sessionId;
		if (clientTs != null) this.#clientClockSkew = clientTs - Date.now();
		if (maxObservedTimestamp == null || decodeTs(maxObservedTimestamp) <= this.#services.engine.latestTs()) return;
		this.#closed = true;
		this.#socket.close(INTERNAL_ERROR, 'InternalServerError');
	}

	#mutate(message: MessageOf<'Mutation'>): void {
		const { requestId } = message;
		const call = this.#call(message);
		const session = this.#sessionId === null ? undefined : { sessionId: this.#sessionId, requestId };
		const queued = this.#mutations.push(async () => {
			const { outcome, ts } = await this.#services.engine
				.mutation(call, session)
				.catch((error: unknown) => ({ outcome: systemFailure(call, error), ts: null }));
			this.#outbox.send(callResponse('MutationResponse', requestId, outcome, ts));
			if (ts === null) return;
			if (ts > this.#committed) this.#committed = ts;
			this.invalidated();
		});
		if (!queued) throw new ProtocolError(`More than ${MAX_QUEUED_MUTATIONS} mutations are waiting on one connection.`);
	}

	#act(message: MessageOf<'Action'>): void {
		if (this.#actions >= MAX_RUNNING_ACTIONS)
			throw new ProtocolError(`More than ${MAX_RUNNING_ACTIONS} actions are running on one connection.`);
		this.#actions += 1;
		const call = this.#call(message);
		void this.#services.engine
			.action(call)
			.catch((error: unknown) => systemFailure(call, error))
			.then((outcome) => {
				this.#actions -= 1;
				this.#outbox.send(callResponse('ActionResponse', message.requestId, outcome, null));
			});
	}

	#call({ udfPath, componentPath, args }: MessageOf<'Mutation'> | MessageOf<'Action'>): FunctionCall {
		return {
			path: udfPath,
			componentPath: componentPath ?? '',
			args: JSON.stringify(args),
			identity: this.#caller.identity,
			caller: 'client',
			requestId: newRequestId()
		};
	}

	async #authenticate(message: MessageOf<'Authenticate'>): Promise<void> {
		try {
			this.#queries.checkIdentityBase(message.baseVersion);
			this.#caller = await this.#services.authentication.fromMessage(message);
			this.#queries.identify();
			this.invalidated();
		} catch (error) {
			if (error instanceof AuthenticationFailure) this.#refuse(error.message, true);
			else this.#fail(error instanceof ProtocolError ? error.message : 'The server could not verify a token.');
		}
		this.#verifying = false;
		this.#work();
	}

	#hasExpired(now: number): boolean {
		return this.#caller.expiresAt !== null && now >= this.#caller.expiresAt && !this.#verifying && !this.#closed;
	}

	#expired(): void {
		this.#refuse('The token has expired.', false);
	}

	#refuse(sentence: string, authUpdateAttempted: boolean): void {
		this.#outbox.send(authError(sentence, this.#queries.identityVersion, authUpdateAttempted));
		this.#closed = true;
		this.#socket.close(NORMAL, 'AuthError');
	}

	#fail(sentence: string): void {
		this.#outbox.send(fatalError(sentence));
		this.#closed = true;
		this.#socket.close(NORMAL, 'FatalError');
	}

	#end(): void {
		this.#closed = true;
		this.#waiting.length = 0;
		this.#mutations.clear();
		this.#services.hub.forget(this);
		this.#queries.clear();
	}
}

/** The engine could not run it: its process died under this call, or is closing. */
function systemFailure(call: FunctionCall, error: unknown): Outcome {
	const message = error instanceof Error ? error.message : String(error);
	return { ok: false, failure: { message: `[Request ID: ${call.requestId}] Server Error\n${message}` }, logLines: [] };
}
