import { KeyWriter } from '../values/keys.ts';
import { OrderedMap } from './orderedMap.ts';
import type { Cursor } from './orderedMap.ts';

/** What became of a key. `SAME`: the document changed and this entry of it did not, so that only readers are told. */
export const REMOVED = 0;
export const PUT = 1;
export const SAME = 2;
const WHAT = 3;
/** Added to the above: nobody is told. */
export const UNTOLD = 4;

/**
 * A record is five numbers beside its bytes, which are its key and, for a document, its text. It begins where the one
 * before ends. The last number is the record that had the key before, or none; it is written when the key is looked up.
 */
const TARGET = 0;
const KIND = 1;
const KEY_END = 2;
const END = 3;
const BEFORE = 4;
const NUMBERS = 5;
const NONE = -1;

const FIRST_RECORDS = 4096;
/** Memory that a large transaction needed is given back when it is more than this (bytes). */
const KEPT_BYTES = 4 << 20;

/** Records in memory that threads share, to be read there while this thread leaves them as they are. */
export interface SharedRecords {
	readonly numbers: Int32Array;
	readonly bytes: Uint8Array;
	readonly size: number;
}

/** A document or an index entry as it was written. */
export interface WrittenRecord {
	/** Negative: the documents of a tablet; positive: an index. */
	readonly target: number;
	readonly what: number;
	readonly start: number;
	readonly keyEnd: number;
	readonly end: number;
}

/** Calls back with every record that changes the file, in order. The object is the same each time. */
export function eachChange({ numbers, size }: SharedRecords, visit: (record: WrittenRecord) => void): void {
	const record = { target: 0, what: 0, start: 0, keyEnd: 0, end: 0 };
	for (let at = 0; at < size * NUMBERS; at += NUMBERS) {
		record.target = numbers[at + TARGET] ?? 0;
		record.what = (numbers[at + KIND] ?? 0) & WHAT;
		record.start = record.end;
		record.keyEnd = numbers[at + KEY_END] ?? 0;
		record.end = numbers[at + END] ?? 0;
		if (record.what !== SAME) visit(record);
	}
}

/**
 * Writes in the order in which they were made, as bytes: cheap to add, to take back and to hand to another thread.
 * Whoever looks for one makes the keys of its table or index known, up to the newest.
 */
export class Records {
	#numbers = new Int32Array(new SharedArrayBuffer(FIRST_RECORDS * NUMBERS * 4));
	readonly #bytes = new KeyWriter('shared');
	#size = 0;
	#clearings = 0;
	readonly #known = new Map<number, WrittenKeys>();

	get size(): number {
		return this.#size;
	}

	/** How often these were cleared: what was read of them is of that time. */
	get clearings(): number {
		return this.#clearings;
	}

	/** Begins a record: what is written here is its key. One that was begun and not ended is forgotten. */
	begin(): KeyWriter {
		this.#bytes.truncate(this.#end(this.#size - 1));
		return this.#bytes;
	}

	/** Ends the record of an index entry. */
	end(index: number, kind: number): void {
		this.#add(index, kind, this.#bytes.length);
	}

	/** Ends the record of a document, after its text; `keyEnd` is where its key ended. */
	endDocument(tablet: number, kind: number, keyEnd: number): void {
		this.#add(-tablet, kind, keyEnd);
	}

	/** Adds the records of a transaction behind these. */
	append(newer: Records): void {
		const start = this.begin().length;
		this.#bytes.bytes(newer.#bytes.memory.subarray(0, newer.#end(newer.#size - 1)));
		this.#reserve(newer.#size);
		const from = newer.#numbers;
		const to = this.#numbers;
		let out = this.#size * NUMBERS;
		for (let at = 0; at < newer.#size * NUMBERS; at += NUMBERS, out += NUMBERS) {
			to[out + TARGET] = from[at + TARGET] ?? 0;
			to[out + KIND] = from[at + KIND] ?? 0;
			to[out + KEY_END] = (from[at + KEY_END] ?? 0) + start;
			to[out + END] = (from[at + END] ?? 0) + start;
		}
		this.#size += newer.#size;
	}

