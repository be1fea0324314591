import { EVERYTHING } from '../values/keys.ts';
import type { IndexEntry, IndexMemory } from './tableEntry.ts';
import { matchesFilter } from './filterKeys.ts';
import type { KeyFilter } from './filterKeys.ts';
import { readKeys } from './merge.ts';
import type { ReadPlace } from './merge.ts';
import { normalized, readVector } from './vectorKeys.ts';

export interface VectorQuery {
	readonly vector: readonly number[];
	readonly limit: number;
	/** One must hold, as in the backend; none at all keeps every document. */
	readonly filters: readonly KeyFilter[];
}

export interface VectorMatch {
	readonly internal: Uint8Array;
	/** Cosine of the angle between the two vectors, -1 to 1. */
	readonly score: number;
}

/**
 * The vectors of one index in one block of memory (4 bytes a dimension), kept in step with the entries. A search compares
 * with every vector, so it is exact; the backend's is approximate.
 */
class VectorTable implements IndexMemory {
	readonly #index: IndexEntry;
	readonly #dimensions: number;
	readonly #rowOf = new Map<string, number>();
	readonly #rows: { readonly name: string; readonly internal: Uint8Array; readonly filters: readonly Uint8Array[] }[] =
		[];
	#block: Float32Array<ArrayBuffer>;
	/** The same memory. */
	#bytes: Uint8Array;

	/** With room for so many before it has to grow. */
	constructor(index: IndexEntry, room: number) {
		this.#index = index;
		this.#dimensions = index.dimensions ?? 0;
		this.#block = new Float32Array(this.#dimensions * Math.max(room, 16));
		this.#bytes = new Uint8Array(this.#block.buffer);
	}

	added(key: Uint8Array): void {
		const { vector, internal, filters } = readVector(this.#index, key);
		const row = this.#rows.length;
		const name = Buffer.from(internal).toString('latin1');
		this.#rows.push({ name, internal: internal.slice(), filters: filters.map((filter) => filter.slice()) });
		this.#rowOf.set(name, row);
		if ((row + 1) * this.#dimensions > this.#block.length) {
			const larger = new Float32Array(this.#block.length * 2);
			larger.set(this.#block);
			this.#block = larger;
			this.#bytes = new Uint8Array(larger.buffer);
		}
		this.#bytes.set(vector, row * this.#dimensions * 4);
	}

	/** The last row takes the place of the removed one. */
	removed(key: Uint8Array): void {
		const row = this.#rowOf.get(Buffer.from(key.subarray(-16)).toString('latin1'));
		const last = this.#rows.pop();
		if (row === undefined || last === undefined) throw new Error('a vector is not in memory');
		this.#rowOf.delete(Buffer.from(key.subarray(-16)).toString('latin1'));
		if (row === this.#rows.length) return;
		this.#rows[row] = last;
		this.#rowOf.set(last.name, row);
		const from = this.#rows.length * this.#dimensions;
		this.#block.copyWithin(row * this.#dimensions, from, from + this.#dimensions);
	}

	/** Nearest first; of two equally near, the one with the greater id. */
	search({ vector, limit, filters }: VectorQuery): VectorMatch[] {
		const wanted = normalized(Float32Array.from(vector));
		let found: VectorMatch[] = [];
		for (const [row, { internal, filters: keys }] of this.#rows.entries()) {
			if (filters.length > 0 && !filters.some((filter) => matchesFilter(keys, filter))) continue;
			const start = row * this.#dimensions;
			found.push({ internal, score: dot(wanted, this.#block.subarray(start, start + this.#dimensions)) });
			// What cannot be among the nearest is not kept.
			if (found.length >= limit + KEPT) found = nearest(found, limit);
		}
		return nearest(found, limit);
	}
}

/** Matches that are kept beyond the wanted ones before they are looked through. */
const KEPT = 1_024;

function nearest(found: VectorMatch[], limit: number): VectorMatch[] {
	return found.sort((a, b) => b.score - a.score || Buffer.compare(b.internal, a.internal)).slice(0, limit);
}

/** Four sums, since each addition waits for the one before it. */
function dot(a: Float32Array, b: Float32Array): number {
	let sum0 = 0;
	let sum1 = 0;
	let sum2 = 0;
	let sum3 = 0;
	let i = 0;
	for (; i + 3 < a.length; i += 4) {
		sum0 += (a[i] ?? 0) * (b[i] ?? 0);
		sum1 += (a[i + 1] ?? 0) * (b[i + 1] ?? 0);
		sum2 += (a[i + 2] ?? 0) * (b[i + 2] ?? 0);
		sum3 += (a[i + 3] ?? 0) * (b[i + 3] ?? 0);
	}
	for (; i < a.length; i++) sum0 += (a[i] ?? 0) * (b[i] ?? 0);
	return Math.fround(sum0 + sum1 + (sum2 + sum3));
}

export function searchVectors(place: ReadPlace, index: IndexEntry, query: VectorQuery): VectorMatch[] {
	return vectorTable(place, index).search(query);
}

function vectorTable(place: ReadPlace, index: IndexEntry): VectorTable {
	if (index.memory instanceof VectorTable) return index.memory;
	const keys = readKeys(place, index.id, EVERYTHING);
	const table = new VectorTable(index, keys.length);
	for (const key of keys) table.added(key);
	index.memory = table;
	return table;
}
