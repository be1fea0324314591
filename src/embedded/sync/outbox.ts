/** The sending half of one socket: how far behind the peer is, whether it still lives, and when to break the silence. */
import type { WebSocket } from 'ws';
import { DEAD_AFTER_MS, MAX_STALLED_MS, MAX_UNSENT_BYTES, PING_AFTER_IDLE_MS, SLOW_CONSUMER_BYTES } from './limits.ts';
import { PING } from './protocol.ts';

export interface OutboxEvents {
	/** There is more or less unsent than before. */
	changed(): void;
	/** A peer that had fallen behind has caught up. */
	drained(): void;
}

/** Times are of the monotonic clock, in milliseconds: a clock that is set does not make a peer old. */
export class Outbox {
	readonly #socket: WebSocket;
	readonly #events: OutboxEvents;
	readonly #flushed = (): void => this.#sent();
	#lastSent = performance.now();
	#lastHeard = performance.now();
	/** When the peer fell behind, while it is. */
	#stalledSince: number | null = null;

	constructor(socket: WebSocket, events: OutboxEvents) {
		this.#socket = socket;
		this.#events = events;
	}

	/** False while too much is unsent: transitions then wait and coalesce. */
	get ready(): boolean {
		return this.#stalledSince === null && this.#socket.readyState === this.#socket.OPEN;
	}

	/** Bytes that were not taken from here yet. */
	get unsent(): number {
		return this.#socket.bufferedAmount;
	}

	/** Sends a message, or several that belong together. One larger than the limit is fine for a peer that was not behind. */
	send(...messages: readonly string[]): void {
		if (this.#socket.readyState !== this.#socket.OPEN) return;
		if (this.unsent > MAX_UNSENT_BYTES) return this.#socket.terminate();
		this.#lastSent = performance.now();
		for (const message of messages) this.#socket.send(message, this.#flushed);
		if (this.unsent === 0) return;
		if (this.unsent > SLOW_CONSUMER_BYTES) this.#stalledSince ??= this.#lastSent;
		this.#events.changed();
	}

	heard(): void {
		this.#lastHeard = performance.now();
	}

	/** Called every few seconds: pings, and drops a peer that is gone or does not read. */
	beat(): void {
		const now = performance.now();
		const stalled = this.#stalledSince !== null && now - this.#stalledSince > MAX_STALLED_MS;
		if (stalled || now - this.#lastHeard > DEAD_AFTER_MS) {
			this.#socket.terminate();
			return;
		}
		if (now - this.#lastHeard >= PING_AFTER_IDLE_MS) this.#socket.ping();
		if (now - this.#lastSent >= PING_AFTER_IDLE_MS) this.send(PING);
	}

	#sent(): void {
		this.#events.changed();
		if (this.#stalledSince === null || this.unsent > SLOW_CONSUMER_BYTES) return;
		this.#stalledSince = null;
		this.#events.drained();
	}
}
