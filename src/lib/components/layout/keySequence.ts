/** How long the first key of two waits for the second (milliseconds). */
const PATIENCE_MS = 1_200;

/** Two keys, one after the other. Times are of one clock, in milliseconds. */
export class KeySequence {
	#began: number | null = null;

	/** The first key was pressed. */
	begin(now: number): void {
		this.#began = now;
	}

	/** Another key was pressed: whether it follows the first. A first key is followed once. */
	follow(now: number): boolean {
		const follows = this.#began !== null && now - this.#began < PATIENCE_MS;
		this.#began = null;
		return follows;
	}
}
