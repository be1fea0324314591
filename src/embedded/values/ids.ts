import { DeveloperError } from './errors.ts';

/** What an id text says: the table's number and the 16 bytes that name the document inside it. */
export interface DecodedId {
	readonly table: number;
	readonly internal: Uint8Array;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const INTERNAL_LENGTH = 16;
const FOOTER_LENGTH = 2;
const MIN_TEXT = encodedLength(1 + INTERNAL_LENGTH + FOOTER_LENGTH);
const MAX_TEXT = encodedLength(5 + INTERNAL_LENGTH + FOOTER_LENGTH);

/** Two base32 characters for every ten bits. */
const PAIRS = Buffer.from(
	Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`).join('')
);

/** Value of a character code, or 255. */
const DIGITS = new Uint8Array(128).fill(255);
for (let i = 0; i < ALPHABET.length; i++) DIGITS[ALPHABET.charCodeAt(i)] = i;

/** Room for 5 table bytes, the internal id, the footer, and padding to whole groups of five bytes. */
const scratch = new Uint8Array(30);
/** The characters of a text before it is one: putting strings together costs more. */
const characters = Buffer.alloc(encodedLength(scratch.length));

/**
 * The text of a document id (v6): lower-case Crockford base32 of varint(table number), 16 internal bytes and a
 * Fletcher-16 checksum of both. 32 characters for user tables, 31 for system tables.
 */
export function encodeId(table: number, internal: Uint8Array): string {
	let length = 0;
	let rest = table;
	while (rest >= 0x80) {
		scratch[length++] = (rest & 0x7f) | 0x80;
		rest >>>= 7;
	}
	scratch[length++] = rest;
	scratch.set(internal, length);
	length += INTERNAL_LENGTH;
	const footer = fletcher16(scratch, length);
	scratch[length++] = footer & 0xff;
	scratch[length++] = footer >> 8;
	scratch.fill(0, length);
	for (let i = 0, at = 0; i < length; i += 5, at += 8) {
		const a = scratch[i] ?? 0;
		const b = scratch[i + 1] ?? 0;
		const c = scratch[i + 2] ?? 0;
		const d = scratch[i + 3] ?? 0;
		const e = scratch[i + 4] ?? 0;
		putPair(at, (a << 2) | (b >> 6));
		putPair(at + 2, ((b & 0x3f) << 4) | (c >> 4));
		putPair(at + 4, ((c & 0x0f) << 6) | (d >> 2));
		putPair(at + 6, ((d & 0x03) << 8) | e);
	}
	return characters.toString('latin1', 0, encodedLength(length));
}

function putPair(at: number, bits: number): void {
	characters[at] = PAIRS[2 * bits] ?? 0;
	characters[at + 1] = PAIRS[2 * bits + 1] ?? 0;
}

/** Characters of the id texts of a table. */
export function idLength(table: number): number {
	let length = 1;
	for (let rest = table; rest >= 0x80; rest >>>= 7) length++;
	return encodedLength(length + INTERNAL_LENGTH + FOOTER_LENGTH);
}

/** Reads an id text. Throws a DeveloperError in Convex's words when it is not one. */
export function decodeId(text: string): DecodedId {
	const decoded = tryDecodeId(text);
	if (typeof decoded === 'string') throw new DeveloperError('InvalidId', `Unable to decode ID: ${decoded}`);
	return decoded;
}

/** Whether a text has the form and the checksum of an id. Says nothing about its table. */
export function isId(text: string): boolean {
	return typeof tryDecodeId(text) !== 'string';
}

/** Reads an id text; the fault as words when it is not one. */
export function tryDecodeId(text: string): DecodedId | string {
	if (text.length < MIN_TEXT || text.length > MAX_TEXT) return `Invalid ID length ${text.length}`;
	const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
	let bits = 0;
	let count = 0;
	let at = 0;
	for (let i = 0; i < text.length; i++) {
		const digit = DIGITS[text.charCodeAt(i)] ?? 255;
		if (digit === 255) return "ID wasn't valid base32";
		bits = (bits << 5) | digit;
		count += 5;
		if (count >= 8) {
			count -= 8;
			bytes[at++] = bits >> count;
			bits &= (1 << count) - 1;
		}
	}
	// Only the canonical text counts: left-over bits are zero.
	if (bits !== 0) return `Invalid ID length ${text.length}`;
	let table = 0;
	let used = 0;
	for (;;) {
		const byte = bytes[used];
		if (byte === undefined || used >= 5) return 'Invalid table number';
		table += (byte & 0x7f) * 2 ** (7 * used);
		used++;
		if (byte < 0x80) {
			if (byte === 0) return 'Invalid table number';
			break;
		}
	}
	if (table > 0xffff_ffff) return 'Invalid table number';
	const end = used + INTERNAL_LENGTH;
	if (bytes.length !== end + FOOTER_LENGTH || encodedLength(bytes.length) !== text.length) {
		return `Invalid ID length ${text.length}`;
	}
	const footer = (bytes[end] ?? 0) | ((bytes[end + 1] ?? 0) << 8);
	const expected = fletcher16(bytes, end);
	if (footer !== expected) return `Invalid ID version ${footer} (expected ${expected})`;
	return { table, internal: bytes.subarray(used, end) };
}

function fletcher16(bytes: Uint8Array, length: number): number {
	let c0 = 0;
	let c1 = 0;
	for (let i = 0; i < length; i++) {
		c0 = (c0 + (bytes[i] ?? 0)) & 0xff;
		c1 = (c1 + c0) & 0xff;
	}
	return (c1 << 8) | c0;
}

function encodedLength(bytes: number): number {
	return Math.ceil((bytes * 8) / 5);
}
