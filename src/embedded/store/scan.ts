import { encodeKey, isEmptyRange, keyAfter } from '../values/keys.ts';
import { encodeId } from '../values/ids.ts';
import type { IndexEntry, TableEntry } from './tableEntry.ts';
import { storedDocument } from './documents.ts';
import { creationKey, documentsIndex, END, INTERNAL_ID_LENGTH } from './indexes.ts';
import { documentIn, mergedRows, writtenOf } from './merge.ts';
import type { FileRows, ReadPlace } from './merge.ts';
import type { OpenInterval, ReadLog } from './reads.ts';
import type { KeyRange, ReadInterval, Scan, ScanEntry, StoredDocument } from './types.ts';

type Order = 'asc' | 'desc';

/** A row whose key is kept as text: most keys are never asked for, and text is cheaper to fetch than bytes. */
class Entry implements ScanEntry {
	readonly document: StoredDocument;
	readonly #key: string;
	readonly #encoding: 'hex' | 'latin1';

	constructor(key: string, encoding: 'hex' | 'latin1', document: StoredDocument) {
		this.#key = key;
		this.#encoding = encoding;
		this.document = document;
	}

	get key(): Uint8Array {
		return Buffer.from(this.#key, this.#encoding);
	}
}

/** What is read in chunks: the documents of a table in creation order, or a declared index. */
export interface ScanSource {
	/** Index number for the read set. */
	readonly index: number;
	read(range: KeyRange, order: Order, limit: number): ScanEntry[];
}

const FIRST_CHUNK = 16;
/** The most for somebody who says how many he wants: documents may be large. */
const LARGEST_FIRST_CHUNK = 64;
const LAST_CHUNK = 1024;
const GROWTH = 2;
/** After a write to the table the chunk is read again; a loop that writes in every step must not read much each time. */
const CHUNK_AFTER_WRITE = 4;

/** Reads one range in chunks. Writes of the same transaction may interleave: every step answers as of now. */
export class TableScan implements Scan, OpenInterval {
	readonly #source: ScanSource;
	readonly #range: KeyRange;
	readonly #order: Order;
	readonly #reads: ReadLog;
	readonly #generation: () => number;
	#chunk: ScanEntry[] = [];
	#at = 0;
	#chunkGeneration = -1;
	#lastChunk = false;
	#size: number;
	#last: ScanEntry | null = null;
	#state: 'unread' | 'reading' | 'exhausted' = 'unread';
	#closed = false;

	/** `wanted`: after how many entries the caller is going to stop. */
	constructor(
		source: ScanSource,
		range: KeyRange,
		order: Order,
		reads: ReadLog,
		generation: () => number,
		wanted = FIRST_CHUNK
	) {
		this.#size = Math.max(1, Math.min(wanted, LARGEST_FIRST_CHUNK));
		this.#source = source;
		this.#range = range;
		this.#order = order;
		this.#reads = reads;
		this.#generation = generation;
		reads.open(this);
	}

