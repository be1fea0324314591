import { inspect } from 'node:util';

/** One call of `console`, as log entries carry it. */
export interface LogLine {
	readonly level: string;
	readonly messages: readonly string[];
	readonly isTruncated: boolean;
	/** Milliseconds since 1970. */
	readonly timestamp: number;
}

const TRUNCATED = ' (truncated due to length)';

/** Collects what one function writes to its console, up to the given number of lines. */
export class LogBuffer {
	readonly lines: LogLine[] = [];
	readonly #maxLines: number;
	readonly #maxBytes: number;
	readonly #onLine: (line: LogLine) => void;

	/** `onLine` hears every line as it comes. */
	constructor(
		limits: { readonly logLines: number; readonly logLineBytes: number },
		onLine: (line: LogLine) => void = () => undefined
	) {
		this.#onLine = onLine;
		this.#maxLines = limits.logLines;
		this.#maxBytes = limits.logLineBytes;
	}

	write(level: string, args: readonly unknown[]): void {
		this.add(level, () => shown(args));
	}

	/** A line of the engine's own, which the number of lines does not bound. */
	say(level: 'WARN' | 'ERROR', sentence: string): void {
		this.#push(level, [sentence]);
	}

	/** The last line that there is room for says that there were more. */
	add(level: string, messages: () => readonly string[]): void {
		if (this.lines.length >= this.#maxLines) return;
		if (this.lines.length === this.#maxLines - 1) {
			this.#push('ERROR', [`Log overflow (maximum ${this.#maxLines}). Remaining log lines omitted.`]);
			return;
		}
		this.#push(level, messages());
	}

	#push(level: string, messages: readonly string[]): void {
		const sizes = messages.map((message) => Buffer.byteLength(message));
		// Messages are joined by a space.
		const total = sizes.reduce((sum, size) => sum + size + 1, -1);
		const isTruncated = total > this.#maxBytes;
		const kept = isTruncated ? truncated(messages, this.#maxBytes) : messages;
		const line = { level, messages: kept, isTruncated, timestamp: Date.now() };
		this.lines.push(line);
		this.#onLine(line);
	}
}

/** As many whole messages as there is room for, and the beginning of the next. */
function truncated(messages: readonly string[], bytes: number): string[] {
	const kept: string[] = [];
	let room = bytes;
	for (const message of messages) {
		const size = Buffer.byteLength(message);
		if (size > room) {
			const head = Buffer.from(message).subarray(0, Math.max(0, room));
			// A character that was cut in two is left out.
			return [...kept, new TextDecoder().decode(head, { stream: true })];
		}
		kept.push(message);
		room -= size + 1;
	}
	return kept;
}

/** What `console` prints for each of its arguments. */
export function shown(args: readonly unknown[]): string[] {
	return args.map(show);
}

function show(value: unknown): string {
	return inspect(value, { depth: 5, breakLength: Infinity, compact: true, maxStringLength: 32_768 });
}

/** The line as clients print it: `[LOG] 'a' 1`. */
export function formatLogLine(line: LogLine): string {
	return `[${line.level}] ${line.messages.join(' ')}${line.isTruncated ? TRUNCATED : ''}`;
}
