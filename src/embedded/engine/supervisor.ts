import { Child } from './child.ts';
import { RemoteError } from './rpc.ts';
import type { CallMessage, Message } from './rpc.ts';
import type { Limits } from './limits.ts';
import type { EngineMethods, EngineSettings } from './protocol.ts';
import { timedOut, TOO_MANY_OPERATIONS } from './userClock.ts';
import { OVERTIME_SIGNAL } from './watchdog.ts';

/** The engine process ended while it worked on this call. */
export class EngineDied extends Error {
	override readonly name = 'EngineDied';
	/** Parts of the call that had been finished, for calls that report progress. */
	readonly progress: number;

	constructor(message: string, progress: number) {
		super(message);
		this.progress = progress;
	}
}

interface Entry {
	readonly message: CallMessage;
	/** Wall clock, milliseconds; of each part when the call reports progress. */
	readonly budget: number;
	progress: number;
	/** How often its process was killed from outside. */
	deaths: number;
	resolve(value: never): void;
	reject(error: Error): void;
}

type Boot = ReturnType<EngineMethods['start']>;

const ENTRY = new URL('./process.ts', import.meta.url);
const MAX_FAILED_STARTS = 3;

/** How processes end that somebody kills, or the system when memory is short. What functions do to theirs ends otherwise. */
const FROM_OUTSIDE = new Set(['signal SIGKILL', 'signal SIGTERM', 'signal SIGHUP']);
/** Then a function that does it to every process is suspected after all. */
const MAX_DEATHS = 4;
/** Methods that may be called again although the call may have been done: only the answer was lost. */
const REPEATABLE = new Set(['querySet', 'runJob', 'finishJob', 'tableData', 'tableNames', 'file', 'deployment']);

/**
 * Keeps one engine process running. It answers calls in the order in which they were made, so the oldest unanswered call
 * is the one it works on: when that exceeds its budget or the process ends, that call fails alone and a new process gets
 * all the others. When the process was killed from outside, the call is repeated where that can do no harm.
 */
export class EngineSupervisor {
	readonly #settings: EngineSettings;
	readonly #limits: Limits;
	readonly #onRestart: (boot: Boot) => void;
	/** Unanswered calls, the oldest first. */
	readonly #calls = new Map<number, Entry>();
	#child: Child | null = null;
	#lastId = 0;
	#timer: NodeJS.Timeout | undefined;
	#watched: Entry | null = null;
	#overdue = false;
	#failedStarts = 0;
	#starting = false;
	#closed = false;

	constructor(settings: EngineSettings, limits: Limits, onRestart: (boot: Boot) => void) {
		this.#settings = settings;
		this.#limits = limits;
		this.#onRestart = onRestart;
	}

	/** Starts the first process. Rejects when it cannot open its store. */
	start(): Promise<Boot> {
		return this.#spawn();
	}

	call<K extends keyof EngineMethods>(
		method: K,
		params: Parameters<EngineMethods[K]>[0],
		budget = this.#limits.functionWallClock
	): Promise<ReturnType<EngineMethods[K]>> {
		if (this.#closed) return Promise.reject(new Error('the engine is closed'));
		return new Promise((resolve, reject) => {
			const message: CallMessage = { kind: 'call', id: ++this.#lastId, method, params };
			this.#calls.set(message.id, { message, budget, progress: 0, deaths: 0, resolve, reject });
			if (!this.#starting) this.#child?.send(message);
			this.#watch();
		});
	}

	/** Ends the process once it has answered what it was asked, at the latest after the given time (milliseconds). */
	async close(grace: number): Promise<void> {
		if (this.#closed) return;
		const closed = this.call('close', null, grace);
		await Promise.race([closed.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, grace).unref())]);
		this.#closed = true;
		clearTimeout(this.#timer);
		this.#child?.kill();
		for (const entry of this.#calls.values()) entry.reject(new Error('the engine is closed'));
		this.#calls.clear();
	}

	#spawn(): Promise<Boot> {
		this.#starting = true;
		return new Promise((resolve, reject) => {
			const id = ++this.#lastId;
			const child = new Child({
				entry: ENTRY,
				heapMegabytes: this.#limits.heapMegabytes,
				onMessage: (message) => {
					if (message.kind === 'reply' && message.id === id) {
						this.#failedStarts = 0;
						this.#starting = false;
						resolve(message.value);
						for (const entry of this.#calls.values()) child.send(entry.message);
						this.#watch();
					} else if (message.kind === 'error' && message.id === id) {
						this.#failedStarts = MAX_FAILED_STARTS;
						reject(new RemoteError(message.message, message.stack));
						child.kill();
					} else {
						this.#receive(message);
					}
				},
				onEnd: (description) => {
					if (this.#starting) this.#failedStarts++;
					reject(new Error(`the engine process ended while starting (${description})`));
					this.#ended(description);
				}
			});
			this.#child = child;
			child.send({ kind: 'call', id, method: 'start', params: this.#settings });
		});
	}

	#receive(message: Message): void {
		if (message.kind === 'progress') {
			const [head] = this.#calls.values();
			if (head !== undefined) head.progress++;
			this.#watched = null;
		} else if (message.kind === 'reply' || message.kind === 'error') {
			const entry = this.#calls.get(message.id);
			this.#calls.delete(message.id);
			if (message.kind === 'reply') entry?.resolve(message.value);
			else entry?.reject(new RemoteError(message.message, message.stack));
		}
		this.#watch();
	}

	/** Gives the call under work its time, counted from when it became the oldest. */
	#watch(): void {
		const head = this.#starting ? undefined : this.#calls.values().next().value;
		if (head === this.#watched) return;
		clearTimeout(this.#timer);
		this.#watched = head ?? null;
		if (head === undefined) return;
		this.#timer = setTimeout(() => {
			this.#overdue = true;
			this.#child?.kill();
		}, head.budget);
	}

	#ended(description: string): void {
		clearTimeout(this.#timer);
		this.#watched = null;
		if (this.#closed) return;
		const [head] = this.#calls.values();
		const isOutside = !this.#overdue && FROM_OUTSIDE.has(description);
		if (head !== undefined && !this.#starting && !(isOutside && mayRepeat(head))) {
			this.#calls.delete(head.message.id);
			const words = this.#overdue
				? TOO_MANY_OPERATIONS
				: description === `signal ${OVERTIME_SIGNAL}`
					? timedOut(this.#limits.userTime)
					: `The function ended the process that ran it (${description}).`;
			head.reject(new EngineDied(words, head.progress));
		}
		this.#overdue = false;
		if (this.#failedStarts >= MAX_FAILED_STARTS) {
			for (const entry of this.#calls.values())
				entry.reject(new Error(`the engine process cannot be started (${description})`));
			this.#calls.clear();
			this.#closed = true;
			return;
		}
		this.#spawn().then(this.#onRestart, () => undefined);
	}
}

/** Whether the next process gets the call, too: then a death that is nobody's fault is not told as a failure. */
function mayRepeat(entry: Entry): boolean {
	const { method, params } = entry.message;
	// A session remembers what it has done. Its mutation may have been committed, so that "failed" could be a lie.
	const isRemembered =
		method === 'mutation' &&
		typeof params === 'object' &&
		params !== null &&
		'session' in params &&
		params.session !== null;
	entry.progress = 0;
	return (REPEATABLE.has(method) || isRemembered) && ++entry.deaths < MAX_DEATHS;
}
