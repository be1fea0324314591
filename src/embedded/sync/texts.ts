/**
 * Texts for clients, and the messages that carry them. What is large may go to many sockets: it is encoded once, and every
 * message that it is part of refers to the same bytes.
 */
import { MAX_MESSAGE_CHARACTERS } from './limits.ts';

/** From so many characters on a text is worth frames of its own; anything shorter is copied into its message. */
const SHARED_FROM_CHARACTERS = 64 * 1024;
/** Large texts are cut into chunks at such boundaries. */
const PIECE_CHARACTERS = 500_000;

/** Part of a text as it stands inside a JSON string. */
interface Piece {
	readonly characters: number;
	readonly escaped: string | Buffer;
}

/** A large text that is written to many. */
class SharedText {
	readonly #text: string;
	#bytes: Buffer | null = null;
	#pieces: readonly Piece[] | null = null;

	constructor(text: string) {
		this.#text = text;
	}

	get length(): number {
		return this.#text.length;
	}

	get bytes(): Buffer {
		return (this.#bytes ??= Buffer.from(this.#text));
	}

	get pieces(): readonly Piece[] {
		return (this.#pieces ??= piecesOf(this.#text).map(({ characters, escaped }) => ({
			characters,
			escaped: Buffer.from(escaped)
		})));
	}
}

export type Part = string | SharedText;
/** A text in parts. */
export type Text = readonly Part[];
/** One message: characters, and bytes that other messages may have in common with it. */
export type Message = readonly (string | Buffer)[];

/** A text that may become part of many. */
export function shared(text: string): Part {
	return text.length < SHARED_FROM_CHARACTERS ? text : new SharedText(text);
}

/** First version of the `convex` package that puts a transition together from chunks. */
const CHUNKS_SINCE = [1, 28] as const;

/** Whether the client understands chunks: `1.48.0`, from its path or its Convex-Client header. */
export function understandsChunks(clientVersion: string): boolean {
	const [, major, minor] = /^(?:npm-)?(\d+)\.(\d+)\.\d+/.exec(clientVersion)?.map(Number) ?? [];
	if (major === undefined || minor === undefined) return false;
	return major > CHUNKS_SINCE[0] || (major === CHUNKS_SINCE[0] && minor >= CHUNKS_SINCE[1]);
}

/** The messages that carry a transition: one, or chunks of it when it is long and the client understands them. */
export function inMessages(transition: Text, chunks: boolean): Message[] {
	const characters = transition.reduce((sum, { length }) => sum + length, 0);
	if (!chunks || characters <= MAX_MESSAGE_CHARACTERS) {
		return [transition.map((part) => (typeof part === 'string' ? part : part.bytes))];
	}
	const packed: Piece[][] = [];
	let room = 0;
	for (const part of transition) {
		for (const piece of typeof part === 'string' ? piecesOf(part) : part.pieces) {
			if (piece.characters > room) {
				packed.push([]);
				room = MAX_MESSAGE_CHARACTERS;
			}
			packed.at(-1)?.push(piece);
			room -= piece.characters;
		}
	}
	return packed.map((pieces, partNumber) => [
		'{"type":"TransitionChunk","chunk":"',
		...pieces.map(({ escaped }) => escaped),
		`","partNumber":${partNumber},"totalParts":${packed.length},"transitionId":"${characters}"}`
	]);
}

function piecesOf(text: string): { characters: number; escaped: string }[] {
	const pieces: { characters: number; escaped: string }[] = [];
	for (let start = 0; start < text.length;) {
		let end = Math.min(start + PIECE_CHARACTERS, text.length);
		// A pair of surrogates is one character: neither half can be sent alone.
		if (end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
		pieces.push({ characters: end - start, escaped: JSON.stringify(text.slice(start, end)).slice(1, -1) });
		start = end;
	}
	return pieces;
}
