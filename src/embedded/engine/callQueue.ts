import type { Pipeline } from '../store/pipeline.ts';
import type { SavedAnswers } from './answers.ts';
import { answerTo, isMessage, refusal } from './rpc.ts';
import type { Renewal } from './protocol.ts';
import type { CallMessage, Handlers, MadeAnswer, Methods, Send } from './rpc.ts';
import type { RunningNote } from './running.ts';

/** What the queue works with, once the store is open. */
export interface CallQueueParts {
	readonly pipeline: Pipeline;
	readonly answers: SavedAnswers;
	readonly running: RunningNote;
	/** Called after commits were lost, before anything else runs. */
	readonly onLost: () => void;
	/** Asked after a call that wrote, when no other waits: what runs again what it touched, until one does. */
	readonly renewal: (callsWait: () => boolean) => (() => Promise<readonly Renewal[]>) | null;
}

/** An executed call whose answer waits until all that it saw is durable. */
interface Held {
	readonly message: CallMessage;
	readonly answer: MadeAnswer;
	/** How many commits there were when it ended. */
	readonly position: number;
	readonly wrote: boolean;
	/** Queries that it touched and that have been run again; null while they are. */
	renewals: readonly Renewal[] | null;
}

/** How long calls may follow one another before messages are received and sent (milliseconds). */
const TURN = 2;
/** How often a process that has nothing to do says that it is awake. */
const AWAKE = 1_000;

/**
 * The calls of the engine process. It executes them one after the other, in the order in which they came, and goes on
 * while their writes are on the way to the disk; it answers in the same order.
 *
 *   waiting ──▶ executing ──▶ held ──all it saw is durable──▶ answered
 *      ▲            │           │
 *      │            │           │  commits that it saw were lost
 *      └────────────┴───────────┤
 *        it wrote nothing       └──it wrote──▶ refused
 *
 * A call commits at most once, as the last thing that it does: its answer goes into the file with that commit. While the
 * disk takes it and nothing else waits, subscriptions that it touched are run again, and go out together with the answer.
 */
export class CallQueue<M extends Methods> {
	readonly #handlers: Handlers<M>;
	readonly #send: Send;
	#parts: CallQueueParts | null = null;
	#waiting: CallMessage[] = [];
	#held: Held[] = [];
	#outgoing: MadeAnswer[] = [];
	#renewals: Renewal[] = [];
	#losses = 0;
	#busy = false;

	constructor(handlers: Handlers<M>, send: Send) {
		this.#handlers = handlers;
		this.#send = send;
	}

	/** From now on calls are answered only when they are durable. */
	use(parts: CallQueueParts): void {
		this.#parts = parts;
		this.#losses = parts.pipeline.losses;
		parts.pipeline.onSettled = () => this.#settled();
		setInterval(() => {
			if (!this.#busy) parts.running.write(0);
		}, AWAKE).unref();
	}

	/** Whether calls are under work, or wait for it. */
	get isBusy(): boolean {
		return this.#busy;
	}

	/** Takes what the front sent. */
	receive(message: unknown): void {
		if (!isMessage(message)) return;
		if (message.kind === 'calls') {
			this.#parts?.answers.received(message.received);
			this.#waiting.push(...message.calls);
		} else if (message.kind === 'call') {
			this.#waiting.push(message);
		} else {
			return;
		}
		if (!this.#busy) void this.#work();
	}

	async #work(): Promise<void> {
		this.#busy = true;
		let turn = performance.now();
		for (let at = 0; at < this.#waiting.length; at++) {
			const message = this.#waiting[at];
			if (message !== undefined) await this.#execute(message, at + 1);
			const ended = performance.now() - turn > TURN;
			if (!ended && at + 1 < this.#waiting.length) continue;
			this.#waiting.splice(0, at + 1);
			at = -1;
			this.#answer();
			if (!ended) continue;
			await new Promise((resolve) => setImmediate(resolve));
			turn = performance.now();
		}
		this.#parts?.running.write(0);
		this.#busy = false;
	}

	/** `done`: how many of the calls that wait have been executed with this one. */
	async #execute(message: CallMessage, done: number): Promise<void> {
		const parts = this.#parts;
		if (parts === null) {
			this.#outgoing.push(await answerTo(this.#handlers, message));
			return;
		}
		const { pipeline, answers, running } = parts;
		const before = { position: pipeline.position, losses: pipeline.losses };
		running.write(message.id);
		let answer = await answerTo(this.#handlers, message);
		// It may have seen what was lost meanwhile, and it has changed nothing.
		while (pipeline.losses > before.losses && pipeline.position === before.position) {
			before.losses = pipeline.losses;
			answer = await answerTo(this.#handlers, message);
		}
		const wrote = pipeline.position > before.position;
		if (wrote) answers.add(answer);
		const callsWait = (): boolean => this.#waiting.length > done;
		const renew = wrote && !callsWait() ? parts.renewal(callsWait) : null;
		const held: Held = { message, answer, position: pipeline.position, wrote, renewals: renew === null ? [] : null };
		this.#held.push(held);
		pipeline.flush();
		if (renew !== null) {
			// Whatever the queries do, the call has been executed.
			running.write(0);
			held.renewals = await renew();
			pipeline.flush();
		}
		this.#release();
	}

	#settled(): void {
		const { pipeline, answers, onLost } = this.#parts ?? {};
		if (pipeline === undefined) return;
		if (pipeline.losses > this.#losses) {
			this.#losses = pipeline.losses;
			answers?.lost();
			onLost?.();
			this.#lose(pipeline.lossError);
		}
		this.#release();
		this.#answer();
	}

	/** Everything that is held saw a commit that does not exist now. */
	#lose(error: Error | null): void {
		const lost = this.#held;
		this.#held = [];
		for (const { message, wrote } of lost) if (wrote) this.#outgoing.push(refusal(message, error));
		this.#answer();
		this.#send({ kind: 'lost', why: error?.message ?? '' });
		const again = lost.filter(({ wrote }) => !wrote).map(({ message }) => message);
		// Behind what waits: nobody has been told of an order between them.
		this.#waiting.push(...again);
		if (!this.#busy && again.length > 0) void this.#work();
	}

	#release(): void {
		const durable = this.#parts?.pipeline.durable ?? 0;
		let count = 0;
		for (const { position, renewals } of this.#held) {
			if (position > durable || renewals === null) break;
			count++;
		}
		for (const { answer, renewals } of this.#held.splice(0, count)) {
			this.#outgoing.push(answer);
			this.#renewals.push(...(renewals ?? []));
		}
	}

	#answer(): void {
		// An answer may be durable and held still.
		const held = this.#held[0]?.position ?? Infinity;
		const batch = this.#parts?.answers.sendable(Math.min(this.#parts.pipeline.durable, held - 1)) ?? 0;
		if (this.#outgoing.length === 0 && batch === 0) return;
		this.#send({ kind: 'answers', answers: this.#outgoing, batch, renewals: this.#renewals });
		this.#outgoing = [];
		this.#renewals = [];
	}
}
