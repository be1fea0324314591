/** Mutations of one socket: strictly in the order they were sent, one at a time. */
export class MutationQueue {
	readonly #limit: number;
	readonly #waiting: (() => Promise<void>)[] = [];
	#running = false;

	constructor(limit: number) {
		this.#limit = limit;
	}

	/** Queues a mutation, which must not reject. False when the queue is full. */
	push(mutation: () => Promise<void>): boolean {
		if (this.#waiting.length >= this.#limit) return false;
		this.#waiting.push(mutation);
		if (!this.#running) void this.#work();
		return true;
	}

	/** Forgets what has not begun. */
	clear(): void {
		this.#waiting.length = 0;
	}

	async #work(): Promise<void> {
		this.#running = true;
		for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await next();
		this.#running = false;
	}
}
