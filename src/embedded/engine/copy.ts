import { backup, DatabaseSync } from 'node:sqlite';
import type { Removals } from '../files/removals.ts';
import type { Database } from '../store/database.ts';

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

	/** From a connection that stays at one commit: the copy would begin again whenever another one writes. */
	async #copy(path: string): Promise<void> {
		const snapshot = new DatabaseSync(this.#database.path, { readOnly: true });
		try {
			snapshot.exec('BEGIN; SELECT value FROM meta');
			await backup(snapshot, path);
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