	/** Takes back all but the first so many. */
	truncate(size: number): void {
		for (const [target, known] of this.#known) {
			for (let record = known.upTo - 1; record >= size; record--) {
				if (this.#isOf(record, target)) known.restore(this.keyText(record), this.#number(record, BEFORE));
			}
			known.upTo = Math.min(known.upTo, size);
		}
		this.#size = size;
	}

	clear(): void {
		this.#size = 0;
		this.#clearings++;
		this.#known.clear();
		this.#bytes.reset(KEPT_BYTES);
		if (this.#numbers.byteLength > KEPT_BYTES) {
			this.#numbers = new Int32Array(new SharedArrayBuffer(FIRST_RECORDS * NUMBERS * 4));
		}
	}

	/** The keys that were written of a tablet's documents or of an index; null when nothing at all was written. */
	keysOf(target: number): WrittenKeys | null {
		if (this.#size === 0) return null;
		let known = this.#known.get(target);
		if (known === undefined) this.#known.set(target, (known = new WrittenKeys(this)));
		for (let record = known.upTo; record < this.#size; record++) {
			if (!this.#isOf(record, target)) continue;
			this.#numbers[record * NUMBERS + BEFORE] = known.put(this.keyText(record), record);
		}
		known.upTo = this.#size;
		return known;
	}

	/** For the thread that writes the file. */
	get shared(): SharedRecords {
		return { numbers: this.#numbers, bytes: this.#bytes.memory, size: this.#size };
	}

	target(record: number): number {
		return this.#number(record, TARGET);
	}

	/** Whether readers of its key are told. */
	isTold(record: number): boolean {
		return (this.#number(record, KIND) & UNTOLD) === 0;
	}

	isPresent(record: number): boolean {
		return (this.#number(record, KIND) & WHAT) !== REMOVED;
	}

	key(record: number): Uint8Array {
		return this.#bytes.memory.subarray(this.#end(record - 1), this.#number(record, KEY_END));
	}

	/** The key, one character a byte. */
	keyText(record: number): string {
		return this.#bytes.memory.toString('latin1', this.#end(record - 1), this.#number(record, KEY_END));
	}

	/** The text of a document. */
	text(record: number): string {
		return this.#bytes.memory.toString('utf8', this.#number(record, KEY_END), this.#end(record));
	}

	#isOf(record: number, target: number): boolean {
		return this.#number(record, TARGET) === target && (this.#number(record, KIND) & WHAT) !== SAME;
	}

	#end(record: number): number {
		return record < 0 ? 0 : this.#number(record, END);
	}

	#number(record: number, which: number): number {
		return this.#numbers[record * NUMBERS + which] ?? 0;
	}

	#add(target: number, kind: number, keyEnd: number): void {
		this.#reserve(1);
		const at = this.#size * NUMBERS;
		this.#numbers[at + TARGET] = target;
		this.#numbers[at + KIND] = kind;
		this.#numbers[at + KEY_END] = keyEnd;
		this.#numbers[at + END] = this.#bytes.length;
		this.#size++;
	}

	#reserve(more: number): void {
		const needed = (this.#size + more) * NUMBERS;
		if (needed <= this.#numbers.length) return;
		const larger = new Int32Array(new SharedArrayBuffer(Math.max(needed, this.#numbers.length * 2) * 4));
		larger.set(this.#numbers);
		this.#numbers = larger;
	}
}

/** The newest record of each key of one tablet or index. */
export class WrittenKeys {
	/** How many of the records are in. */
	upTo = 0;
	readonly records: Records;
	readonly #newest = new OrderedMap<number>();

	constructor(records: Records) {
		this.records = records;
	}

	get size(): number {
		return this.#newest.size;
	}

	find(key: string): number | undefined {
		return this.#newest.get(key);
	}

	cursor(lower: string, upper: string | null, order: 'asc' | 'desc'): Cursor<number> {
		return this.#newest.cursor(lower, upper, order);
	}

	/** Returns the record that the key had before. */
	put(key: string, record: number): number {
		const before = this.#newest.get(key) ?? NONE;
		this.#newest.set(key, record);
		return before;
	}

	restore(key: string, before: number): void {
		if (before === NONE) this.#newest.delete(key);
		else this.#newest.set(key, before);
	}
}
