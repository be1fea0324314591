/** The timers of one action: those that are left when it ends never fire. */
export class Timers {
	readonly #active = new Map<number, NodeJS.Timeout>();
	#lastId = 0;

	readonly setTimeout = (callback: Callback, delay?: number, ...args: unknown[]): number => {
		const id = ++this.#lastId;
		const fire = (): void => {
			this.#active.delete(id);
			callback(...args);
		};
		this.#active.set(id, setTimeout(fire, delay));
		return id;
	};

	readonly setInterval = (callback: Callback, delay?: number, ...args: unknown[]): number => {
		const id = ++this.#lastId;
		this.#active.set(id, setInterval(callback, delay, ...args));
		return id;
	};

	readonly clear = (id?: number): void => {
		if (id === undefined) return;
		clearTimeout(this.#active.get(id));
		this.#active.delete(id);
	};

	clearAll(): void {
		for (const timer of this.#active.values()) clearTimeout(timer);
		this.#active.clear();
	}
}

type Callback = (...args: unknown[]) => void;
