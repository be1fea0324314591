/** The sending half of one socket: how far behind the peer is, whether it still lives, and when to break the silence. */
import type { WebSocket } from 'ws';
import { DEAD_AFTER_MS, MAX_STALLED_MS, MAX_UNSENT_BYTES, PING_AFTER_IDLE_MS, SLOW_CONSUMER_BYTES } from './limits.ts';
import { PING } from './protocol.ts';

export class Outbox {
	readonly #socket: WebSocket;
	readonly #drained: () => void;
	#lastSent = Date.now();
	#lastHeard = Date.now();
	/** When the peer fell behind, while it is. */
	#stalledSince: number | null = null;

	/** `drained` is called when a peer that had fallen behind has caught up. */
	constructor(socket: WebSocket, drained: () => void) {
		this.#socket = socket;
		this.#drained = drained;
	}

	/** False while too much is unsent: transitions then wait and coalesce. */
	get ready(): boolean {
		return this.#stalledSince === null && this.#socket.readyState === this.#socket.OPEN;
	}

	send(text: string): void {
		if (this.#socket.readyState !== this.#socket.OPEN) return;
		this.#lastSent = Date.now();
		this.#socket.send(text, () => this.#flushed());
		const unsent = this.#socket.bufferedAmount;
		if (unsent > MAX_UNSENT_BYTES) this.#socket.terminate();
		else if (unsent > SLOW_CONSUMER_BYTES) this.#stalledSince ??= this.#lastSent;
	}

	heard(): void {
		this.#lastHeard = Date.now();
	}

	/** Called every few seconds: pings, and drops a peer that is gone or does not read. */
	beat(now: number): void {
		const stalled = this.#stalledSince !== null && now - this.#stalledSince > MAX_STALLED_MS;
		if (stalled || now - this.#lastHeard > DEAD_AFTER_MS) {
			this.#socket.terminate();
			return;
		}
		if (now - this.#lastHeard >= PING_AFTER_IDLE_MS) this.#socket.ping();
		if (now - this.#lastSent >= PING_AFTER_IDLE_MS) this.send(PING);
	}

	#flushed(): void {
		if (this.#stalledSince === null || this.#socket.bufferedAmount > SLOW_CONSUMER_BYTES) return;
		this.#stalledSince = null;
		this.#drained();
	}
}
