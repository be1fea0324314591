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

	constructor(limits: { readonly logLines: number; readonly logLineBytes: number }) {
		this.#maxLines = limits.logLines;
		this.#maxBytes = limits.logLineBytes;
	}

	write(level: string, args: readonly unknown[]): void {
		if (this.lines.length > this.#maxLines) return;
		if (this.lines.length === this.#maxLines) {
			this.#push('ERROR', [`Log overflow (maximum ${this.#maxLines}). Remaining log lines omitted.`]);
			return;
		}
		this.#push(level, args.map(show));
	}

	#push(level: string, messages: readonly string[]): void {
		let room = this.#maxBytes;
		const kept: string[] = [];
		for (const message of messages) {
			kept.push(message.slice(0, room));
			room -= message.length;
			if (room <= 0) break;
		}
		this.lines.push({ level, messages: kept, isTruncated: room < 0, timestamp: Date.now() });
	}
}

function show(value: unknown): string {
	return inspect(value, { depth: 5, breakLength: Infinity, compact: true, maxStringLength: 32_768 });
}

/** The line as clients print it: `[LOG] 'a' 1`. */
export function formatLogLine(line: LogLine): string {
	return `[${line.level}] ${line.messages.join(' ')}${line.isTruncated ? TRUNCATED : ''}`;
}
