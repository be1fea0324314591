import { encodeKey } from '../values/keys.ts';
import { tokensOf } from '../values/tokens.ts';
import { valueAtPath } from '../values/value.ts';
import type { ConvexObject } from '../values/value.ts';
import type { IndexEntry } from './tableEntry.ts';
import { orderedFloat } from './clock.ts';
import { filterKeys, readFilterKeys } from './filterKeys.ts';

/**
 * A search index is an inverted index among the ordinary index entries. A document has
 *
 *     10 term 00 · filter keys · frequency (4 bytes) · length code (1) · creation time (8) · internal id (16)     for each distinct word
 *     00 · words (4) · internal id (16)                                                        always
 *
 * so that ranking reads no document, and everything that changes rank or filter changes a key.
 */
const TERM = 0x10;
const LENGTH = 0x00;
const ID_LENGTH = 16;
const TAIL_LENGTH = 4 + 1 + 8 + ID_LENGTH;

/** Every length entry. */
export const LENGTHS = { lower: Uint8Array.of(LENGTH), upper: Uint8Array.of(LENGTH + 1) };

/** The keys of a document in a search index, in order. Only text is indexed; any other value has no words. */
export function textKeys(
	index: IndexEntry,
	fields: ConvexObject,
	internal: Uint8Array,
	creationTime: number
): Uint8Array[] {
	const text = valueAtPath(fields, index.paths[0] ?? []);
	const tokens = typeof text === 'string' ? tokensOf(text) : [];
	const frequencies = new Map<string, number>();
	for (const token of tokens) frequencies.set(token, (frequencies.get(token) ?? 0) + 1);
	const filters = filterKeys(index, fields);
	const tail = Buffer.concat([Uint8Array.of(lengthCode(tokens.length)), orderedFloat(creationTime), internal]);
	const keys: Uint8Array[] = [Buffer.concat([Uint8Array.of(LENGTH), uint32(tokens.length), internal])];
	for (const [term, frequency] of frequencies) {
		keys.push(Buffer.concat([encodeKey([term]), filters, uint32(frequency), tail]));
	}
	return keys.sort((a, b) => Buffer.compare(a, b));
}

/** Words of the document that a length entry is for; null when the key is no length entry. */
export function wordsOf(key: Uint8Array): number | null {
	return key[0] === LENGTH ? new DataView(key.buffer, key.byteOffset).getUint32(1) : null;
}

/** Where the term of a posting ends: the place of its terminator. */
export function termEnd(key: Uint8Array): number {
	return key.indexOf(0, 1);
}

export function termOf(key: Uint8Array): string {
	return Buffer.from(key.buffer, key.byteOffset + 1, termEnd(key) - 1).toString();
}

/** The keys of every term that starts with `prefix`. */
export function termsFrom(prefix: string): { readonly lower: Uint8Array; readonly upper: Uint8Array } {
	const start = Buffer.concat([Uint8Array.of(TERM), Buffer.from(prefix)]);
	return { lower: start, upper: Buffer.concat([start, Uint8Array.of(0xff)]) };
}

/** What a posting says of its document. */
export interface Posting {
	readonly internal: Uint8Array;
	readonly frequency: number;
	readonly code: number;
	/** The creation time in bytes that are ordered as the times are, then the internal id: later documents are greater. */
	readonly age: Uint8Array;
}

export function readPosting(key: Uint8Array): Posting {
	const at = key.length - TAIL_LENGTH;
	let frequency = 0;
	for (let i = at; i < at + 4; i++) frequency = frequency * 256 + (key[i] ?? 0);
	return {
		internal: key.subarray(-ID_LENGTH),
		frequency,
		code: key[at + 4] ?? 0,
		age: key.subarray(at + 5)
	};
}

export function postingFilters(index: IndexEntry, key: Uint8Array): readonly Uint8Array[] {
	return readFilterKeys(index, key, termEnd(key) + 1).keys;
}

/** Lengths up to this are exact in one byte; longer ones keep four significant bits, as in Lucene and tantivy. */
const EXACT_LENGTHS = 24;

export function lengthCode(length: number): number {
	const rest = length - EXACT_LENGTHS;
	if (rest < 16) return length < EXACT_LENGTHS ? length : EXACT_LENGTHS + rest;
	const shift = 31 - Math.clz32(rest) - 3;
	return EXACT_LENGTHS + (((rest >>> shift) & 7) | ((shift + 1) << 3));
}

/** The length that a code stands for: the greatest not above the one it was made of. */
export function codedLength(code: number): number {
	const rest = code - EXACT_LENGTHS;
	if (rest < 16) return code;
	return EXACT_LENGTHS + (((rest & 7) | 8) << ((rest >>> 3) - 1));
}

function uint32(value: number): Uint8Array {
	const bytes = Buffer.allocUnsafe(4);
	bytes.writeUInt32BE(value);
	return bytes;
}
