/** Ids and keys as text, one character a byte: such text compares as the bytes do, and can be the key of a Map. */

export function binaryText(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** One buffer for each length: for callers that copy what they are given before they ask again, as SQLite does. */
const buffers: Buffer[] = [];
const REUSED_LENGTH = 256;

/** The bytes, in memory that the next call may overwrite. */
export function briefBytes(text: string): Buffer {
	if (text.length >= REUSED_LENGTH) return Buffer.from(text, 'latin1');
	const buffer = (buffers[text.length] ??= Buffer.alloc(text.length));
	buffer.write(text, 'latin1');
	return buffer;
}
