import { STORE_ERROR_KINDS, StoreError } from './errors.ts';

const TEXT_BYTES = 2_000;
const HEADER = 3;
const ENDED = 0;
const KIND = 1;
const LENGTH = 2;

/**
 * What the writing thread tells in shared memory: how many batches it has ended, and the error of the last. The thread that
 * executes functions looks at it without a turn of its event loop, and can wait for it.
 */
export class WriterReport {
	readonly memory: SharedArrayBuffer;
	readonly #header: Int32Array;
	readonly #text: Uint8Array;

	constructor(memory = new SharedArrayBuffer(HEADER * 4 + TEXT_BYTES)) {
		this.memory = memory;
		this.#header = new Int32Array(memory, 0, HEADER);
		this.#text = new Uint8Array(memory, HEADER * 4);
	}

	get ended(): number {
		return Atomics.load(this.#header, ENDED);
	}

	/** Of the last batch; null when it was written. */
	get error(): StoreError | null {
		const kind = STORE_ERROR_KINDS[(this.#header[KIND] ?? 0) - 1];
		if (kind === undefined) return null;
		return new StoreError(kind, Buffer.from(this.#text.slice(0, this.#header[LENGTH])).toString());
	}

	/** By the writing thread. */
	end(error: StoreError | null): void {
		this.#header[KIND] = error === null ? 0 : STORE_ERROR_KINDS.indexOf(error.kind) + 1;
		this.#header[LENGTH] = new TextEncoder().encodeInto(error?.message ?? '', this.#text).written;
		Atomics.add(this.#header, ENDED, 1);
		Atomics.notify(this.#header, ENDED);
	}

	/** Waits until more batches than `known` have ended, so many milliseconds at most. */
	wait(known: number, patience = Infinity): void {
		Atomics.wait(this.#header, ENDED, known, patience);
	}
}
