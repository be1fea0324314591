/**
 * The sending half of one socket: what waits for the peer, how far behind it is, whether it still lives, and when to break
 * the silence. Messages go out whole and in order. A long one goes in frames, one a turn, so that no more of it is in the
 * socket's hands than the peer takes.
 *
 *              much is unsent             nothing is taken for long, or far too much is unsent
 *   current ────────────────────▶ behind ─────────────────────────────────────────────────────▶ cut
 *    │   ▲                         │  │
 *    │   └──────── drained ────────┘  │ close
 *    └───────────────┬────────────────┘
 *                    ▼     everything is sent
 *                 closing ────────────────────▶ closed
 */
import type { WebSocket } from 'ws';
import type { Holdings } from './holdings.ts';
import {
	DEAD_AFTER_MS,
	MAX_FRAME_SENT_BYTES,
	MAX_STALLED_MS,
	MAX_UNSENT_BYTES,
	PING_AFTER_IDLE_MS,
	SLOW_CONSUMER_BYTES
} from './limits.ts';
import { PING } from './protocol.ts';
import type { Rounds, Sender } from './rounds.ts';
import type { Message } from './texts.ts';

export interface OutboxEvents {
	/** There is more or less unsent than before. */
	changed(): void;
	/** A peer that had fallen behind has caught up. */
	drained(): void;
}

/** Bytes of a message that wait, or that the socket has not passed on. */
interface Fragment {
	readonly bytes: Buffer;
	/** Whether others may wait for the same bytes. */
	readonly shared: boolean;
	/** Whether a message ends with it. */
	readonly last: boolean;
}

/** Messages up to this long are not cut into frames. */
const MAX_PASSED_CHARACTERS = MAX_FRAME_SENT_BYTES / 4;

/** Times are of the monotonic clock, in milliseconds: a clock that is set does not make a peer old. */
export class Outbox implements Sender {
	readonly #socket: WebSocket;
	readonly #holdings: Holdings;
	readonly #rounds: Rounds;
	readonly #events: OutboxEvents;
	/** What the socket has not been given, in order; the first may be given in part. */
	readonly #queue: Fragment[] = [];
	/** Bytes of the first in the queue that the socket has been given. */
	#given = 0;
	/** Bytes in the queue that the socket has not been given. */
	#queued = 0;
	/** Everything that is held for this peer. */
	readonly #fragments = new Set<Fragment>();
	#own = 0;
	#lastSent = performance.now();
	#lastHeard = performance.now();
	/** When a peer that is behind last took something; null for one that is not behind. */
	#stalledSince: number | null = null;
	/** How to close once everything is sent. */
	#closing: { readonly code: number; readonly reason: string } | null = null;

	constructor(socket: WebSocket, holdings: Holdings, rounds: Rounds, events: OutboxEvents) {
		this.#socket = socket;
		this.#holdings = holdings;
		this.#rounds = rounds;
		this.#events = events;
	}

	/** False while too much is unsent: transitions then wait and coalesce. */
	get ready(): boolean {
		return this.#stalledSince === null && this.#open;
	}

	/** Bytes that were not taken from here yet. */
	get unsent(): number {
		return this.#queued + this.#socket.bufferedAmount;
	}

	/** Those of them that only this peer waits for. */
	get own(): number {
		return this.#own;
	}

	get #open(): boolean {
		return this.#closing === null && this.#socket.readyState === this.#socket.OPEN;
	}

	/** Sends messages. One larger than the limit is fine for a peer that was not behind. */
	send(...messages: readonly Message[]): void {
		if (!this.#open) return;
		if (this.unsent > MAX_UNSENT_BYTES) return this.#socket.terminate();
		this.#lastSent = performance.now();
		const wasEmpty = this.#queue.length === 0;
		for (const message of messages) {
			const text = this.#queue.length === 0 ? shortText(message) : null;
			if (text === null) this.#enqueue(message);
			else this.#pass(text);
		}
		if (wasEmpty && this.#queued > 0) this.#rounds.join(this);
		if (this.unsent === 0) return;
		if (this.unsent > SLOW_CONSUMER_BYTES) this.#stalledSince ??= this.#lastSent;
		this.#events.changed();
	}

	/** Gives the socket as much as fits one frame. */
	turn(): number {
		// A callback is on its way that takes the next turn.
		if (this.#socket.bufferedAmount >= MAX_FRAME_SENT_BYTES) return 0;
		let sent = 0;
		for (let next = this.#queue[0]; next && sent < MAX_FRAME_SENT_BYTES; next = this.#queue[0]) {
			const end = Math.min(next.bytes.length, this.#given + MAX_FRAME_SENT_BYTES - sent);
			const piece = next.bytes.subarray(this.#given, end);
			const whole = end === next.bytes.length;
			sent += piece.length;
			this.#queued -= piece.length;
			this.#given = whole ? 0 : end;
			if (whole) this.#queue.shift();
			const fragment = whole ? next : null;
			this.#socket.send(piece, { binary: false, fin: whole && next.last }, () => this.#sent(fragment));
		}
		if (this.#closing && this.#queue.length === 0) this.#socket.close(this.#closing.code, this.#closing.reason);
		return sent;
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
		if (now - this.#lastSent >= PING_AFTER_IDLE_MS) this.send([PING]);
	}

	/** Closes the connection after what was sent; nothing more is taken. */
	close(code: number, reason: string): void {
		if (!this.#open) return;
		if (this.#queue.length === 0) this.#socket.close(code, reason);
		else this.#closing = { code, reason };
	}

	/** Lets go of everything: the connection is gone. */
	clear(): void {
		this.#rounds.leave(this);
		this.#queue.length = 0;
		this.#queued = 0;
		for (const fragment of this.#fragments) this.#release(fragment);
	}

	/** What is short goes to the socket as it is, when nothing waits. */
	#pass(text: string): void {
		this.#own += text.length;
		this.#socket.send(text, () => {
			this.#own -= text.length;
			this.#sent(null);
		});
	}

	#enqueue(message: Message): void {
		const runs: (Buffer | string)[] = [];
		for (const part of message) {
			const before = runs.at(-1);
			if (typeof part === 'string' && typeof before === 'string') runs[runs.length - 1] = before + part;
			else runs.push(part);
		}
		for (const [index, run] of runs.entries()) {
			const shared = typeof run !== 'string';
			const bytes = shared ? run : Buffer.from(run);
			const fragment = { bytes, shared, last: index === runs.length - 1 };
			this.#queue.push(fragment);
			this.#fragments.add(fragment);
			this.#queued += bytes.length;
			if (shared) this.#holdings.share(bytes);
			else this.#own += bytes.length;
		}
	}

	/** The socket has passed a frame on, which was the end of a fragment or just a part of one. */
	#sent(fragment: Fragment | null): void {
		if (fragment) this.#release(fragment);
		if (this.#queue.length > 0) this.#rounds.join(this);
		this.#events.changed();
		if (this.#stalledSince === null) return;
		this.#stalledSince = performance.now();
		if (this.unsent > SLOW_CONSUMER_BYTES) return;
		this.#stalledSince = null;
		this.#events.drained();
	}

	#release(fragment: Fragment): void {
		if (!this.#fragments.delete(fragment)) return;
		if (fragment.shared) this.#holdings.unshare(fragment.bytes);
		else this.#own -= fragment.bytes.length;
	}
}

/** The text of a message that needs no frames of its own for its parts; null when it does. */
function shortText(message: Message): string | null {
	let text = '';
	for (const part of message) {
		if (typeof part !== 'string' || text.length + part.length > MAX_PASSED_CHARACTERS) return null;
		text += part;
	}
	return text;
}
