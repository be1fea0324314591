import { CommitTsPlaceholder } from 'convex/values';
import type { Value } from 'convex/values';
import type { KeyRange } from '../store/types.ts';

/**
 * Ordered byte keys: bytes compare as `compareValues` compares the values. Every value delimits itself, so that keys of
 * several values are their concatenation. The layout is FoundationDB's tuple layer with Convex's tags.
 */
const TAG = {
	undefined: 0x01,
	null: 0x03,
	int64Zero: 0x08,
	float64: 0x0d,
	false: 0x0e,
	true: 0x0f,
	string: 0x10,
	bytes: 0x11,
	array: 0x12,
	object: 0x15
} as const;

const TERMINATOR = 0x00;
const ESCAPE = 0xff;
const MAX_INT64 = 2n ** 63n - 1n;
const NAN_BITS = 0xfff8_0000_0000_0000n;

const FIRST_BYTES = 1024;

/** Builds keys, one or many, in one buffer that is reused: no allocation but a key that is finished. */
export class KeyWriter {
	readonly #kind: 'private' | 'shared';
	#buffer: Buffer;
	/** The same memory: slicing a Buffer would share it, and writing floats through a view is faster. */
	#bytes: Uint8Array;
	#view: DataView;
	#length = 0;

	/** `shared`: the memory can be read by other threads. */
	constructor(kind: 'private' | 'shared' = 'private') {
		this.#kind = kind;
		this.#buffer = this.#allocate(FIRST_BYTES);
		this.#bytes = new Uint8Array(this.#buffer.buffer);
		this.#view = new DataView(this.#buffer.buffer);
	}

	/** Begins anew, and gives memory back when it is more than so many bytes. */
	reset(kept = Infinity): this {
		this.#length = 0;
		if (this.#buffer.length > kept) this.#replace(this.#allocate(FIRST_BYTES));
		return this;
	}

	/** Bytes written since the last reset. */
	get length(): number {
		return this.#length;
	}

	/** Takes back all but the first so many bytes. */
	truncate(length: number): void {
		this.#length = length;
	}

	/** What was written, and behind it what may be written next. Another one once there was no room. */
	get memory(): Buffer {
		return this.#buffer;
	}

	/** A copy of what was written since the last reset. */
	finish(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}

	bytes(bytes: Uint8Array): this {
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
		return this;
	}

	/** Text as it is, in UTF-8: no part of a key. */
	text(text: string): this {
		this.#reserve(text.length * 3);
		this.#length += this.#buffer.write(text, this.#length);
		return this;
	}

	value(value: Value | undefined): this {
		switch (typeof value) {
			case 'undefined':
				return this.#byte(TAG.undefined);
			case 'string':
				this.#byte(TAG.string);
				return this.#string(value);
			case 'number':
				return this.#float(value);
			case 'boolean':
				return this.#byte(value ? TAG.true : TAG.false);
			case 'bigint':
				return this.#int(value);
			default:
				break;
		}
		if (value === null) return this.#byte(TAG.null);
		if (value instanceof ArrayBuffer) {
			this.#byte(TAG.bytes);
			return this.#escaped(new Uint8Array(value));
		}
		// An unresolved commit timestamp sorts after every resolved one.
		if (value instanceof CommitTsPlaceholder) return this.#int(MAX_INT64);
		if (Array.isArray(value)) {
			this.#byte(TAG.array);
			for (const element of value) this.value(element);
			return this.#byte(TERMINATOR);
		}
		this.#byte(TAG.object);
		for (const name of Object.keys(value).sort()) {
			const field = value[name];
			if (field === undefined) continue;
			// An empty name would read as the end of the object: it is written as an escaped terminator.
			if (name === '') this.#byte(TERMINATOR).#byte(ESCAPE);
			else this.#string(name);
			this.value(field);
		}
		return this.#byte(TERMINATOR);
	}

	#reserve(extra: number): void {
		if (this.#length + extra <= this.#buffer.length) return;
		const larger = this.#allocate(Math.max(this.#buffer.length * 2, this.#length + extra));
		larger.set(this.#bytes.subarray(0, this.#length));
		this.#replace(larger);
	}

	#replace(buffer: Buffer): void {
		this.#buffer = buffer;
		this.#bytes = new Uint8Array(buffer.buffer);
		this.#view = new DataView(buffer.buffer);
	}

	#allocate(length: number): Buffer {
		return this.#kind === 'shared' ? Buffer.from(new SharedArrayBuffer(length)) : Buffer.allocUnsafeSlow(length);
	}

