import { Child } from './child.ts';
import { RemoteError } from './rpc.ts';
import type { Answer, CallMessage, Message } from './rpc.ts';
import { readRunning } from './running.ts';
import type { Running } from './running.ts';
import type { Limits } from './limits.ts';
import type { EngineMethods, EngineSettings } from './protocol.ts';
import { timedOut, TOO_MANY_OPERATIONS } from './userClock.ts';
import { OVERTIME_SIGNAL } from './watchdog.ts';

/** The engine process ended while it worked on this call, which has changed nothing. */
export class EngineDied extends Error {
	override readonly name = 'EngineDied';
	/** Parts of the call that had been finished, for calls of several parts. */
	readonly progress: number;

	constructor(message: string, progress: number) {
		super(message);
		this.progress = progress;
	}
}

interface Entry {
	readonly message: CallMessage;
	/** Wall clock, milliseconds; of each part when the call has several. */
	readonly budget: number;
	/** How often its process was killed from outside while it was executed. */
	deaths: number;
	resolve(value: never): void;
	reject(error: Error): void;
}

type Boot = ReturnType<EngineMethods['start']>;

const ENTRY = new URL('./process.ts', import.meta.url);
const MAX_FAILED_STARTS = 3;
/** With Node's own 16 MB, a fifth of a large mutation's time goes into copying what it makes. */
const YOUNG_MEGABYTES = 64;
/** Soonest time after which the process is looked at again (milliseconds). */
const SHORTEST_WATCH = 20;

/** What is to be told once the next process has said which calls were durable. */
interface Death {
	/** What it worked on; null when nothing says so. */
	readonly running: Running | null;
	/** Null when somebody else ended the process: then the call may not be to blame. */
	readonly words: string | null;
}

/** How processes end that somebody kills, or the system when memory is short. What functions do to theirs ends otherwise. */
const FROM_OUTSIDE = new Set(['signal SIGKILL', 'signal SIGTERM', 'signal SIGHUP']);
/** Then a function that does it to every process is suspected after all. */
const MAX_DEATHS = 4;
const KILLED = `Every process that ran the function was killed (${MAX_DEATHS} of them).`;
/**
 * Keeps one engine process running. The process executes calls in the order in which they were made, several of which may
 * be executed and wait for the disk; what it works on stands in a file (`running.ts`). When a call exceeds its budget, the
 * process is killed; whenever it ends, a new one takes over:
 *
 *   running ──ended──▶ starting ──booted──▶ 1. calls whose answers were saved with their writes get them
 *      ▲                  │                 2. the call that was being executed fails, alone,
 *      │                  │ 3 times in vain    unless the process was killed from outside
 *      │                  ▼                 3. all others are sent again: nothing of them is in the store
 *      │                closed                       │ nothing says what was being executed:
 *      └─────────────────────────────────────────────┴──▶ one at a time, so that the next end tells
 */
export class EngineSupervisor {
	readonly #settings: EngineSettings;
	readonly #limits: Limits;
	/** Called when no earlier answer can be relied on: after a restart with its news, or when executed calls were lost. */
	readonly #onReset: (boot: Boot | null) => void;
	/** Unanswered calls, the oldest first. */
	readonly #calls = new Map<number, Entry>();
	/** Calls for the next message. */
	#outgoing: CallMessage[] = [];
	/** Calls that are sent only when the one before has been answered. */
	#oneByOne: CallMessage[] = [];
	/** The newest saved batch of answers that has been received. */
	#received = 0;
	#child: Child | null = null;
	#lastId = 0;
	#timer: NodeJS.Timeout | undefined;
	#overdue = false;
	#failedStarts = 0;
	#starting = false;
	#closed = false;

	constructor(settings: EngineSettings, limits: Limits, onReset: (boot: Boot | null) => void) {
		this.#settings = settings;
		this.#limits = limits;
		this.#onReset = onReset;
	}

	/** Starts the first process. Rejects when it cannot open its store. */
	start(): Promise<Boot> {
		return this.#spawn(null);
	}

