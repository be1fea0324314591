import type { SQLOutputValue } from 'node:sqlite';
import { keyAfter } from '../values/keys.ts';
import { binaryText } from './binary.ts';
import type { Database } from './database.ts';
import { END } from './indexes.ts';
import type { Layer } from './layer.ts';
import type { WrittenKeys } from './records.ts';
import type { KeyRange } from './types.ts';

/** Where reads look: the file, and the layers that lie over it, the newest first. */
export interface ReadPlace {
	readonly database: Database;
	readonly layers: () => readonly Layer[];
}

/** Rows of the file in the order of the scan: the key in hexadecimal, and the document. */
export type FileRows = (lower: Uint8Array, upper: Uint8Array, limit: number) => SQLOutputValue[][];

interface Sources {
	readonly file: FileRows;
	/** What was written since, the newest first. */
	readonly over: readonly WrittenKeys[];
	/** The text of the document of a key, when it was written since; null when it was removed. */
	readonly documentOf: (key: string) => string | null | undefined;
}

/** What was written of a tablet's documents (negative) or of an index since the file was, the newest first. */
export function writtenOf(layers: readonly Layer[], target: number): WrittenKeys[] {
	const written: WrittenKeys[] = [];
	for (const { records } of layers) {
		const keys = records.keysOf(target);
		if (keys !== null && keys.size > 0) written.push(keys);
	}
	return written;
}

/** The text of a document by its internal id; null when it was removed, undefined when it was not written. */
export function documentIn(written: readonly WrittenKeys[], key: string): string | null | undefined {
	for (const keys of written) {
		const record = keys.find(key);
		if (record !== undefined) return keys.records.isPresent(record) ? keys.records.text(record) : null;
	}
	return undefined;
}

/** The first rows of a range as they will stand in the file once all that was written since is there: key and document. */
export function mergedRows(
	{ file, over, documentOf }: Sources,
	{ lower, upper }: { readonly lower: Uint8Array; readonly upper: Uint8Array },
	order: 'asc' | 'desc',
	limit: number
): (readonly [string, string])[] {
	const cursors = over.map((keys) => ({
		records: keys.records,
		at: keys.cursor(binaryText(lower), binaryText(upper), order)
	}));
	const stored = new FileCursor(file, lower, upper, order, limit);
	const precedes = (a: string, b: string): boolean => (order === 'asc' ? a < b : a > b);
	const rows: (readonly [string, string])[] = [];
	while (rows.length < limit) {
		const next = stored.key;
		let key = next;
		for (const { at } of cursors) {
			if (at.key !== null && (key === null || precedes(at.key, key))) key = at.key;
		}
		if (key === null) break;
		let isPresent: boolean | undefined;
		for (const { records, at } of cursors) {
			if (at.key !== key || at.value === undefined) continue;
			isPresent ??= records.isPresent(at.value);
			at.advance();
		}
		let json: string | null = null;
		if (next === key) {
			json = stored.json;
			stored.advance();
		}
		if (isPresent === false) continue;
		const document = documentOf(key);
		if (document !== undefined) json = document;
		if (json !== null) rows.push([key, json]);
	}
	return rows;
}

/** Walks over the rows of the file, a chunk at a time. The next chunk is read when it is looked at, and not before. */
class FileCursor {
	readonly #read: FileRows;
	readonly #order: 'asc' | 'desc';
	readonly #limit: number;
	#lower: Uint8Array;
	#upper: Uint8Array;
	#rows: SQLOutputValue[][];
	#at = 0;
	#key: string | null = null;

	constructor(read: FileRows, lower: Uint8Array, upper: Uint8Array, order: 'asc' | 'desc', limit: number) {
		this.#read = read;
		this.#lower = lower;
		this.#upper = upper;
		this.#order = order;
		this.#limit = limit;
		this.#rows = read(lower, upper, limit);
	}

	/** Null at the end. */
	get key(): string | null {
		if (this.#key !== null) return this.#key;
		if (this.#at === this.#limit) this.#readOn();
		const row = this.#rows[this.#at];
		return row === undefined ? null : (this.#key = keyOf(row));
	}

	get json(): string {
		return String(this.#rows[this.#at]?.[1] ?? '');
	}

	advance(): void {
		this.#at++;
		this.#key = null;
	}

	#readOn(): void {
		const last = this.#rows.at(-1);
		if (last === undefined) return;
		const key = Buffer.from(keyOf(last), 'latin1');
		if (this.#order === 'asc') this.#lower = keyAfter(key);
		else this.#upper = key;
		this.#rows = this.#read(this.#lower, this.#upper, this.#limit);
		this.#at = 0;
	}
}

function keyOf([hex]: readonly SQLOutputValue[]): string {
	return Buffer.from(String(hex), 'hex').toString('latin1');
}

const ALL = 2 ** 31 - 1;

/** Keys of an index in order, without their documents. */
export function readKeys({ database, layers }: ReadPlace, index: number, range: KeyRange, limit = ALL): Uint8Array[] {
	const over = writtenOf(layers(), index);
	const bounds = { lower: range.lower, upper: range.upper ?? END };
	// Nothing to merge: the bytes as they are.
	if (over.length === 0) {
		const stored = database.rows(
			'SELECT k FROM idx WHERE ix = ? AND k >= ? AND k < ? ORDER BY k LIMIT ?',
			index,
			bounds.lower,
			bounds.upper,
			limit
		);
		return stored.flatMap(([key]) => (key instanceof Uint8Array ? key : []));
	}
	const file: FileRows = (lower, upper, most) =>
		database.rows(
			"SELECT hex(k), '' FROM idx WHERE ix = ? AND k >= ? AND k < ? ORDER BY k LIMIT ?",
			index,
			lower,
			upper,
			most
		);
	const rows = mergedRows({ file, over, documentOf: () => '' }, bounds, 'asc', limit);
	return rows.map(([key]) => new Uint8Array(Buffer.from(key, 'latin1')));
}
