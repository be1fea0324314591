/** Ids and keys as text, one character a byte: such text compares as the bytes do, and can be the key of a Map. */

export function binaryText(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** One array for each length: for callers that copy what they are given before they ask again, as SQLite does. */
const copies: Uint8Array[] = [];
const REUSED_LENGTH = 256;

/** A part of the bytes, in memory that the next call may overwrite. */
export function briefCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
	const length = end - start;
	if (length >= REUSED_LENGTH) return bytes.subarray(start, end);
	const copy = (copies[length] ??= new Uint8Array(length));
	// Short as they are, a loop is faster than a call and needs no view.
	for (let at = 0; at < length; at++) copy[at] = bytes[start + at] ?? 0;
	return copy;
}
