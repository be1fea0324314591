import { availableParallelism } from 'node:os';
import type { RuntimeKind } from './thread/protocol.ts';
import type { Thread, ThreadEnded } from './thread.ts';

interface PoolOptions {
	/** Runtimes of which one thread is kept ready. */
	readonly runtimes: readonly RuntimeKind[];
	/** How long a thread that is not needed to keep one ready may be idle (milliseconds). */
	readonly idleTime: number;
	make(runtime: RuntimeKind): Thread;
}

/** An action that waits for a thread. */
interface Waiting {
	readonly runtime: RuntimeKind;
	readonly begin: (thread: Thread) => void;
	readonly refuse: (error: ThreadEnded) => void;
}

/** Starting a thread is all computing: more at a time would only make each of them later. */
const MOST_STARTING = availableParallelism();

/**
 * Threads of one push: made when actions wait for them, kept for the next action when one ended cleanly. An action gets
 * the first thread that is free, be it new or given back.
 */
export class Pool {
	readonly #options: PoolOptions;
	/** The one that was used last comes first: the others grow old. */
	readonly #idle: { readonly thread: Thread; readonly since: number }[] = [];
	readonly #waiting: Waiting[] = [];
	readonly #starting = new Set<Thread>();
	/** Those that run an action, by its call id. */
	readonly #lent = new Map<number, Thread>();

	constructor(options: PoolOptions) {
		this.#options = options;
		setInterval(() => this.#retire(), options.idleTime).unref();
		this.#start();
	}

	/** The client of an HTTP action has gone away. */
	abandon(callId: number): void {
		this.#lent.get(callId)?.abandon(callId);
	}

	/** Lends a thread to one action. `run` says whether another action may follow it on the same thread. */
	async lend<T extends { readonly isClean: boolean }>(
		runtime: RuntimeKind,
		callId: number,
		run: (thread: Thread) => Promise<T>
	): Promise<T> {
		const thread = await this.#free(runtime);
		this.#lent.set(callId, thread);
		let isClean = false;
		try {
			const result = await run(thread);
			({ isClean } = result);
			return result;
		} finally {
			this.#lent.delete(callId);
			if (isClean) this.#give(thread);
			else thread.end('The action has ended.');
			this.#start();
		}
	}

	#free(runtime: RuntimeKind): Promise<Thread> {
		return new Promise((begin, refuse) => {
			this.#waiting.push({ runtime, begin, refuse });
			const idle = this.#idle.findIndex(({ thread }) => thread.runtime === runtime && !thread.isOver);
			const [taken] = idle < 0 ? [] : this.#idle.splice(idle, 1);
			if (taken !== undefined) this.#give(taken.thread);
			this.#start();
		});
	}

	/** The thread is free: for the action that waits longest, or for the next one. */
	#give(thread: Thread): void {
		if (thread.isOver) return;
		const first = this.#next(thread.runtime);
		if (first !== undefined) first.begin(thread);
		else this.#idle.unshift({ thread, since: performance.now() });
	}

	/** Starts threads for the actions that wait, and where none is left ready. */
	#start(): void {
		for (const runtime of this.#wanted()) {
			if (this.#starting.size >= MOST_STARTING) return;
			const thread = this.#options.make(runtime);
			this.#starting.add(thread);
			void thread.started.then((failure) => {
				this.#starting.delete(thread);
				// One action is refused for each thread that fails, so that this comes to an end.
				if (failure === null) this.#give(thread);
				else this.#next(runtime)?.refuse(failure);
				if (failure === null || this.#waiting.length > 0) this.#start();
			});
		}
	}

	/** The action that waits longest, which waits no more. */
	#next(runtime: RuntimeKind): Waiting | undefined {
		const place = this.#waiting.findIndex((waiting) => waiting.runtime === runtime);
		return place < 0 ? undefined : this.#waiting.splice(place, 1)[0];
	}

	/** A runtime for each thread that should be started now, those that are waited for first. */
	#wanted(): RuntimeKind[] {
		const coming = [...this.#starting].map(({ runtime }) => runtime);
		const isComing = (runtime: RuntimeKind): boolean => {
			const place = coming.indexOf(runtime);
			if (place >= 0) coming.splice(place, 1);
			return place >= 0;
		};
		const missing = this.#waiting.filter(({ runtime }) => !isComing(runtime)).map(({ runtime }) => runtime);
		const ready = new Set(this.#idle.flatMap(({ thread }) => (thread.isOver ? [] : [thread.runtime])));
		const bare = this.#options.runtimes.filter((runtime) => !ready.has(runtime) && !isComing(runtime));
		return [...missing, ...bare.filter((runtime) => !missing.includes(runtime))];
	}

	#retire(): void {
		const before = performance.now() - this.#options.idleTime;
		const kept = new Set<RuntimeKind>();
		for (const entry of [...this.#idle]) {
			const { thread, since } = entry;
			if (!thread.isOver && (since > before || !kept.has(thread.runtime))) kept.add(thread.runtime);
			else {
				this.#idle.splice(this.#idle.indexOf(entry), 1);
				thread.end('The thread is not needed.');
			}
		}
	}
}
