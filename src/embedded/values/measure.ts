import { DeveloperError } from './errors.ts';
import { checkFieldName } from './value.ts';
import { checkArrayLength, checkFieldCount, checkNesting, MAX_FIELD_NAME } from './bounds.ts';

/** What Convex bounds in a value. */
export interface Measure {
	/** Bytes as Convex counts them, the same as `getConvexSize` of the value. */
	readonly size: number;
	/** Arrays and objects inside each other; 0 for a plain value. */
	readonly nesting: number;
	/** Whether the JSON value is the Convex value: nothing in it is encoded, and no field has a name that begins with `$` or `_`. */
	readonly plain: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;

const DOLLAR = 0x24;
const UNDERSCORE = 0x5f;
const LETTER_U = 0x75;

const NUMBER_BYTES = 9;

const LONE_SURROGATE = 'Received invalid json: lone surrogate in a string. Strings must be valid Unicode.';

/** Objects of one field that stand for a value which JSON has no word for. */
const SPECIAL = new Set(['$integer', '$float', '$bytes', '$undefined', '$commitTs']);

/**
 * Measures Convex JSON text, as `JSON.stringify` writes it, without making a value of it. Throws a DeveloperError for an
 * array that is too long, an object with too many fields, or too many of them inside each other.
 */
export function measureJson(text: string): Measure {
	const scanner = new Scanner(text);
	const size = scanner.value(0);
	return { size, nesting: scanner.nesting, plain: scanner.plain };
}

/** No text makes a value larger than this many bytes a character: `0,` takes two characters for nine bytes (the last one has no comma). */
const MOST_BYTES_PER_CHARACTER = 4.5;

/** Whether the value of a text may be larger than so many bytes. Costs nothing; true may be wrong, false is not. */
export function mayExceed(characters: number, bytes: number): boolean {
	return (characters + 1) * MOST_BYTES_PER_CHARACTER > bytes;
}

class Scanner {
	nesting = 0;
	plain = true;
	/** Whether the last string had only printable ASCII characters, none of them escaped. */
	#simple = true;
	readonly #text: string;
	#at = 0;

	constructor(text: string) {
		this.#text = text;
	}

	value(depth: number): number {
		switch (this.#text.charCodeAt(this.#at)) {
			case QUOTE:
				return 2 + this.#string();
			case OPEN_OBJECT:
				return this.#object(depth + 1);
			case OPEN_ARRAY:
				return this.#array(depth + 1);
			case 0x6e: // null
			case 0x74: // true
				this.#at += 4;
				return 1;
			case 0x66: // false
				this.#at += 5;
				return 1;
			default:
				this.#skipNumber();
				return NUMBER_BYTES;
		}
	}

	#enter(depth: number): void {
		if (depth <= this.nesting) return;
		this.nesting = depth;
		checkNesting(depth);
	}

	#array(depth: number): number {
		this.#enter(depth);
		this.#at++;
		let size = 2;
		let length = 0;
		while (this.#text.charCodeAt(this.#at) !== CLOSE_ARRAY) {
			size += this.value(depth);
			length++;
			if (this.#text.charCodeAt(this.#at) === COMMA) this.#at++;
		}
		this.#at++;
		checkArrayLength(length);
		return size;
	}

	#object(depth: number): number {
		this.#at++;
		const special = this.#special();
		if (special !== null) return special;
		this.#enter(depth);
		let size = 2;
		let count = 0;
		while (this.#text.charCodeAt(this.#at) !== CLOSE_OBJECT) {
			size += this.#name() + 1;
			if (this.#text.charCodeAt(this.#at) === COLON) this.#at++;
			size += this.value(depth);
			count++;
			if (this.#text.charCodeAt(this.#at) === COMMA) this.#at++;
		}
		this.#at++;
		checkFieldCount(count);
		return size;
	}

	/** Bytes of `{"$integer": …}` and its like, or null when the object is an ordinary one. */
	#special(): number | null {
		if (!this.#text.startsWith('"$', this.#at)) return null;
		this.plain = false;
		const start = this.#at;
		const nameLength = this.#string();
		const name = this.#text.slice(start + 1, start + 1 + nameLength);
		if (!SPECIAL.has(name)) checkFieldName(name);
		this.#at++;
		const content = this.value(0);
		this.#at++;
		switch (name) {
			case '$bytes': {
				const padding = /={0,2}"\}$/.exec(this.#text.slice(this.#at - 4, this.#at))?.[0].length ?? 2;
				const characters = content - 2;
				return 2 + Math.floor(((characters - (padding - 2)) * 3) / 4);
			}
			default:
				return NUMBER_BYTES;
		}
	}

	/** UTF-8 bytes of the field name that begins here. Throws a DeveloperError when it cannot name a field. */
	#name(): number {
		const start = this.#at;
		const first = this.#text.charCodeAt(start + 1);
		if (first === DOLLAR || first === UNDERSCORE) this.plain = false;
		const size = this.#string();
		// Most names are plain, and need no copy to be checked.
		if (!this.#simple || size > MAX_FIELD_NAME) checkFieldName(String(JSON.parse(this.#text.slice(start, this.#at))));
		return size;
	}

	/** UTF-8 bytes of the string that begins here. Throws a DeveloperError when it is no Unicode text. */
	#string(): number {
		const text = this.#text;
		let at = this.#at + 1;
		let bytes = 0;
		this.#simple = true;
		for (;;) {
			const code = text.charCodeAt(at++);
			if (code === QUOTE || Number.isNaN(code)) break;
			if (code >= 0x20 && code < 0x7f && code !== BACKSLASH) {
				bytes++;
				continue;
			}
			this.#simple = false;
			if (code === BACKSLASH) {
				if (text.charCodeAt(at++) !== LETTER_U) bytes++;
				else {
					const escaped = Number.parseInt(text.slice(at, at + 4), 16);
					// JSON.stringify escapes surrogates only when they stand alone.
					if (escaped >= 0xd800 && escaped < 0xe000) throw new DeveloperError('InvalidValue', LONE_SURROGATE);
					bytes += utf8Length(escaped);
					at += 4;
				}
			} else if (code >= 0xd800 && code < 0xdc00) {
				bytes += 4;
				at++;
			} else bytes += utf8Length(code);
		}
		this.#at = at;
		return bytes;
	}

	#skipNumber(): void {
		const text = this.#text;
		let at = this.#at + 1;
		while (at < text.length) {
			const code = text.charCodeAt(at);
			if (code === COMMA || code === CLOSE_ARRAY || code === CLOSE_OBJECT) break;
			at++;
		}
		this.#at = at;
	}
}

function utf8Length(code: number): number {
	return code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
}
