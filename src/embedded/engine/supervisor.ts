import { compiledFolder } from '../compiled.ts';
import { Child } from './child.ts';
import { deathOf, DiskFailure, EngineDied } from './death.ts';
import type { Death } from './death.ts';
import { RemoteError } from './rpc.ts';
import type { Answer, CallMessage, Message } from './rpc.ts';
import type { Fault } from './fault.ts';
import { readRunning } from './running.ts';
import type { Limits } from './limits.ts';
import type { EngineMethods, EngineSettings, Renewal } from './protocol.ts';

interface Entry {
	readonly message: CallMessage;
	/** Wall clock, milliseconds; of each part when the call has several. */
	readonly budget: number;
	/** How often its process was killed from outside while it was executed. */
	deaths: number;
	/** How often the disk failed before it was answered. */
	diskFailures: number;
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

/** How often processes may be killed from outside before the function that they run is suspected after all. */
const MAX_DEATHS = 4;
const KILLED = `Every process that ran the function was killed (${MAX_DEATHS} of them).`;
/** How often a call is done again because the disk failed. */
const MAX_DISK_FAILURES = 2;
const DISK_FAILURE = `The disk that holds the data failed while this was being saved (${MAX_DISK_FAILURES} times). Nothing of it was saved.`;
/** How long to wait before a file that could not be opened is tried again (milliseconds). */
const REOPEN_AFTER = 1_000;
/**
 * Keeps one engine process running. The process executes calls in the order in which they were made, several of which may
 * be executed and wait for the disk; what it works on stands in a file (`running.ts`). When a call exceeds its budget, the
 * process is killed; whenever it ends, a new one takes over:
 *
 *   running ──ended──▶ starting ──booted──▶ 1. calls whose answers were saved with their writes get them
 *      ▲                  │                 2. the call that was being executed fails, alone,
 *      │                  │ 3 times in vain    unless the process was killed from outside
 *      │                  ▼                 3. all others are sent again: nothing of them is in the store
 *      │               waiting                       │ nothing says what was being executed:
 *      └─────────────────────────────────────────────┴──▶ one at a time, so that the next end tells
 *
 * While it waits, every call is refused with the reason, and a process is started again after a while; so it does at once when
 * the store cannot be opened (the disk is full or fails). Only the first start is given up for good. A process that cannot
 * tell what the disk has of a commit ends itself: its successor knows.
 */
export class EngineSupervisor {
	readonly #settings: EngineSettings;
	readonly #limits: Limits;
	/** Called when no earlier answer can be relied on: after a restart with its news, or when executed calls were lost. */
	readonly #onReset: (boot: Boot | null) => void;
	readonly #fault: Fault;
	/** Called with what was run again by itself, before the answers that tell of its commits. */
	onRenewed: (renewals: readonly Renewal[]) => void = () => undefined;
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
	#reopening: NodeJS.Timeout | undefined;

	constructor(settings: EngineSettings, limits: Limits, onReset: (boot: Boot | null) => void, fault: Fault) {
		this.#settings = settings;
		this.#limits = limits;
		this.#onReset = onReset;
		this.#fault = fault;
	}

	/** Starts the first process, which opens its store once that has been checked. Rejects when it cannot. */
	start(checked: Promise<void>): Promise<Boot> {
		return this.#spawn(null, checked);
	}

