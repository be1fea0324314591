import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { decodeTs, encodeTs } from '../../sync/protocol.ts';
import type { Event } from './check.ts';
import type { LedgerCall, LedgerQuestion } from './ledger.ts';

const version = z.object({ querySet: z.number(), identity: z.number(), ts: z.string() });
const message = z.discriminatedUnion('type', [
	z.object({
		type: z.literal('Transition'),
		startVersion: version,
		endVersion: version,
		modifications: z.array(z.object({ type: z.string(), queryId: z.number(), value: z.unknown().optional() }))
	}),
	z.object({
		type: z.literal('MutationResponse'),
		requestId: z.number(),
		success: z.boolean(),
		result: z.unknown(),
		ts: z.string().optional()
	}),
	z.object({ type: z.literal('FatalError'), error: z.string() }),
	z.object({ type: z.literal('Ping') })
]);

const RECONNECT_MS = 15;

/** What a client still asks for: anything the ledger does, and calls that no history tells of. */
interface Pending {
	readonly path: string;
	readonly args: object;
	/** Set once it is acknowledged: it is asked for again until a transition shows it. */
	ts: bigint | null;
	resolve(answer: { readonly ok: boolean; readonly result: unknown }): void;
}

/**
 * Speaks the sync protocol as the official client does: one session over any number of connections, and everything that
 * no transition has confirmed is sent again after each reconnect. Writes down what happens.
 */
export class HistoryClient {
	readonly #name: string;
	readonly #questions: readonly LedgerQuestion[];
	readonly #record: (event: Event) => void;
	readonly #session = randomUUID();
	readonly #pending = new Map<number, Pending>();
	/** Requests that the history tells of. */
	readonly #told = new Set<number>();
	#url: string;
	#socket: WebSocket | null = null;
	#stopped = false;
	#requests = 0;
	#connections = 0;
	#observed: bigint | null = null;
	/** The end of the last transition of this connection. */
	#end = { querySet: 0, identity: 0, ts: encodeTs(0n) };
	/** Answers by query id, as of the last transition. */
	#answers = new Map<number, unknown>();
	/** The latest fatal complaint of the server: none is ever deserved. */
	fault: string | null = null;

	constructor(name: string, url: string, questions: readonly LedgerQuestion[], record: (event: Event) => void) {
		this.#name = name;
		this.#url = url;
		this.#questions = questions;
		this.#record = record;
		this.#connect();
	}

	/** Where the server is from the next connection on. */
	moveTo(url: string): void {
		this.#url = url;
	}

	/** Asks for a mutation of the ledger, which the history tells of. */
	async mutate(call: LedgerCall): Promise<void> {
		const request = this.#requests;
		this.#told.add(request);
		this.#record({ event: 'invoke', client: this.#name, request, call });
		await this.call(`ledger:${call.call}`, call.args);
	}

	/** Asks for any other mutation. Resolves with its result once it is acknowledged; rejects when it is refused. */
	async call(path: string, args: object): Promise<unknown> {
		const { promise, resolve } = Promise.withResolvers<{ readonly ok: boolean; readonly result: unknown }>();
		const request = this.#requests++;
		this.#pending.set(request, { path, args, ts: null, resolve });
		this.#send(request);
		const { ok, result } = await promise;
		if (!ok && !path.startsWith('ledger:withdraw')) throw new Error(`${path} was refused: ${String(result)}`);
		return result;
	}

	/** Loses the connection without a word, and makes another. */
	cut(): void {
		this.#socket?.terminate();
	}

	/** How many mutations no transition has confirmed. */
	get unconfirmed(): number {
		return this.#pending.size;
	}

	stop(): void {
		this.#stopped = true;
		this.#socket?.terminate();
	}

	#connect(): void {
		if (this.#stopped) return;
		const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/api/1.48.0/sync`);
		this.#socket = socket;
		socket.on('open', () => this.#opened());
		socket.on('message', (data) => {
			if (socket === this.#socket) this.#receive(message.parse(JSON.parse(String(data))));
		});
		socket.on('error', () => undefined);
		socket.on('close', () => setTimeout(() => this.#connect(), RECONNECT_MS));
	}

	#opened(): void {
		this.#record({ event: 'connect', client: this.#name });
		this.#end = { querySet: 0, identity: 0, ts: encodeTs(0n) };
		this.#answers.clear();
		this.#write({
			type: 'Connect',
			sessionId: this.#session,
			connectionCount: this.#connections++,
			lastCloseReason: null,
			...(this.#observed === null ? {} : { maxObservedTimestamp: encodeTs(this.#observed) }),
			clientTs: Date.now()
		});
		const modifications = this.#questions.map((question, queryId) => {
			return { type: 'Add', queryId, udfPath: 'ledger:read', args: [question] };
		});
		this.#write({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications });
		for (const request of this.#pending.keys()) this.#send(request);
	}

	#send(request: number): void {
		const pending = this.#pending.get(request);
		if (pending !== undefined)
			this.#write({ type: 'Mutation', requestId: request, udfPath: pending.path, args: [pending.args] });
	}

	#write(content: object): void {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(content));
	}

	#receive(received: z.infer<typeof message>): void {
		if (received.type === 'Ping') return;
		if (received.type === 'FatalError') this.fault = received.error;
		else if (received.type === 'MutationResponse') this.#answered(received);
		else this.#moved(received);
	}

	#answered({ requestId, success, result, ts }: Extract<z.infer<typeof message>, { type: 'MutationResponse' }>): void {
		// A transition may have confirmed it before the answer to its second sending comes.
		const pending = this.#pending.get(requestId);
		const isTold = this.#told.has(requestId);
		const about = { client: this.#name, request: requestId };
		if (success && ts !== undefined) {
			const at = decodeTs(ts);
			if (pending !== undefined) pending.ts = at;
			if (isTold) this.#record({ event: 'ok', ...about, ts: at, answer: result });
		} else {
			this.#pending.delete(requestId);
			if (isTold) this.#record({ event: 'refused', ...about });
		}
		pending?.resolve({ ok: success, result });
	}

	#moved({ startVersion, endVersion, modifications }: Extract<z.infer<typeof message>, { type: 'Transition' }>): void {
		if (JSON.stringify(startVersion) !== JSON.stringify(this.#end))
			this.fault = 'A transition does not start where the last one ended.';
		this.#end = endVersion;
		for (const { type, queryId, value } of modifications) {
			if (type !== 'QueryUpdated') this.fault = `${type} of query ${queryId}`;
			this.#answers.set(queryId, value);
		}
		const ts = decodeTs(endVersion.ts);
		if (this.#observed === null || ts > this.#observed) this.#observed = ts;
		for (const [request, pending] of this.#pending)
			if (pending.ts !== null && pending.ts <= ts) this.#pending.delete(request);
		const seen = this.#questions.flatMap((question, queryId) =>
			this.#answers.has(queryId) ? [{ question, answer: this.#answers.get(queryId) }] : []
		);
		this.#record({ event: 'transition', client: this.#name, ts, seen });
	}
}
