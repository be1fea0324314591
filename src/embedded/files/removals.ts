import { rmSync } from 'node:fs';
import type { Database } from '../store/database.ts';
import { filePath, sweepFiles } from './disk.ts';
import type { Files } from './files.ts';

/** How long bytes outlive their row (milliseconds): many removals share one sync of the log. */
const DELAY = 2_000;

/**
 * Removes bytes whose row has gone, once that cannot come back: a commit may be lost with the power until the log has
 * been copied into the data file. While something reads the files of a snapshot, nothing is removed.
 */
export class Removals {
	readonly #dataDir: string;
	readonly #database: Database;
	readonly #files: Files;
	/** Names that no row holds yet, and that are to stay. */
	readonly kept = new Set<string>();
	readonly #names = new Set<string>();
	#timer: NodeJS.Timeout | null = null;
	#holds = 0;

	constructor(dataDir: string, database: Database, files: Files) {
		this.#dataDir = dataDir;
		this.#database = database;
		this.#files = files;
	}

	/** After a commit that removed these files' rows. */
	add(names: readonly string[]): void {
		for (const name of names) this.#names.add(name);
		this.#arm();
	}

	/** Until the same number of `release`, every file stays. */
	hold(): void {
		this.#holds++;
	}

	release(): void {
		this.#holds--;
		this.#arm();
	}

	/** Removes what no row holds and no upload can still be writing, unless somebody may still want it. */
	sweep(): void {
		const known = this.#holds === 0 ? this.#settledNames() : null;
		if (known !== null) sweepFiles(this.#dataDir, new Set([...known, ...this.kept]));
	}

	#arm(): void {
		if (this.#names.size === 0 || this.#timer !== null) return;
		this.#timer = setTimeout(() => {
			this.#timer = null;
			if (this.#holds > 0) return;
			if (this.#database.connection.isTransaction) this.#arm();
			else this.#remove();
		}, DELAY).unref();
	}

	#remove(): void {
		const known = this.#settledNames();
		if (known === null) {
			this.#arm();
			return;
		}
		// A row may have come back by a restore meanwhile.
		for (const name of this.#names) if (!known.has(name)) rmSync(filePath(this.#dataDir, { name }), { force: true });
		this.#names.clear();
	}

	/**
	 * The names that rows hold, once all of the log is in the data file. Null when it is not: the disk is full, or somebody
	 * reads an older commit, such as a backup, and with it the files that it names.
	 */
	#settledNames(): Set<string> | null {
		try {
			const known = this.#files.names();
			const [, frames, copied] = this.#database.row('PRAGMA wal_checkpoint(PASSIVE)') ?? [];
			return frames === copied ? known : null;
		} catch {
			return null;
		}
	}
}