	next(): ScanEntry | null {
		if (this.#closed || this.#state === 'exhausted') return null;
		const generation = this.#generation();
		if (this.#at < this.#chunk.length && generation !== this.#chunkGeneration) {
			this.#chunk = [];
			this.#at = 0;
			this.#size = CHUNK_AFTER_WRITE;
		}
		if (this.#at >= this.#chunk.length) {
			// A chunk that was not full was the last one, unless something was written since.
			const ended = this.#lastChunk && generation === this.#chunkGeneration;
			const range = this.#rest();
			this.#chunk = ended || isEmptyRange(range) ? [] : this.#source.read(range, this.#order, this.#size);
			this.#lastChunk = this.#chunk.length < this.#size;
			this.#at = 0;
			this.#chunkGeneration = generation;
			this.#size = Math.min(this.#size * GROWTH, LAST_CHUNK);
		}
		const entry = this.#chunk[this.#at++];
		if (entry === undefined) {
			this.#state = 'exhausted';
			this.close();
			return null;
		}
		this.#state = 'reading';
		this.#last = entry;
		return entry;
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#chunk = [];
		this.#reads.close(this);
	}

	consumed(): ReadInterval | null {
		const { lower, upper } = this.#range;
		const index = this.#source.index;
		if (this.#state === 'unread' || isEmptyRange(this.#range)) return null;
		if (this.#state === 'exhausted' || this.#last === null) return { index, lower, upper };
		return this.#order === 'asc'
			? { index, lower, upper: keyAfter(this.#last.key) }
			: { index, lower: this.#last.key, upper };
	}

	#rest(): KeyRange {
		const { lower, upper } = this.#range;
		if (this.#last === null) return this.#range;
		return this.#order === 'asc' ? { lower: keyAfter(this.#last.key), upper } : { lower, upper: this.#last.key };
	}
}

/** Documents of a table by creation time: the documents themselves are in that order. */
export function creationSource({ database, layers }: ReadPlace, table: TableEntry): ScanSource {
	return {
		index: documentsIndex(table),
		read(given, order, limit) {
			const range = { lower: idBound(given.lower), upper: given.upper === null ? END : idBound(given.upper) };
			const file: FileRows = (lower, upper, most) =>
				database.rows(
					`SELECT hex(id), json FROM docs WHERE tbl = ? AND id >= ? AND id < ? ORDER BY id ${order} LIMIT ?`,
					table.tablet,
					lower,
					upper,
					most
				);
			const over = writtenOf(layers(), documentsIndex(table));
			if (over.length === 0) {
				return file(range.lower, range.upper, limit).map(
					([id, json]) => new Entry(`0D${String(id)}`, 'hex', storedDocument(table, String(json)))
				);
			}
			const rows = mergedRows({ file, over, documentOf: (id) => documentIn(over, id) }, range, order, limit);
			return rows.map(([id, json]) => new Entry(`\r${id}`, 'latin1', storedDocument(table, json)));
		}
	};
}

/** Where among internal ids a bound of creation keys (tag, then internal id) lies. */
function idBound(bound: Uint8Array): Uint8Array {
	const first = creationKey(new Uint8Array(INTERNAL_ID_LENGTH))[0] ?? 0;
	const tag = bound[0];
	if (tag === undefined || tag < first) return new Uint8Array(0);
	return tag > first ? END : bound.subarray(1);
}

/** A declared index of a table. */
export function indexSource({ database, layers }: ReadPlace, table: TableEntry, index: IndexEntry): ScanSource {
	return {
		index: index.id,
		read(given, order, limit) {
			const range = { lower: given.lower, upper: given.upper ?? END };
			const file: FileRows = (lower, upper, most) =>
				database.rows(
					`SELECT hex(idx.k), docs.json FROM idx CROSS JOIN docs ON docs.tbl = ? AND docs.id = substr(idx.k, -16)
					WHERE idx.ix = ? AND idx.k >= ? AND idx.k < ? ORDER BY idx.k ${order} LIMIT ?`,
					table.tablet,
					index.id,
					lower,
					upper,
					most
				);
			const documents = writtenOf(layers(), documentsIndex(table));
			// No entry is written without its document.
			if (documents.length === 0) {
				return file(range.lower, range.upper, limit).map(
					([key, json]) => new Entry(String(key), 'hex', storedDocument(table, String(json)))
				);
			}
			const over = writtenOf(layers(), index.id);
			const documentOf = (key: string) => documentIn(documents, key.slice(-INTERNAL_ID_LENGTH));
			const rows = mergedRows({ file, over, documentOf }, range, order, limit);
			return rows.map(([key, json]) => new Entry(key, 'latin1', storedDocument(table, json)));
		}
	};
}

/** A scan by `_id`. Ids sort as their internal bytes, so this is a scan in creation order whose keys are those of the ids. */
export class IdScan implements Scan {
	readonly #scan: TableScan;

	constructor(
		place: ReadPlace,
		table: TableEntry,
		range: KeyRange,
		order: Order,
		reads: ReadLog,
		generation: () => number
	) {
		const lower = range.lower.length === 0 ? range.lower : (searchId(table.number, range.lower) ?? END);
		const upper = range.upper === null ? null : searchId(table.number, range.upper);
		this.#scan = new TableScan(creationSource(place, table), { lower, upper }, order, reads, generation);
	}

	next(): ScanEntry | null {
		const entry = this.#scan.next();
		return entry === null ? null : { key: encodeKey([entry.document.id]), document: entry.document };
	}

	close(): void {
		this.#scan.close();
	}
}

/** The creation key of the first internal id whose id key is not below `bound`, found bit by bit; null when none is. */
function searchId(table: number, bound: Uint8Array): Uint8Array | null {
	const id = new Uint8Array(INTERNAL_ID_LENGTH).fill(0xff);
	const reaches = () => Buffer.compare(encodeKey([encodeId(table, id)]), bound) >= 0;
	if (!reaches()) return null;
	for (let bit = 0; bit < INTERNAL_ID_LENGTH * 8; bit++) {
		const byte = bit >> 3;
		const mask = 0x80 >> (bit & 7);
		id[byte] = (id[byte] ?? 0) & ~mask;
		if (!reaches()) id[byte] = (id[byte] ?? 0) | mask;
	}
	return creationKey(id);
}
