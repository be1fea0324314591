/** Lets sockets that have much to send take turns, so that nobody else's messages wait for all of it. */
import { MAX_ROUND_BYTES } from './limits.ts';

export interface Sender {
	/** Sends a little of what waits, and returns how many bytes that was. */
	turn(): number;
}

/** One round for each turn of the event loop. Whoever has more to send after its turn comes back by itself. */
export class Rounds {
	readonly #waiting = new Set<Sender>();
	#planned = false;

	/** Gives the sender a turn, soon. */
	join(sender: Sender): void {
		this.#waiting.add(sender);
		this.#plan();
	}

	leave(sender: Sender): void {
		this.#waiting.delete(sender);
	}

	#plan(): void {
		if (this.#planned || this.#waiting.size === 0) return;
		this.#planned = true;
		setImmediate(() => {
			this.#planned = false;
			this.#round();
			this.#plan();
		});
	}

	#round(): void {
		let left = MAX_ROUND_BYTES;
		for (const sender of this.#waiting) {
			this.#waiting.delete(sender);
			left -= sender.turn();
			if (left <= 0) return;
		}
	}
}
