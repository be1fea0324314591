import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What the engine process works on. */
export interface Running {
	/** Id of the call, or 0 between calls. */
	readonly call: number;
	/** Which part of it, for calls of several parts. */
	readonly part: number;
	/** Milliseconds since 1970. Between calls: when the process was last seen to be awake. */
	readonly since: number;
}

const NUMBERS = 3;

/**
 * A few bytes in a file in which the engine process says what it works on, before it does: they can be read while user
 * code holds the process, and after its end, whatever that was. One write to the page cache for each call.
 */
export class RunningNote {
	readonly #file: number;
	readonly #numbers = new Float64Array(NUMBERS);
	readonly #bytes = new Uint8Array(this.#numbers.buffer);

	constructor(dataDir: string) {
		this.#file = openSync(noteFile(dataDir), 'w', 0o600);
		this.write(0);
	}

	write(call: number, part = 0): void {
		this.#numbers[0] = call;
		this.#numbers[1] = part;
		this.#numbers[2] = Date.now();
		try {
			writeSync(this.#file, this.#bytes, 0, this.#bytes.length, 0);
		} catch {
			// A disk that fails must not keep functions from running; only who is to blame for an end may be mistaken then.
		}
	}

	/** Says which part of the call under work begins. */
	part(part: number): void {
		this.write(this.#numbers[0] ?? 0, part);
	}

	close(): void {
		closeSync(this.#file);
	}
}

/** Null when the process has written nothing yet, or is writing at this moment. */
export function readRunning(dataDir: string): Running | null {
	const [first, second] = [noteBytes(dataDir), noteBytes(dataDir)];
	if (first === null || second === null || !first.equals(second)) return null;
	const [call = 0, part = 0, since = 0] = new Float64Array(new Uint8Array(first).buffer);
	return { call, part, since };
}

function noteBytes(dataDir: string): Buffer | null {
	try {
		const bytes = readFileSync(noteFile(dataDir));
		return bytes.length === NUMBERS * Float64Array.BYTES_PER_ELEMENT ? bytes : null;
	} catch {
		return null;
	}
}

function noteFile(dataDir: string): string {
	return join(dataDir, 'running');
}