	#byte(byte: number): this {
		this.#reserve(1);
		this.#bytes[this.#length++] = byte;
		return this;
	}

	#string(text: string): this {
		this.#reserve(text.length * 3 + 1);
		// Short ASCII, the common case, is copied here; a call into native code costs more.
		let i = 0;
		const start = this.#length;
		const bytes = this.#bytes;
		if (text.length < 40) {
			for (; i < text.length; i++) {
				const code = text.charCodeAt(i);
				if (code === 0 || code > 0x7f) break;
				bytes[start + i] = code;
			}
		}
		if (i < text.length && text.includes('\0')) return this.#escaped(Buffer.from(text));
		this.#length += i < text.length ? this.#buffer.write(text, start, 'utf8') : i;
		return this.#byte(TERMINATOR);
	}

	#escaped(bytes: Uint8Array): this {
		this.#reserve(bytes.length * 2 + 1);
		for (const byte of bytes) {
			this.#bytes[this.#length++] = byte;
			if (byte === TERMINATOR) this.#bytes[this.#length++] = ESCAPE;
		}
		this.#bytes[this.#length++] = TERMINATOR;
		return this;
	}

	#float(value: number): this {
		this.#reserve(9);
		const at = this.#length;
		this.#length = at + 9;
		const bytes = this.#bytes;
		bytes[at] = TAG.float64;
		this.#view.setFloat64(at + 1, value);
		const first = bytes[at + 1] ?? 0;
		// Every NaN counts as the positive one: JavaScript does not tell them apart.
		if (Number.isNaN(value)) this.#view.setBigUint64(at + 1, NAN_BITS);
		else if (first < 0x80) bytes[at + 1] = first | 0x80;
		else for (let i = at + 1; i <= at + 8; i++) bytes[i] = ~(bytes[i] ?? 0);
		return this;
	}

	#int(value: bigint): this {
		if (value === 0n) return this.#byte(TAG.int64Zero);
		let size = 0;
		while (size < 3 && BigInt.asIntN(8 << size, value) !== value) size++;
		this.#byte(TAG.int64Zero + (value < 0n ? -(size + 1) : size + 1));
		this.#reserve(8);
		const width = 1 << size;
		for (let i = width - 1; i >= 0; i--) {
			this.#bytes[this.#length++] = Number((value >> BigInt(8 * i)) & 0xffn);
		}
		return this;
	}
}

const writer = new KeyWriter();

/** The key of several values, one after the other. */
export function encodeKey(values: readonly (Value | undefined)[]): Uint8Array {
	writer.reset();
	for (const value of values) writer.value(value);
	return writer.finish();
}

/**
 * The end of the keys that start with the values of `prefix`: above all of them and not above any other key. No tag is
 * 0xff, so what follows a finished value is smaller; only the escaped zero byte of a longer string is not. (Adding one to
 * the last byte, as the backend does, would count the string "\0" among those that equal "".)
 */
export function inc(prefix: Uint8Array): Uint8Array {
	const next = new Uint8Array(prefix.length + 1);
	next.set(prefix);
	next[prefix.length] = 0xff;
	return next;
}

/** The smallest key that is greater than `key` itself. */
export function keyAfter(key: Uint8Array): Uint8Array {
	const next = new Uint8Array(key.length + 1);
	next.set(key);
	return next;
}

/** Every key that starts with the given values. With none: the whole index. */
export function prefixRange(values: readonly (Value | undefined)[]): KeyRange {
	const lower = encodeKey(values);
	return { lower, upper: inc(lower) };
}

export const EVERYTHING: KeyRange = { lower: new Uint8Array(0), upper: null };

/** Order of two keys; null stands for the end of the index. */
export function compareKeys(a: Uint8Array | null, b: Uint8Array | null): number {
	if (a === null || b === null) return Number(a === null) - Number(b === null);
	return Buffer.compare(a, b);
}

export function rangeContains(range: KeyRange, key: Uint8Array): boolean {
	return Buffer.compare(range.lower, key) <= 0 && (range.upper === null || Buffer.compare(key, range.upper) < 0);
}

export function isEmptyRange(range: KeyRange): boolean {
	return range.upper !== null && Buffer.compare(range.lower, range.upper) >= 0;
}
