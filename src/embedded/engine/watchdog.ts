import { Worker } from 'node:worker_threads';

/** How long the watching thread sleeps between two looks (milliseconds). */
const INTERVAL = 100;

/** The signal by which a process that its own code holds is ended: "CPU time limit exceeded". */
export const OVERTIME_SIGNAL = 'SIGXCPU';

/** Runs in the watching thread, from its own source text. Cell 0 is odd while user code runs and grows with every change. */
const WATCH = `
	const { workerData: { cells, limit } } = require('node:worker_threads');
	let seen = -1;
	let since = 0;
	for (;;) {
		Atomics.wait(cells, 1, 0, ${INTERVAL});
		const now = Atomics.load(cells, 0);
		if (now !== seen || (now & 1) === 0) {
			seen = now;
			since = performance.now();
		} else if (performance.now() - since > limit) process.kill(process.pid, '${OVERTIME_SIGNAL}');
	}
`;

/**
 * Ends this process when user code holds it for longer than it may without reaching a syscall or its end. A loop cannot
 * be interrupted from inside; a second thread can see it, and what the database does is never taken for a loop.
 */
export class Watchdog {
	readonly #cells = new Int32Array(new SharedArrayBuffer(8));

	/** `limit`: milliseconds. */
	constructor(limit: number) {
		const worker = new Worker(WATCH, { eval: true, workerData: { cells: this.#cells, limit }, stdin: false });
		worker.unref();
	}

	/** User code runs from here on. */
	resume(): void {
		const state = this.#cells[0] ?? 0;
		if ((state & 1) === 0) this.#cells[0] = (state + 1) | 0;
	}

	/** User code had nothing to do, and begins anew. */
	touch(): void {
		this.#cells[0] = ((this.#cells[0] ?? 0) + 2) | 0;
	}

	/** The engine's own code runs from here on. */
	pause(): void {
		const state = this.#cells[0] ?? 0;
		if ((state & 1) === 1) this.#cells[0] = (state + 1) | 0;
	}
}
