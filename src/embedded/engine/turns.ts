import { FunctionRefusal } from './failure.ts';

/** Lets so many run at one time. The others wait in the order in which they came, for as long as they are patient. */
export class Turns {
	readonly #count: number;
	readonly #refusal: string;
	#running = 0;
	readonly #waiting = new Set<() => void>();

	/** `refusal`: what those are told whose patience ends. */
	constructor(count: number, refusal: string) {
		this.#count = count;
		this.#refusal = refusal;
	}

	/** `patience`: milliseconds, null for ever. Rejects with a FunctionRefusal when it ends; runs nothing then. */
	async run<T>(patience: number | null, work: () => Promise<T>): Promise<T> {
		if (this.#running < this.#count) this.#running++;
		else await this.#wait(patience);
		try {
			return await work();
		} finally {
			const [next] = this.#waiting;
			if (next === undefined) this.#running--;
			else next();
		}
	}

	/** Resolves with the turn of one that has ended. */
	#wait(patience: number | null): Promise<void> {
		return new Promise((resolve, reject) => {
			const begin = (): void => {
				this.#waiting.delete(begin);
				clearTimeout(timer);
				resolve();
			};
			const giveUp = (): void => {
				this.#waiting.delete(begin);
				reject(new FunctionRefusal(this.#refusal));
			};
			const timer = patience === null ? undefined : setTimeout(giveUp, patience);
			this.#waiting.add(begin);
		});
	}
}