	call<K extends keyof EngineMethods>(
		method: K,
		params: Parameters<EngineMethods[K]>[0],
		budget = this.#limits.functionWallClock
	): Promise<ReturnType<EngineMethods[K]>> {
		if (this.#closed) return Promise.reject(new Error('the engine is closed'));
		return new Promise((resolve, reject) => {
			const message: CallMessage = { kind: 'call', id: ++this.#lastId, method, params };
			this.#calls.set(message.id, { message, budget, deaths: 0, resolve, reject });
			// While the process starts, every call waits to be sent with the others.
			if (this.#starting) return;
			if (this.#oneByOne.length > 0) this.#oneByOne.push(message);
			else this.#post(message);
			this.#watch();
		});
	}

	/** Ends the process once it has answered what it was asked, at the latest after the given time (milliseconds). */
	async close(grace: number): Promise<void> {
		if (this.#closed) return;
		const closed = this.call('close', null, grace);
		await Promise.race([closed.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, grace).unref())]);
		this.#closed = true;
		this.#unwatch();
		this.#child?.kill();
		this.#rejectAll('the engine is closed');
	}

	#spawn(death: Death | null): Promise<Boot> {
		this.#starting = true;
		return new Promise((resolve, reject) => {
			const id = ++this.#lastId;
			const child = new Child({
				entry: ENTRY,
				heapMegabytes: this.#limits.heapMegabytes,
				flags: [`--max-semi-space-size=${YOUNG_MEGABYTES}`],
				onMessage: (message) => {
					const boot = this.#bootIn(message, id);
					if (boot === null) return this.#receive(message);
					if (boot.kind === 'error') {
						this.#failedStarts = MAX_FAILED_STARTS;
						reject(new RemoteError(boot.message, boot.stack));
						child.kill();
						return;
					}
					this.#failedStarts = 0;
					this.#starting = false;
					resolve(boot.value);
					this.#takeOver(boot.value, death);
				},
				onEnd: (description) => {
					if (this.#starting) this.#failedStarts++;
					reject(new Error(`the engine process ended while starting (${description})`));
					this.#ended(description, death);
				}
			});
			this.#child = child;
			child.send({ kind: 'call', id, method: 'start', params: { settings: this.#settings, resumes: death !== null } });
		});
	}

	#bootIn(message: Message, id: number): Answer | null {
		return message.kind === 'answers' ? (message.answers.find((answer) => answer.id === id) ?? null) : null;
	}

	#takeOver(boot: Boot, death: Death | null): void {
		if (death === null) return;
		for (const answer of boot.answers) this.#settle(answer);
		const { running, words } = death;
		const culprit = running === null ? undefined : this.#calls.get(running.call);
		// Nothing of it is in the store, so it can be done again; one that ends every process is to blame after all.
		const isSuspect = words !== null || (culprit !== undefined && ++culprit.deaths >= MAX_DEATHS);
		if (running !== null && culprit !== undefined && isSuspect) {
			this.#calls.delete(running.call);
			culprit.reject(new EngineDied(words ?? KILLED, running.part));
		}
		const others = [...this.#calls.values()].map(({ message }) => message);
		if (isSuspect && culprit === undefined) this.#sendOneByOne(others);
		else for (const message of others) this.#post(message);
		this.#watch();
	}

	#sendOneByOne(messages: readonly CallMessage[]): void {
		this.#oneByOne = [...messages];
		const [first] = this.#oneByOne;
		if (first !== undefined) this.#post(first);
	}

	/** Calls made in one turn of the event loop go in one message. */
	#post(message: CallMessage): void {
		this.#outgoing.push(message);
		if (this.#outgoing.length > 1) return;
		setImmediate(() => {
			const calls = this.#outgoing;
			this.#outgoing = [];
			if (calls.length > 0) this.#child?.send({ kind: 'calls', calls, received: this.#received });
		});
	}

	#receive(message: Message): void {
		if (message.kind === 'lost') return this.#onReset(null);
		if (message.kind !== 'answers') return;
		this.#received = Math.max(this.#received, message.batch);
		for (const answer of message.answers) this.#settle(answer);
		if (this.#calls.size === 0) this.#unwatch();
	}

	#settle(answer: Answer): void {
		const entry = this.#calls.get(answer.id);
		this.#calls.delete(answer.id);
		if (answer.kind === 'reply') entry?.resolve(answer.value);
		else entry?.reject(new RemoteError(answer.message, answer.stack));
		if (this.#oneByOne[0]?.id !== answer.id) return;
		const [next] = this.#oneByOne.splice(0, 2).slice(1);
		if (next === undefined) return;
		this.#oneByOne.unshift(next);
		this.#post(next);
	}

	/** Looks after a while whether the call under work has exceeded its budget. */
	#watch(delay = this.#limits.functionWallClock): void {
		if (this.#calls.size > 0) this.#timer ??= setTimeout(() => this.#look(), delay);
	}

	#unwatch(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
	}

	#look(): void {
		this.#timer = undefined;
		if (this.#calls.size === 0 || this.#starting || this.#closed) return;
		const running = readRunning(this.#settings.dataDir);
		// Between calls the process says regularly that it is awake: a call that was answered can still hold it.
		const budget = this.#calls.get(running?.call ?? 0)?.budget ?? this.#limits.functionWallClock;
		const left = running === null ? SHORTEST_WATCH : running.since + budget - Date.now();
		if (left > 0) return this.#watch(Math.min(Math.max(left, SHORTEST_WATCH), this.#limits.functionWallClock));
		this.#overdue = true;
		this.#child?.kill();
	}

	#ended(description: string, unsettled: Death | null): void {
		this.#unwatch();
		this.#outgoing = [];
		if (this.#closed) return;
		const death = this.#starting && unsettled !== null ? unsettled : this.#deathOf(description);
		this.#overdue = false;
		this.#oneByOne = [];
		if (this.#failedStarts >= MAX_FAILED_STARTS) {
			this.#rejectAll(`the engine process cannot be started (${description})`);
			this.#closed = true;
			return;
		}
		this.#spawn(death).then(this.#onReset, () => undefined);
	}

	#deathOf(description: string): Death {
		const overdue = this.#overdue;
		const noted = this.#starting ? null : readRunning(this.#settings.dataDir);
		// One at a time: only the first can have been under work.
		const first = this.#oneByOne[0];
		const alone = first === undefined ? null : { call: first.id, part: 0, since: 0 };
		const running = noted !== null && this.#calls.has(noted.call) ? noted : alone;
		const words = overdue
			? TOO_MANY_OPERATIONS
			: description === `signal ${OVERTIME_SIGNAL}`
				? timedOut(this.#limits.userTime)
				: FROM_OUTSIDE.has(description)
					? null
					: `The function ended the process that ran it (${description}).`;
		return { running, words };
	}

	#rejectAll(words: string): void {
		for (const entry of this.#calls.values()) entry.reject(new Error(words));
		this.#calls.clear();
	}
}
