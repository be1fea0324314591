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
	#block: Float32Array;

	constructor(index: IndexEntry) {
		this.#index = index;
		this.#dimensions = index.dimensions ?? 0;
		this.#block = new Float32Array(this.#dimensions * 16);
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
		}
		new Uint8Array(this.#block.buffer).set(vector, row * this.#dimensions * 4);
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
		const found: VectorMatch[] = [];
		for (const [row, { internal, filters: keys }] of this.#rows.entries()) {
			if (filters.length > 0 && !filters.some((filter) => matchesFilter(keys, filter))) continue;
			found.push({ internal, score: this.#dot(wanted, row * this.#dimensions) });
		}
		return found.sort((a, b) => b.score - a.score || Buffer.compare(b.internal, a.internal)).slice(0, limit);
	}

	#dot(vector: Float32Array, start: number): number {
		const block = this.#block;
		let sum = 0;
		for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) * (block[start + i] ?? 0);
		return Math.fround(sum);
	}
}

export function searchVectors(place: ReadPlace, index: IndexEntry, query: VectorQuery): VectorMatch[] {
	return vectorTable(place, index).search(query);
}

function vectorTable(place: ReadPlace, index: IndexEntry): VectorTable {
	if (index.memory instanceof VectorTable) return index.memory;
	const table = new VectorTable(index);
	for (const key of readKeys(place, index.id, EVERYTHING)) table.added(key);
	index.memory = table;
	return table;
}
