/**
 * One socket, from its first message to its end.
 *
 *             Connect                 Authenticate        verified
 *   waiting ───────────▶ connected ───────────────▶ verifying ──┐
 *      │                  ▲  │   ▲                    │         │
 *      │ anything else    └──┘   └────────────────────┼─────────┘
 *      │                    ModifyQuerySet, Mutation, │ refused
 *      │                     Action, Event            │
 *      ▼                     │                        ▼
 *   FatalError ◀─────────────┘ protocol broken     AuthError ◀── token ran out before a
 *      │                                              │          call or an update
 *      └──────────────────▶ closed ◀──────────────────┘
 *                              ▲
 *                              └── from every state: the peer is gone, silent, too slow or asks for too much (it may
 *                                  come back later), Connect was not said in time, the deployment stops
 *
 * While verifying, messages wait in order. A call runs as whoever the client was when it came in. Each ModifyQuerySet,
 * Authenticate and successful mutation is followed by a transition; what happened meanwhile coalesces into one.
 */
import type { WebSocket } from 'ws';
import type { Authentication, Caller } from '../auth/authentication.ts';
import { AuthenticationFailure } from '../auth/failure.ts';
import type { Engine } from '../engine/engine.ts';
import type { FunctionCall } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { Overload, SocketCalls } from './calls.ts';
import type { Holder, Holdings } from './holdings.ts';
import type { Subscriber, SubscriptionHub, UpdatePlan } from './hub.ts';
import { CONNECT_WITHIN_MS, MAX_QUEUED_CHARACTERS, MAX_WAITING_MESSAGES } from './limits.ts';
import { askerOf } from './liveRun.ts';
import { Outbox } from './outbox.ts';
import { ProtocolError, authError, decodeTs, fatalError, parseClientMessage } from './protocol.ts';
import type { ClientMessage, MessageOf } from './protocol.ts';
import { QuerySet } from './querySet.ts';
import type { Rounds } from './rounds.ts';
import { inMessages } from './texts.ts';

export interface SessionServices {
	readonly engine: Engine;
	readonly hub: SubscriptionHub;
	readonly authentication: Authentication;
	readonly holdings: Holdings;
	readonly rounds: Rounds;
	/** Whether an admin key counts on this socket. */
	readonly takesAdminKey: boolean;
}

const NOBODY: Caller = { identity: { kind: 'none' }, expiresAt: null };
/** Close codes of RFC 6455 and its registry. */
const NORMAL = 1000;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

export class Session implements Subscriber, Holder {
	readonly #services: SessionServices;
	readonly #socket: WebSocket;
	readonly #chunks: boolean;
	readonly #outbox: Outbox;
	readonly #queries: QuerySet;
	readonly #calls: SocketCalls;
	readonly #waiting: string[] = [];
	readonly #openedAt = performance.now();
	/** Bytes that have come in since the last whole message. */
	#incoming = 0;
	/** Characters of the messages that wait and of the calls that run. */
	#queued = 0;
	#verifying = false;
	#closed = false;
	#sessionId: string | null = null;
	#clientClockSkew: number | null = null;
	#caller: Caller = NOBODY;
	#asker = askerOf(NOBODY.identity);
	/** An update was asked for that has not begun. */
	#outdated = false;
	/** Commit timestamp of the last own mutation, which the next transition must show. */
	#committed = 0n;

