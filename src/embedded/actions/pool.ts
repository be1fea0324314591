import type { RuntimeKind } from './thread/protocol.ts';
import type { Thread } from './thread.ts';

export interface PoolOptions {
	/** Runtimes of which one thread is kept ready. */
	readonly runtimes: readonly RuntimeKind[];
	/** How long a thread that is not needed to keep one ready may be idle (milliseconds). */
	readonly idleTime: number;
	make(runtime: RuntimeKind): Thread;
}

/** Threads of one push: made when they are needed, kept for the next action when one ended cleanly. */
export class Pool {
	readonly #options: PoolOptions;
	/** The one that was used last comes first: the others grow old. */
	readonly #idle: { readonly thread: Thread; readonly since: number }[] = [];
	/** Those that run an action, by its call id. */
	readonly #lent = new Map<number, Thread>();
	readonly #retirement: NodeJS.Timeout;

	constructor(options: PoolOptions) {
		this.#options = options;
		this.#retirement = setInterval(() => this.#retire(), options.idleTime);
		this.#retirement.unref();
		this.#keepReady();
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
		const thread = this.#take(runtime);
		this.#lent.set(callId, thread);
		let isClean = false;
		try {
			const result = await run(thread);
			({ isClean } = result);
			return result;
		} finally {
			this.#lent.delete(callId);
			if (isClean && !thread.isOver) this.#idle.unshift({ thread, since: performance.now() });
			else {
				thread.end('The action has ended.');
				this.#keepReady();
			}
		}
	}

	#take(runtime: RuntimeKind): Thread {
		const place = this.#idle.findIndex(({ thread }) => thread.runtime === runtime && !thread.isOver);
		const [taken] = place < 0 ? [] : this.#idle.splice(place, 1);
		return taken?.thread ?? this.#options.make(runtime);
	}

	#keepReady(): void {
		for (const runtime of this.#options.runtimes) {
			if (this.#idle.some(({ thread }) => thread.runtime === runtime && !thread.isOver)) continue;
			this.#idle.push({ thread: this.#options.make(runtime), since: performance.now() });
		}
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