	call<K extends keyof EngineMethods>(
		method: K,
		params: Parameters<EngineMethods[K]>[0],
		budget = this.#limits.functionWallClock
	): Promise<ReturnType<EngineMethods[K]>> {
		if (this.#closed) return Promise.reject(new Error('the engine is closed'));
		return new Promise((resolve, reject) => {
			const message: CallMessage = { kind: 'call', id: ++this.#lastId, method, params };
			this.#calls.set(message.id, { message, budget, deaths: 0, diskFailures: 0, resolve, reject });
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
		clearTimeout(this.#reopening);
		this.#child?.kill();
		this.#rejectAll(new Error('the engine is closed'));
	}

	#spawn(death: Death | null, ready = Promise.resolve()): Promise<Boot> {
		this.#starting = true;
		return new Promise((resolve, reject) => {
			const id = ++this.#lastId;
			let refusal: Error | null = null;
			const child = new Child({
				entry: ENTRY,
				heapMegabytes: this.#limits.heapMegabytes,
				flags: [`--max-semi-space-size=${YOUNG_MEGABYTES}`],
				environment: { NODE_COMPILE_CACHE: compiledFolder(this.#settings.dataDir) },
				onMessage: (message) => {
					const boot = this.#bootIn(message, id);
					if (boot === null) return this.#receive(message);
					if (boot.kind === 'error') {
						refusal = new RemoteError(boot);
						child.kill();
						return;
					}
					this.#failedStarts = 0;
					this.#starting = false;
					resolve(boot.value);
					this.#takeOver(boot.value, death);
				},
				onEnd: (description) => {
					reject(refusal ?? new Error(`the engine process ended while starting (${description})`));
					if (refusal === null) this.#ended(description, death);
					else this.#refused(refusal, death);
				}
			});
			this.#child = child;
			const params = { settings: this.#settings, resumes: death !== null, mistrust: death?.disk ?? false };
			ready.then(
				() => child.send({ kind: 'call', id, method: 'start', params }),
				(error: Error) => {
					refusal = error;
					child.kill();
				}
			);
		});
	}

	#respawn(death: Death): void {
		this.#spawn(death).then(this.#onReset, () => undefined);
	}

	/** There is no process, or it could not open the store: for good at the first start, for a while later. */
	#refused({ message }: Error, death: Death | null): void {
		if (this.#closed) return;
		this.#overdue = false;
		this.#oneByOne = [];
		if (death === null) {
			this.#closed = true;
			this.#rejectAll(new Error(message));
			return;
		}
		this.#fault.set(message);
		this.#rejectAll(new DiskFailure(`${message} Whether what was being saved is there shows when it can be opened.`));
		this.#reopening = setTimeout(() => this.#respawn({ ...death, running: null, words: null }), REOPEN_AFTER);
	}

	#bootIn(message: Message, id: number): Answer | null {
		return message.kind === 'answers' ? (message.answers.find((answer) => answer.id === id) ?? null) : null;
	}

	#takeOver(boot: Boot, death: Death | null): void {
		if (death === null) return;
		for (const answer of boot.answers) this.#settle(answer);
		if (death.disk) this.#fault.reopened();
		const { running, words } = death;
		const culprit = running === null ? undefined : this.#calls.get(running.call);
		// Nothing of it is in the store, so it can be done again; one that ends every process is to blame after all.
		const isSuspect = words !== null || (culprit !== undefined && ++culprit.deaths >= MAX_DEATHS);
		if (running !== null && culprit !== undefined && isSuspect) {
			this.#calls.delete(running.call);
			culprit.reject(new EngineDied(words ?? KILLED, running.part));
		}
		for (const entry of this.#calls.values()) {
			if (!death.disk || ++entry.diskFailures < MAX_DISK_FAILURES) continue;
			this.#calls.delete(entry.message.id);
			entry.reject(new DiskFailure(DISK_FAILURE));
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
		if (message.kind === 'saved') return this.#fault.clear();
		if (message.kind === 'lost') {
			this.#fault.set(message.why);
			return this.#onReset(null);
		}
		if (message.kind !== 'answers') return;
		this.#received = Math.max(this.#received, message.batch);
		if (message.renewals.length > 0) this.onRenewed(message.renewals);
		for (const answer of message.answers) this.#settle(answer);
		if (this.#calls.size === 0) this.#unwatch();
	}

	#settle(answer: Answer): void {
		const entry = this.#calls.get(answer.id);
		this.#calls.delete(answer.id);
		if (answer.kind === 'reply') entry?.resolve(answer.value);
		else entry?.reject(new RemoteError(answer));
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
		if (this.#starting && ++this.#failedStarts >= MAX_FAILED_STARTS) {
			return this.#refused(new Error(`The engine process cannot be started (${description}).`), unsettled);
		}
		const death = this.#starting && unsettled !== null ? unsettled : this.#deathOf(description);
		this.#overdue = false;
		this.#oneByOne = [];
		this.#respawn(death);
	}

	#deathOf(description: string): Death {
		const noted = this.#starting ? null : readRunning(this.#settings.dataDir);
		// One at a time: only the first can have been under work.
		const first = this.#oneByOne[0];
		const alone = first === undefined ? null : { call: first.id, part: 0, since: 0 };
		const running = noted !== null && this.#calls.has(noted.call) ? noted : alone;
		return deathOf(description, running, this.#overdue, this.#limits.userTime);
	}

	#rejectAll(error: Error): void {
		for (const entry of this.#calls.values()) entry.reject(error);
		this.#calls.clear();
	}
}