	/** `chunks`: whether the client puts large transitions together. */
	constructor(socket: WebSocket, services: SessionServices, chunks: boolean) {
		this.#services = services;
		this.#socket = socket;
		this.#chunks = chunks;
		this.#outbox = new Outbox(socket, services.holdings, services.rounds, {
			changed: () => this.#held(),
			drained: () => {
				if (this.#outdated || this.stale) this.invalidated();
			}
		});
		this.#queries = new QuerySet({
			ready: () => this.ready,
			invalidated: () => this.invalidated(),
			released: (run, watcher) => services.hub.release(run, watcher)
		});
		this.#calls = new SocketCalls(services.engine, {
			answered: (message) => this.#outbox.send([message]),
			committed: (ts) => this.#hasCommitted(ts),
			held: (characters) => this.#enqueued(characters)
		});
		socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : String(data)));
		socket.on('pong', () => this.#outbox.heard());
		socket.on('error', () => socket.terminate());
		socket.on('close', () => this.#end());
	}

	get ready(): boolean {
		return !this.#closed && this.#outbox.ready;
	}

	get stale(): boolean {
		return this.#queries.stale;
	}

	get own(): number {
		return this.#incoming + this.#queued + this.#outbox.own;
	}
	get held(): number {
		return this.#incoming + this.#queued + this.#outbox.unsent;
	}

	/** So many bytes came in, before any message that they complete. */
	arrived(bytes: number): void {
		this.#incoming += bytes;
		this.#held();
	}

	invalidated(anew = false): void {
		if (this.#closed) return;
		this.#outdated = true;
		this.#services.hub.request(this, anew);
	}

	plan(all: boolean): UpdatePlan | null {
		if (this.#hasExpired()) {
			this.#expired();
			return null;
		}
		this.#outdated = false;
		return { asker: this.#asker, queries: this.#queries.plan(this.#asker, all), atLeast: this.#committed };
	}

	deliver(ts: bigint): boolean {
		if (this.#closed) return true;
		const transition = this.#queries.transition(ts, this.#clientClockSkew);
		if (transition === null) return false;
		this.#outbox.send(...inMessages(transition, this.#chunks));
		return true;
	}

	/** Called every few seconds. */
	beat(): void {
		if (this.#sessionId === null && performance.now() - this.#openedAt > CONNECT_WITHIN_MS) this.cut();
		else this.#outbox.beat();
	}

	/** Asks the peer to come back later. */
	close(code: number, reason: string): void {
		this.#outbox.close(code, reason);
	}

	cut(): void {
		this.#outbox.clear();
		this.#socket.terminate();
	}

	#held(): void {
		if (!this.#closed) this.#services.holdings.changed(this);
	}

	#receive(text: string | null): void {
		if (this.#closed) return;
		this.#incoming = 0;
		this.#outbox.heard();
		if (text === null) return this.#fail('Messages are text.');
		this.#waiting.push(text);
		this.#enqueued(text.length);
		if (this.#waiting.length > MAX_WAITING_MESSAGES || this.#queued > MAX_QUEUED_CHARACTERS)
			this.#bye(TRY_AGAIN_LATER, 'TooManyWaitingMessages');
		this.#work();
	}

	/** So many characters of messages or calls are held from here on; `-` no longer. */
	#enqueued(characters: number): void {
		this.#queued += characters;
		this.#held();
	}

	/** Handles messages in order until one has to wait for a token to be verified. */
	#work(): void {
		while (!this.#verifying && !this.#closed) {
			const text = this.#waiting.shift();
			if (text === undefined) return;
			this.#queued -= text.length;
			try {
				this.#handle(parseClientMessage(text));
			} catch (error) {
				if (error instanceof Overload) this.#bye(TRY_AGAIN_LATER, error.message);
				else this.#fail(error instanceof ProtocolError ? error.message : 'The server could not handle a message.');
			}
		}
	}

	#handle(message: ClientMessage): void {
		if (this.#sessionId === null && message.type !== 'Connect')
			throw new ProtocolError('The first message must be Connect.');
		switch (message.type) {
			case 'Connect':
				return this.#connect(message);
			case 'ModifyQuerySet':
				this.#queries.modify(message);
				return this.invalidated(true);
			case 'Mutation':
			case 'Action':
				return this.#hasExpired() ? this.#expired() : this.#start(message);
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
		this.#bye(INTERNAL_ERROR, 'InternalServerError');
	}

	#start(message: MessageOf<'Mutation'> | MessageOf<'Action'>): void {
		const call = this.#call(message);
		if (message.type === 'Action') this.#calls.act(call, message.requestId);
		else this.#calls.mutate(call, message.requestId, this.#sessionId ?? '');
	}

	#hasCommitted(ts: bigint): void {
		if (ts > this.#committed) this.#committed = ts;
		this.invalidated();
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
			const caller = await this.#services.authentication.fromMessage(message, this.#services.takesAdminKey);
			const asker = askerOf(caller.identity);
			this.#caller = caller;
			// A refreshed token of the same person changes no answer.
			if (asker.name !== this.#asker.name) this.#asker = asker;
			this.#queries.identify();
			this.invalidated();
		} catch (error) {
			if (error instanceof AuthenticationFailure) this.#refuse(error.message, true);
			else this.#fail(error instanceof ProtocolError ? error.message : 'The server could not verify a token.');
		}
		this.#verifying = false;
		this.#work();
	}

	/** As in Convex, looked at before a call and before an update rather than when it happens. */
	#hasExpired(): boolean {
		return this.#caller.expiresAt !== null && Date.now() >= this.#caller.expiresAt && !this.#closed;
	}

	#expired(): void {
		this.#refuse('The token has expired.', false);
	}

	/** Hears nothing more, and closes after what was sent. */
	#bye(code: number, reason: string): void {
		this.#closed = true;
		this.#outbox.close(code, reason);
	}

	#refuse(sentence: string, authUpdateAttempted: boolean): void {
		this.#outbox.send([authError(sentence, this.#queries.identityVersion, authUpdateAttempted)]);
		this.#bye(NORMAL, 'AuthError');
	}

	#fail(sentence: string): void {
		this.#outbox.send([fatalError(sentence)]);
		this.#bye(NORMAL, 'FatalError');
	}

	#end(): void {
		this.#closed = true;
		this.#waiting.length = 0;
		this.#calls.clear();
		this.#outbox.clear();
		this.#services.holdings.forget(this);
		this.#services.hub.forget(this);
		this.#queries.clear();
	}
}
