import type { Removals } from '../files/removals.ts';
import type { Database } from '../store/database.ts';
import { Snapshot } from '../store/snapshot.ts';

const INTERRUPTED = 'The engine was restarted while it copied the data. Try again.';

/** A copy of the data file as of one commit, made while functions go on. Files that it names stay until it is released. */
export class DataCopy {
	readonly #database: Database;
	readonly #removals: Removals;
	#state: string = INTERRUPTED;
	#held = false;

	constructor(database: Database, removals: Removals) {
		this.#database = database;
		this.#removals = removals;
	}

	start(path: string): null {
		this.release();
		this.#removals.hold();
		this.#held = true;
		this.#state = 'running';
		this.#copy(path).then(
			() => (this.#state = 'done'),
			(error: unknown) => (this.#state = `The data could not be copied: ${String(error)}`)
		);
		return null;
	}

	async #copy(path: string): Promise<void> {
		const snapshot = Snapshot.open(this.#database.path);
		try {
			await snapshot.copyTo(path);
		} finally {
			snapshot.close();
		}
	}

	/** `running`, `done`, or what went wrong. */
	get state(): string {
		return this.#state;
	}

	release(): null {
		if (this.#held) this.#removals.release();
		this.#held = false;
		return null;
	}
}
