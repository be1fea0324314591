import type { Committed, SchemaStep } from './protocol.ts';

interface SchemaWork {
	step(): Promise<Committed<SchemaStep>>;
	abandon(change: string): Promise<void>;
	/** Hears what went wrong, as a sentence. */
	report(sentence: string): void;
	committed(notice: Committed<SchemaStep>['notice']): void;
}

/** How long after work that failed it is tried again (milliseconds). */
const RETRY_AFTER = 5_000;

/**
 * Has the engine process work at changes of the schema: one small step at a time, each asked for when the one before is
 * done, so that the functions that wait get their turn in between. A change that nobody asks for any more is abandoned.
 */
export class SchemaWorker {
	readonly #work: SchemaWork;
	/** Milliseconds without a question after which a change is abandoned. */
	readonly #patience: number;
	#running = false;
	#wanted = false;
	#closed = false;
	#moved = Promise.withResolvers<void>();
	#abandoning: NodeJS.Timeout | undefined;
	#retrying: NodeJS.Timeout | undefined;
	/** What was told last of a step that failed, so that a disk that stays full is told of once. */
	#told: string | null = null;

	constructor(work: SchemaWork, patience: number) {
		this.#work = work;
		this.#patience = patience;
	}

	/** There may be work: after a start, a submitted change or a push. */
	wake(): void {
		this.#wanted = true;
		if (!this.#running && !this.#closed) void this.#run();
	}

	/** Somebody waits for this change: it is not abandoned for a while. */
	asked(change: string): void {
		clearTimeout(this.#abandoning);
		this.#abandoning = setTimeout(() => {
			this.#work.abandon(change).catch((error: unknown) => this.#work.report(sentence(error)));
		}, this.#patience);
		this.#abandoning.unref();
	}

	/** Resolves after the next step, at the latest after the given time (milliseconds). */
	async moved(within: number): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, within)));
		await Promise.race([this.#moved.promise, late]);
		clearTimeout(timer);
	}

	close(): void {
		this.#closed = true;
		clearTimeout(this.#abandoning);
		clearTimeout(this.#retrying);
		this.#moved.resolve();
	}

	async #run(): Promise<void> {
		this.#running = true;
		try {
			while (this.#wanted && !this.#closed) {
				this.#wanted = false;
				const { value, notice } = await this.#work.step();
				this.#told = null;
				this.#work.committed(notice);
				if (value.more) this.#wanted = true;
				if (value.change !== null && this.#abandoning === undefined) this.asked(value.change);
				this.#moved.resolve();
				this.#moved = Promise.withResolvers();
			}
		} catch (error) {
			if (this.#closed) return;
			// Nothing is lost: the step was rolled back.
			const words = sentence(error);
			if (words !== this.#told) this.#work.report(words);
			this.#told = words;
			clearTimeout(this.#retrying);
			this.#retrying = setTimeout(() => this.wake(), RETRY_AFTER);
			this.#retrying.unref();
		} finally {
			this.#running = false;
		}
	}
}

function sentence(error: unknown): string {
	return `A change of the schema could not be worked at: ${error instanceof Error ? error.message : String(error)}`;
}
