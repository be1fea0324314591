import { batchOf } from './batch.ts';
import type { Batch } from './batch.ts';
import type { StoreError } from './errors.ts';
import { Layer } from './layer.ts';
import type { Statement } from './statement.ts';

/** What became of the batch that a committer was given. */
export interface BatchEnd {
	/** Null when the batch is durable; otherwise nothing of it is in the file. */
	readonly error: StoreError | null;
}

/** Writes batches to the file, one at a time. */
export interface Committer {
	/** Begins to write a batch. Only when the end of the last one has been taken. */
	begin(batch: Batch): void;
	/** The end of the batch under work, or null while there is none. Each is given once. */
	poll(): BatchEnd | null;
	/** As `poll`, and waits for it. */
	wait(): BatchEnd;
	/** Called in a turn of its own after a batch has ended. */
	onEnd: () => void;
	close(): void;
}

/** Hears of the end of commits before anybody else. */
export interface Keeper {
	/** Every commit up to this timestamp is durable. */
	durable(ts: bigint): void;
	/** A batch failed: it and what was queued behind it are gone. */
	lost(): void;
	/** A batch failed, and nobody can tell whether it is in the file: whoever has it open must not go on. */
	uncertain(error: StoreError): void;
}

/** Commits that go the same way together. */
interface Group {
	readonly layer: Layer;
	/** Of the newest; null when there is none. */
	ts: bigint | null;
	/** Count of commits up to and with the newest. */
	position: number;
}

interface Waiting {
	readonly position: number;
	readonly action: () => void;
}

/**
 * Commits on their way into the file. Functions go on with what was committed while a committer writes it; whoever
 * answers to the outside waits until everything that he saw is durable.
 *
 *              push             flush, committer free          batch written
 *   executed ────────▶ queued ───────────────────────▶ writing ─────────────▶ durable
 *                         │                               │
 *                         │   a batch failed: it and all  │
 *                         └────── that was queued ────────┼──▶ lost   (the file is as before the batch)
 *                                                         │
 *                                a sync or the thread failed └──▶ uncertain   (the file has to be opened anew)
 *
 * Every commit that is queued when the committer becomes free goes into its next batch: one transaction of SQLite and one
 * fsync for all of them.
 */
export class Pipeline {
	/** Statements to be run with the next batch. */
	beforeBatch: () => readonly Statement[] = () => [];
	readonly #committer: Committer;
	#queued: Group = { layer: new Layer(), ts: null, position: 0 };
	#writing: Group = { layer: new Layer(), ts: null, position: 0 };
	#pending: readonly Layer[] = [this.#queued.layer, this.#writing.layer];
	#waiting: Waiting[] = [];
	#position = 0;
	#durable = 0;
	#losses = 0;
	#lossError: StoreError | null = null;
	/** Called after commits became durable or were lost. */
	onSettled: () => void = () => undefined;
	readonly #keeper: Keeper;

	constructor(committer: Committer, keeper: Keeper) {
		this.#committer = committer;
		this.#keeper = keeper;
		committer.onEnd = () => this.settle();
	}

	/** What is queued, and what is being written: for readers, the newest first. */
	get pending(): readonly Layer[] {
		return this.#pending;
	}

	/** How many commits there were, those that were lost included. */
	get position(): number {
		return this.#position;
	}

	/** Up to which position all commits are durable. */
	get durable(): number {
		return this.#durable;
	}

	/** How often commits were lost: a transaction that saw one of them must not commit. */
	get losses(): number {
		return this.#losses;
	}

	/** Why commits were lost the last time. */
	get lossError(): StoreError | null {
		return this.#lossError;
	}

	/** Adds a commit. It is written once `flush` is called. */
	push(layer: Layer, ts: bigint): void {
		this.#queued.layer.absorb(layer);
		this.#queued.ts = ts;
		this.#queued.position = ++this.#position;
	}

	/** Hands what is queued to the committer, unless that is at work: then it follows in the next batch. */
	flush(): void {
		this.settle();
		const { layer, ts } = this.#queued;
		if (ts === null || this.#writing.ts !== null) return;
		[this.#queued, this.#writing] = [this.#writing, this.#queued];
		this.#pending = [this.#queued.layer, layer];
		this.#committer.begin(batchOf(layer, ts, this.beforeBatch()));
		this.settle();
	}

	/** Takes note of what the committer has ended. */
	settle(): void {
		if (this.#writing.ts === null) return;
		const end = this.#committer.poll();
		if (end !== null) this.#ended(end);
	}

	/** Returns when nothing is on its way any more. Returns the error of a batch that failed meanwhile, or null. */
	drain(): StoreError | null {
		const before = this.#losses;
		this.flush();
		while (this.#writing.ts !== null) this.#ended(this.#committer.wait());
		return this.#losses > before ? this.#lossError : null;
	}

	/** Calls back once everything committed so far is durable, at once when it is already; never when it is lost. */
	whenDurable(action: () => void): void {
		if (this.#durable >= this.#position) action();
		else this.#waiting.push({ position: this.#position, action });
	}

	#ended({ error }: BatchEnd): void {
		const { ts, position } = this.#writing;
		if (error === null) {
			empty(this.#writing);
			this.#durable = position;
			if (ts !== null) this.#keeper.durable(ts);
			this.#callWaiting();
			this.flush();
		} else {
			if (error.kind === 'uncertain') this.#keeper.uncertain(error);
			this.#losses++;
			this.#lossError = error;
			for (const group of [this.#writing, this.#queued]) {
				group.layer.abandon();
				empty(group);
			}
			this.#durable = this.#position;
			this.#waiting = [];
			this.#keeper.lost();
		}
		this.onSettled();
	}

	#callWaiting(): void {
		const ready = this.#waiting.findIndex(({ position }) => position > this.#durable);
		const now = this.#waiting.splice(0, ready === -1 ? this.#waiting.length : ready);
		for (const { action } of now) action();
	}
}

function empty(group: Group): void {
	group.layer.clear();
	group.ts = null;
}
