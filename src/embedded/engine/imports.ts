import type { Files } from '../files/files.ts';
import { storageFields } from '../files/files.ts';
import type { Removals } from '../files/removals.ts';
import type { ImportMode, StagedTable, WantedTable } from '../store/staging.ts';
import { Staging } from '../store/staging.ts';
import type { SqliteStore } from '../store/store.ts';
import { saveImported } from './deployment.ts';
import type { Executor } from './executor.ts';
import type { Committed } from './protocol.ts';
import type { RestoredFile, StoredFile } from './types.ts';

const PURGE_BATCH = 2_000;
const APPEND_BATCH = 500;

/** Imports as the engine sees them: hidden tables that are filled, then put in force. */
export class Imports {
	readonly #store: SqliteStore;
	readonly #executor: Executor;
	readonly #files: Files;
	readonly #removals: Removals;
	readonly #staging: Staging;
	/** Files of the `_storage` tables that are being filled, by tablet. */
	readonly #stored = new Map<number, StoredFile[]>();

	constructor(store: SqliteStore, executor: Executor, files: Files, removals: Removals) {
		this.#store = store;
		this.#executor = executor;
		this.#files = files;
		this.#removals = removals;
		this.#staging = new Staging(store);
	}

	/** How many documents each table has, stored files included. */
	counts(): { readonly component: string; readonly name: string; readonly count: number }[] {
		return this.#store.catalog.active().map((entry) => {
			const { component, name } = entry;
			return { component, name, count: this.#store.count(entry) };
		});
	}

	begin(mode: ImportMode, tables: readonly WantedTable[]): readonly StagedTable[] {
		return this.#executor.write((tx) => this.#staging.begin(tx, mode, tables)).value;
	}

	rows(tablet: number, rows: readonly string[]): null {
		this.#executor.write((tx) => this.#staging.insert(tx, tablet, rows));
		return null;
	}

	/** Bytes that are on disk. */
	files(tablet: number, files: readonly RestoredFile[]): null {
		this.#executor.write((tx) => {
			const documents = files.map(({ file, creationTime }) =>
				JSON.stringify({
					...storageFields(file),
					...(creationTime === null ? {} : { _creationTime: creationTime }),
					_id: file.storageId
				})
			);
			this.#staging.insert(tx, tablet, documents);
		});
		const stored = files.map(({ file }) => file);
		for (const { name } of stored) this.#removals.kept.add(name);
		this.#stored.set(tablet, [...(this.#stored.get(tablet) ?? []), ...stored]);
		return null;
	}

	/** Adds some rows to the tables that they are appended to. Returns how many; 0 after the last. */
	append(staged: readonly StagedTable[]): Committed<number> {
		return this.#executor.write((tx) => this.#staging.append(tx, staged, APPEND_BATCH));
	}

	/** Puts the tables in force. Says whether there are components that were not known. */
	publish(mode: ImportMode, staged: readonly StagedTable[]): Committed<boolean> {
		const replaced: string[] = [];
		const { value: added, notice } = this.#executor.write((tx) => {
			this.#staging.publish(tx, mode, staged);
			for (const { component, name, tablet } of staged) {
				if (name !== '_storage') continue;
				if (mode !== 'append') replaced.push(...this.#files.removeRows(tx, component));
				for (const file of this.#stored.get(tablet) ?? []) this.#files.addRow(tx, component, file, Date.now());
			}
			return saveImported(tx.exclusive(), new Set(staged.map(({ component }) => component)));
		});
		this.end(staged);
		this.#removals.add(replaced);
		this.#executor.forgetSubscriptions();
		return { value: added, notice: notice === null ? null : { ...notice, invalidated: [], everything: true } };
	}

	/** The import has ended, well or not. What is hidden now is removed little by little. */
	end(staged: readonly StagedTable[]): null {
		this.#staging.end(staged);
		for (const { tablet } of staged) {
			for (const { name } of this.#stored.get(tablet) ?? []) this.#removals.kept.delete(name);
			this.#stored.delete(tablet);
		}
		return null;
	}

	/** Removes some rows that nobody sees any more; 0 when there are none. */
	purge(): Committed<number> {
		return this.#executor.write((tx) => this.#staging.purge(tx, PURGE_BATCH));
	}
}
