/** One step of a walk over a range of keys. */
export interface Cursor<V> {
	/** Null past the end. */
	readonly key: string | null;
	/** Undefined past the end. */
	readonly value: V | undefined;
	advance(): void;
}

/** Up to so many new keys are put in their places one by one; more are sorted together. */
const FEW = 32;

/**
 * A map whose keys are binary strings (one character a byte) and can be walked in order. Writing costs what a Map costs:
 * keys are put in order when a range is read.
 */
export class OrderedMap<V> {
	readonly #values = new Map<string, V>();
	/** In order, each once; some may have been deleted since. */
	#sorted: string[] = [];
	/** Keys of the map that may be missing from `#sorted`. */
	#added: string[] = [];

	get size(): number {
		return this.#values.size;
	}

	get(key: string): V | undefined {
		return this.#values.get(key);
	}

	set(key: string, value: V): void {
		const { size } = this.#values;
		this.#values.set(key, value);
		if (this.#values.size > size) this.#added.push(key);
	}

	delete(key: string): void {
		if (!this.#values.delete(key) || this.#values.size > 0) return;
		this.#sorted = [];
		this.#added = [];
	}

	/** Keys from `lower` and below `upper` (null: to the end). Not to be used after the map has been written to. */
	cursor(lower: string, upper: string | null, order: 'asc' | 'desc'): Cursor<V> {
		this.#sort();
		const first = this.#place(lower);
		const end = upper === null ? this.#sorted.length : this.#place(upper);
		return order === 'asc'
			? new Walk(this.#sorted, this.#values, first, end, 1)
			: new Walk(this.#sorted, this.#values, end - 1, first - 1, -1);
	}

	/** Where the first key lies that is not below this one. */
	#place(key: string): number {
		let low = 0;
		let high = this.#sorted.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#sorted[middle] ?? '') < key) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	#sort(): void {
		if (this.#added.length > FEW || this.#sorted.length > 2 * this.#values.size + FEW) {
			this.#sorted = [...this.#values.keys()].sort();
		} else {
			for (const key of this.#added) {
				const place = this.#place(key);
				if (this.#sorted[place] !== key) this.#sorted.splice(place, 0, key);
			}
		}
		this.#added = [];
	}
}

class Walk<V> implements Cursor<V> {
	key: string | null = null;
	value: V | undefined;
	readonly #keys: readonly string[];
	readonly #values: ReadonlyMap<string, V>;
	readonly #end: number;
	readonly #step: 1 | -1;
	#at: number;

	constructor(keys: readonly string[], values: ReadonlyMap<string, V>, first: number, end: number, step: 1 | -1) {
		this.#keys = keys;
		this.#values = values;
		this.#end = end;
		this.#step = step;
		this.#at = first - step;
		// An empty range may have its bounds the wrong way round.
		if (step > 0 ? first < end : first > end) this.advance();
	}

	advance(): void {
		for (let at = this.#at + this.#step; at !== this.#end; at += this.#step) {
			const key = this.#keys[at] ?? '';
			const value = this.#values.get(key);
			if (value === undefined) continue;
			this.#at = at;
			this.key = key;
			this.value = value;
			return;
		}
		this.#at = this.#end - this.#step;
		this.key = null;
		this.value = undefined;
	}
}
