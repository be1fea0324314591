/** What every connection makes this process hold, so that a few cannot take the memory of all. */
import { MAX_HELD_BYTES } from './limits.ts';

export interface Holder {
	/** Bytes, roughly, that are held for it alone. */
	readonly own: number;
	/** The same with what others wait for, too. */
	readonly held: number;
	/** Cuts the connection. What was held for it alone is gone afterwards, and what it shared is let go. */
	cut(): void;
}

export class Holdings {
	readonly #limit: number;
	readonly #own = new Map<Holder, number>();
	/** How many wait for the same bytes. */
	readonly #shared = new Map<Buffer, number>();
	#total = 0;

	constructor(limit: number = MAX_HELD_BYTES) {
		this.#limit = limit;
	}

	/** Bytes that are held, each once. */
	get total(): number {
		return this.#total;
	}

	/** To be called when what is held has changed. When it is too much, whoever holds the most is cut. */
	changed(holder: Holder): void {
		this.#total += holder.own - (this.#own.get(holder) ?? 0);
		this.#own.set(holder, holder.own);
		while (this.#total > this.#limit) {
			const largest = this.#largest();
			if (!largest) return;
			this.forget(largest);
			largest.cut();
		}
	}

	/** One more waits for these bytes. */
	share(bytes: Buffer): void {
		const count = this.#shared.get(bytes) ?? 0;
		if (count === 0) this.#total += bytes.length;
		this.#shared.set(bytes, count + 1);
	}

	/** One of those who wait for these bytes does no longer. */
	unshare(bytes: Buffer): void {
		const count = this.#shared.get(bytes) ?? 0;
		if (count > 1) this.#shared.set(bytes, count - 1);
		else if (this.#shared.delete(bytes)) this.#total -= bytes.length;
	}

	forget(holder: Holder): void {
		this.#total -= this.#own.get(holder) ?? 0;
		this.#own.delete(holder);
	}

	#largest(): Holder | null {
		let largest: Holder | null = null;
		for (const one of this.#own.keys()) if (!largest || one.held > largest.held) largest = one;
		return largest;
	}
}
