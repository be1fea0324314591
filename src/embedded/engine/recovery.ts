import type { Pipeline } from '../store/pipeline.ts';

const INTERVAL = 1_000;

export interface RecoveryWork {
	/** Commits nothing. Throws when that cannot be done. */
	attempt(): void;
	/** Called once changes can be saved again. */
	recovered(): void;
}

/** After changes were lost, as on a full disk: tries until one can be saved, so that somebody hears of it. */
export class Recovery {
	readonly #pipeline: Pick<Pipeline, 'durable'>;
	readonly #work: RecoveryWork;
	#timer: NodeJS.Timeout | null = null;
	#durable = 0;

	constructor(pipeline: Pick<Pipeline, 'durable'>, work: RecoveryWork) {
		this.#pipeline = pipeline;
		this.#work = work;
	}

	/** Changes were lost. */
	begin(): void {
		this.#durable = this.#pipeline.durable;
		if (this.#timer !== null) return;
		this.#timer = setTimeout(() => {
			this.#timer = null;
			if (this.#works()) this.#work.recovered();
			else this.begin();
		}, INTERVAL);
		this.#timer.unref();
	}

	#works(): boolean {
		if (this.#pipeline.durable > this.#durable) return true;
		try {
			this.#work.attempt();
			return true;
		} catch {
			// The disk is still full, or a function is running: then its commit will tell.
			return false;
		}
	}
}
