import type { Worker } from 'node:worker_threads';
import type { LogBuffer } from '../engine/console.ts';
import type { FrontMethods } from '../engine/protocol.ts';
import { answer, isMessage, Outbox } from '../engine/rpc.ts';
import type { Handlers } from '../engine/rpc.ts';
import { timedOut } from '../engine/userClock.ts';
import { memoryBounds, outOfMemory } from './memory.ts';
import type { RelayedMethods, RuntimeKind, ThreadHostMethods, ThreadMethods, ThreadStart } from './thread/protocol.ts';
import { startThread } from './threadProgram.ts';
import { Watch } from './watch.ts';

/** The action is over, and its thread with it. The message is for the caller. */
export class ThreadEnded extends Error {
	override readonly name = 'ThreadEnded';
}

/** One action on a thread. */
export interface Task {
	readonly callId: number;
	readonly logs: LogBuffer;
	/** Milliseconds, as `performance.now()` counts them. */
	readonly started: number;
	/** How long it may take (milliseconds). */
	readonly wallClock: number;
	/** The head of an HTTP action's answer has been sent. */
	hasAnswered: boolean;
}

/** V8 ends the whole process when an allocation goes beyond this: far above what `Watch` lets an action have. */
const MOST_HEAP_MEGABYTES = 4_096;

/** How long a thread may take to end once it is told to (milliseconds). */
const TERMINATION = 1_000;

/** What a thread is made with. */
export interface ThreadOptions {
	readonly start: ThreadStart;
	readonly environment: ReadonlyMap<string, string>;
	readonly front: Outbox<FrontMethods>;
	/** The thread was told to end and does not, because native code holds it. */
	readonly onStuck: () => void;
}

/**
 * A thread that runs one action at a time, as the actions process sees it.
 *
 *     starting -> idle -> running -> idle      the action has ended and left nothing
 *                  |         |
 *                  +-> over <+                 told to end, or by itself: exit, an error, no memory
 */
export class Thread {
	readonly runtime: RuntimeKind;
	/** Resolves with null when the thread can run actions, else with why it cannot. */
	readonly started: Promise<ThreadEnded | null>;
	readonly #options: ThreadOptions;
	readonly #worker: Worker;
	readonly #outbox: Outbox<ThreadMethods>;
	#task: Task | null = null;
	#isOver = false;

	constructor(options: ThreadOptions) {
		const { start, environment } = options;
		this.runtime = start.runtime;
		this.#options = options;
		this.#worker = startThread({
			env: { TZ: 'UTC', ...Object.fromEntries(environment) },
			resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MEGABYTES }
		});
		const handlers = this.#handlers();
		const send = (message: unknown): void => this.#worker.postMessage(message);
		this.#outbox = new Outbox<ThreadMethods>(send);
		this.#worker.on('message', (message: unknown) => {
			if (!isMessage(message) || this.#outbox.receive(message)) return;
			if (message.kind === 'call') void answer(handlers, message, send);
		});
		this.#worker.on('error', (error: Error) => {
			const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
			this.#over(isMemory ? outOfMemory(this.#bounds) : `The thread that ran the action ended (${error.message}).`);
		});
		this.#worker.on('exit', (code) => this.#over(`The action ended the process that ran it (exit code ${code}).`));
		this.started = this.#outbox.call('start', start).then(
			() => null,
			(error: unknown) => {
				this.end(String(error));
				return new ThreadEnded(`The action was not started: ${error instanceof Error ? error.message : String(error)}`);
			}
		);
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** Runs one action. Rejects with a ThreadEnded when the thread ends before the action does. */
	async run<K extends 'action' | 'httpAction'>(
		method: K,
		params: Parameters<ThreadMethods[K]>[0],
		task: Task
	): Promise<ReturnType<ThreadMethods[K]>> {
		this.#task = task;
		const end = (words: string): void => this.end(words);
		const limit = setTimeout(() => end(timedOut(task.wallClock)), task.wallClock);
		const ping = (): Promise<null> => this.#outbox.call('ping', null);
		const { limits } = this.#options.start;
		const watch = new Watch({ worker: this.#worker, bounds: this.#bounds, limits, ping, end });
		try {
			return await this.#outbox.call(method, params);
		} finally {
			clearTimeout(limit);
			watch.stop();
			this.#task = null;
		}
	}

	/** The client of the HTTP action under work has gone away. */
	abandon(callId: number): void {
		if (this.#task?.callId === callId) void this.#outbox.call('abandon', null).catch(() => undefined);
	}

	/** Ends the thread, and with these words the action on it. */
	end(words: string): void {
		if (this.#isOver) return;
		this.#over(words);
		const stuck = setTimeout(this.#options.onStuck, TERMINATION);
		void this.#worker.terminate().finally(() => clearTimeout(stuck));
	}

	get #bounds() {
		return memoryBounds(this.runtime, this.#options.start.limits);
	}

	#over(words: string): void {
		this.#isOver = true;
		this.#outbox.rejectAll(new ThreadEnded(words));
	}

	/** What the action asks for: nothing once it is over, whatever it left running. */
	#handlers(): Handlers<ThreadHostMethods> {
		const { front } = this.#options;
		const check = (callId: number): Task => {
			if (this.#task?.callId !== callId) throw new Error('The action has ended. Await every promise before returning.');
			return this.#task;
		};
		const relay =
			<K extends keyof RelayedMethods>(method: K) =>
			(params: Parameters<RelayedMethods[K]>[0]): Promise<ReturnType<RelayedMethods[K]>> => {
				check(params.callId);
				return front.call(method, params);
			};
		return {
			syscall: relay('syscall'),
			storeFile: relay('storeFile'),
			findFile: relay('findFile'),
			requestPart: relay('requestPart'),
			respond: (params) => {
				const task = check(params.callId);
				task.hasAnswered = true;
				return front.call('respond', params);
			},
			responsePart: relay('responsePart'),
			say({ callId, level, sentence }) {
				check(callId).logs.say(level, sentence);
				return null;
			},
			log({ callId, level, messages }) {
				check(callId).logs.add(level, () => messages);
				return null;
			}
		};
	}
}
