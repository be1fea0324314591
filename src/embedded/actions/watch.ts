import type { Worker } from 'node:worker_threads';
import type { Limits } from '../engine/limits.ts';
import { outOfMemory } from './memory.ts';
import type { MemoryBounds } from './memory.ts';

/** How often it is looked whether the process has grown, and how long a quiet one is believed (milliseconds). */
const LOOK_INTERVAL = 100;
const LOOK_AT_LEAST = 1_000;
/** Growth of the process that makes every running thread say what it uses (bytes). */
const NOTEWORTHY = 16 * 1024 * 1024;
/** What V8 reports counts garbage that it has not collected yet: at twice the limit, what is alive is too much. */
const WITH_GARBAGE = 2;

const ENDLESS =
	'Function execution unexpectedly timed out. Check your function for infinite loops or other long-running operations.';

export interface WatchOptions {
	readonly worker: Worker;
	readonly bounds: MemoryBounds;
	readonly limits: Pick<Limits, 'pingInterval' | 'pingTimeout'>;
	/** Asks the thread for an answer in its turn. */
	readonly ping: () => Promise<null>;
	/** Told once why the thread must end. */
	readonly end: (words: string) => void;
}

/** Looks after a thread while an action runs on it: that its event loop turns, and how much memory it takes. */
export class Watch {
	readonly #options: WatchOptions;
	readonly #look: NodeJS.Timeout;
	readonly #pulse: NodeJS.Timeout;
	#silence: NodeJS.Timeout | undefined;
	#seen = { at: performance.now(), resident: process.memoryUsage.rss() };
	#isAsking = false;

	constructor(options: WatchOptions) {
		this.#options = options;
		this.#look = setInterval(() => this.#lookAtMemory(), LOOK_INTERVAL);
		this.#pulse = setInterval(() => this.#feelPulse(), options.limits.pingInterval);
	}

	stop(): void {
		clearInterval(this.#look);
		clearInterval(this.#pulse);
		clearTimeout(this.#silence);
	}

	#feelPulse(): void {
		if (this.#silence !== undefined) return;
		const { ping, end, limits } = this.#options;
		this.#silence = setTimeout(() => end(ENDLESS), limits.pingTimeout);
		ping().then(
			() => {
				clearTimeout(this.#silence);
				this.#silence = undefined;
			},
			() => undefined
		);
	}

	#lookAtMemory(): void {
		const { worker, bounds, end } = this.#options;
		const now = { at: performance.now(), resident: process.memoryUsage.rss() };
		if (this.#isAsking) return;
		if (now.resident - this.#seen.resident < NOTEWORTHY && now.at - this.#seen.at < LOOK_AT_LEAST) return;
		this.#isAsking = true;
		worker.getHeapStatistics().then(
			({ used_heap_size: heap, external_memory: buffers }) => {
				this.#isAsking = false;
				this.#seen = now;
				if (heap > WITH_GARBAGE * bounds.heap || buffers > WITH_GARBAGE * bounds.buffers) end(outOfMemory(bounds));
			},
			() => undefined
		);
	}
}
