import type { ReadInterval, ReadSet } from './types.ts';

/** An interval that is still growing: an open scan. */
export interface OpenInterval {
	consumed(): ReadInterval | null;
}

/** Collects what a transaction reads. */
export class ReadLog {
	readonly #intervals: ReadInterval[] = [];
	readonly #ids = new Set<string>();
	readonly #open = new Set<OpenInterval>();

	id(id: string): void {
		this.#ids.add(id);
	}

	interval(interval: ReadInterval): void {
		this.#intervals.push(interval);
	}

	open(interval: OpenInterval): void {
		this.#open.add(interval);
	}

	close(interval: OpenInterval): void {
		if (!this.#open.delete(interval)) return;
		const consumed = interval.consumed();
		if (consumed !== null) this.#intervals.push(consumed);
	}

	/** What was read so far, open scans included. */
	snapshot(): ReadSet {
		const open = [...this.#open].map((scan) => scan.consumed()).filter((interval) => interval !== null);
		return { intervals: [...this.#intervals, ...open], ids: new Set(this.#ids) };
	}
}
