/** What every connection makes this process hold, so that a few cannot take the memory of all. */
import { MAX_HELD_BYTES } from './limits.ts';

export interface Holder {
	/** Bytes, roughly, that are held for it. */
	readonly held: number;
	/** Cuts the connection. What was held for it is gone afterwards. */
	cut(): void;
}

export class Holdings {
	readonly #limit: number;
	readonly #held = new Map<Holder, number>();
	#total = 0;

	constructor(limit: number = MAX_HELD_BYTES) {
		this.#limit = limit;
	}

	get total(): number {
		return this.#total;
	}

	/** To be called when what is held has changed. When it is too much, whoever holds the most is cut. */
	changed(holder: Holder): void {
		this.#total += holder.held - (this.#held.get(holder) ?? 0);
		this.#held.set(holder, holder.held);
		while (this.#total > this.#limit) {
			const largest = this.#largest();
			if (!largest) return;
			this.forget(largest);
			largest.cut();
		}
	}

	forget(holder: Holder): void {
		this.#total -= this.#held.get(holder) ?? 0;
		this.#held.delete(holder);
	}

	#largest(): Holder | null {
		let largest: [Holder, number] | null = null;
		for (const one of this.#held) if (!largest || one[1] > largest[1]) largest = one;
		return largest && largest[0];
	}
}
