import type { SQLOutputValue } from 'node:sqlite';
import { keyAfter } from '../values/keys.ts';
import { binaryText } from './binary.ts';
import type { Database } from './database.ts';
import { END } from './indexes.ts';
import type { DocumentWrite, KeyWrite, Layer } from './layer.ts';
import type { OrderedMap } from './orderedMap.ts';
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
	readonly over: readonly OrderedMap<KeyWrite>[];
	/** The document of a key, when it was written since. */
	readonly documentOf: (key: string) => DocumentWrite | undefined;
}

/** The newest value of a key. */
export function valueIn<V>(maps: readonly OrderedMap<V>[], key: string): V | undefined {
	for (const map of maps) {
		const value = map.get(key);
		if (value !== undefined) return value;
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
	const cursors = over.map((map) => map.cursor(binaryText(lower), binaryText(upper), order));
	const stored = new FileCursor(file, lower, upper, order, limit);
	const precedes = (a: string, b: string): boolean => (order === 'asc' ? a < b : a > b);
	const rows: (readonly [string, string])[] = [];
	while (rows.length < limit) {
		let key = stored.key;
		for (const cursor of cursors) {
			if (cursor.key !== null && (key === null || precedes(cursor.key, key))) key = cursor.key;
		}
		if (key === null) break;
		let write: KeyWrite | undefined;
		for (const cursor of cursors) {
			if (cursor.key !== key) continue;
			write ??= cursor.value;
			cursor.advance();
		}
		let json: string | null = null;
		if (stored.key === key) {
			json = stored.json;
			stored.advance();
		}
		const document = documentOf(key);
		if (write?.present === false || document?.present === false) continue;
		json = document?.json ?? json;
		if (json !== null) rows.push([key, json]);
	}
	return rows;
}

/** Walks over the rows of the file, a chunk at a time. */
class FileCursor {
	key: string | null = null;
	json = '';
	readonly #read: FileRows;
	readonly #order: 'asc' | 'desc';
	readonly #limit: number;
	#lower: Uint8Array;
	#upper: Uint8Array;
	#rows: SQLOutputValue[][];
	#at = 0;

	constructor(read: FileRows, lower: Uint8Array, upper: Uint8Array, order: 'asc' | 'desc', limit: number) {
		this.#read = read;
		this.#lower = lower;
		this.#upper = upper;
		this.#order = order;
		this.#limit = limit;
		this.#rows = read(lower, upper, limit);
		this.advance();
	}

	advance(): void {
		if (this.#at === this.#rows.length && this.#at === this.#limit) {
			const last = Buffer.from(this.key ?? '', 'latin1');
			if (this.#order === 'asc') this.#lower = keyAfter(last);
			else this.#upper = last;
			this.#rows = this.#read(this.#lower, this.#upper, this.#limit);
			this.#at = 0;
		}
		const row = this.#rows[this.#at++];
		this.key = row === undefined ? null : Buffer.from(String(row[0]), 'hex').toString('latin1');
		this.json = row === undefined ? '' : String(row[1]);
		if (row === undefined) this.#at--;
	}
}

/** A key alone: a row whose document nobody asked for. */
const KEY_ALONE: DocumentWrite = { present: true, json: '' };
const ALL = 2 ** 31 - 1;

/** Keys of an index in order, without their documents. */
export function readKeys({ database, layers }: ReadPlace, index: number, range: KeyRange, limit = ALL): Uint8Array[] {
	const over = layers().flatMap(({ entries }) => entries.get(index) ?? []);
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
	const rows = mergedRows({ file, over, documentOf: () => KEY_ALONE }, bounds, 'asc', limit);
	return rows.map(([key]) => new Uint8Array(Buffer.from(key, 'latin1')));
}
