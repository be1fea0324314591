/**
 * Tables that an import fills out of sight, and the swap that puts them in force.
 *
 *     (nothing) ──begin──▶ hidden, filling ──publish──▶ active; what it replaces: hidden, emptying ──▶ gone
 *                                └─abort, or the engine ends─▶ hidden, emptying ──▶ gone
 *
 * Rows that are appended to a table that is there cannot be swapped in: they are added to it little by little, once all of
 * them are found to fit, so that a sudden death may leave the first of them. At Convex, too, an append is not atomic.
 */
import { DeveloperError } from '../values/errors.ts';
import { decodeId, encodeId } from '../values/ids.ts';
import { compileValidator } from '../values/validate.ts';
import type { Validator } from '../values/validate.ts';
import { isConvexObject, parseValue } from '../values/value.ts';
import type { TableEntry } from './tableEntry.ts';
import type { SqliteStore } from './store.ts';
import type { StoreTransaction } from './transaction.ts';
import type { RestoredDocument } from './writer.ts';

export type ImportMode = 'append' | 'replace' | 'replaceAll' | 'requireEmpty';

export interface TableAddress {
	readonly component: string;
	readonly name: string;
}

export interface WantedTable extends TableAddress {
	/** What the ids of its documents say; null when they have none. */
	readonly number: number | null;
}

export interface StagedTable extends TableAddress {
	readonly tablet: number;
}

const INTERRUPTED = 'The import was interrupted by a restart, and nothing was imported. Start it again.';

const FIRST = new Uint8Array(0);
const PAGE = 256;

export class Staging {
	readonly #store: SqliteStore;
	readonly #validators = new Map<number, Validator | null>();
	/** Tables whose rows are appended to active ones, by tablet, and how far that has come: null at the end. */
	readonly #appending = new Map<number, { readonly to: TableAddress; after: Uint8Array | null }>();
	#schemas = '';

	constructor(store: SqliteStore) {
		this.#store = store;
	}

	/** Creates a hidden table for each wanted one. Throws a DeveloperError when their numbers cannot be. */
	begin(tx: StoreTransaction, mode: ImportMode, wanted: readonly WantedTable[]): StagedTable[] {
		const { catalog, database } = this.#store;
		tx.exclusive();
		this.#schemas = this.#schemaText();
		const all = [...wanted, ...(mode === 'replaceAll' ? this.#declared(wanted) : [])];
		const numbers = this.#assign(mode, all);
		const staged = all.map(({ component, name }, at) => {
			const existing = this.#active({ component, name });
			const unused = catalog.unused(component, name.startsWith('_'));
			const number = numbers[at] ?? unused.number;
			const { tablet } = unused;
			database.run(
				"INSERT INTO tables (num, component, name, state, number) VALUES (?, ?, ?, 'hidden', ?)",
				tablet,
				component,
				`hidden/${tablet}/${name}`,
				number
			);
			if (existing !== null) {
				database.run(
					// Of an empty table every index is full.
					`INSERT INTO indexes (tbl, name, fields, state, staged)
					SELECT ?, name, fields, iif(state = 'enabled', 'enabled', 'ready'), staged
					FROM indexes WHERE tbl = ? AND state <> 'dropping' AND name <> 'by_creation_time'`,
					tablet,
					existing.tablet
				);
			}
			catalog.load();
			return { component, name, tablet };
		});
		for (const table of staged) {
			this.#validators.set(table.tablet, this.#validator(mode, table, staged));
			const isAppended = mode === 'append' && !table.name.startsWith('_') && this.#active(table) !== null;
			if (isAppended) this.#appending.set(table.tablet, { to: table, after: FIRST });
		}
		return staged;
	}

	/** Adds rows (Convex JSON text). Throws a DeveloperError in Convex's words; nothing of these rows is then kept. */
	insert(tx: StoreTransaction, tablet: number, rows: readonly string[]): void {
		const table = this.#table(tablet);
		table.validator = this.#validators.get(tablet) ?? null;
		const to = this.#appending.get(tablet)?.to;
		for (const json of rows) {
			const row = restored(table, json);
			const id = row.internal === null ? null : encodeId(table.number, row.internal);
			if (to !== undefined && id !== null && tx.get(to.component, id) !== null) {
				throw new DeveloperError('InvalidId', `Table "${to.name}" has more than one document with the _id ${id}.`);
			}
			tx.restore(table, row);
		}
	}

	/** Adds some rows to the tables that they are appended to, at most so many. Returns how many; 0 after the last. */
	append(tx: StoreTransaction, staged: readonly StagedTable[], limit: number): number {
		this.#requireSchema();
		tx.exclusive();
		for (const { tablet } of staged) {
			const progress = this.#appending.get(tablet);
			const active = progress === undefined ? null : this.#active(progress.to);
			if (progress === undefined || progress.after === null || active === null) continue;
			const { count, last } = this.#move(tx, this.#table(tablet), active, progress.after, limit);
			progress.after = last;
			if (count > 0) return count;
		}
		return 0;
	}

	/** Puts the tables in force. Returns the components whose stored files are replaced. */
	publish(tx: StoreTransaction, mode: ImportMode, staged: readonly StagedTable[]): void {
		const { catalog, database } = this.#store;
		this.#requireSchema();
		tx.exclusive();
		const filled = staged.map((table) => ({ table, entry: this.#table(table.tablet), active: this.#active(table) }));
		if (mode === 'replaceAll') {
			const kept = new Set(staged.map(({ component, name }) => `${component}\0${name}`));
			for (const entry of catalog.active()) {
				if (!entry.name.startsWith('_') && !kept.has(`${entry.component}\0${entry.name}`)) this.#hide(entry);
			}
		}
		for (const { table, entry, active } of filled) {
			if (mode === 'append' && active !== null) {
				const after = this.#appending.get(table.tablet)?.after;
				if (after !== null) this.#move(tx, entry, active, after ?? FIRST, Infinity);
				continue;
			}
			if (active !== null) this.#hide(active);
			database.run("UPDATE tables SET state = 'active', name = ? WHERE num = ?", table.name, table.tablet);
		}
		catalog.load();
		this.#store.changingSchema(tx).tablesReplaced();
	}

	/** Forgets the tables of an import that has ended; the hidden ones among them are emptied by `purge`. */
	end(staged: readonly StagedTable[]): void {
		for (const { tablet } of staged) {
			this.#validators.delete(tablet);
			this.#appending.delete(tablet);
		}
	}

	/** Removes rows of hidden tables that nobody fills, at most so many. Returns how many; 0 when there are none. */
	purge(tx: StoreTransaction, limit: number): number {
		const { catalog, database } = this.#store;
		const hidden = database
			.rows("SELECT num FROM tables WHERE state = 'hidden'")
			.map(([tablet]) => Number(tablet))
			.find((tablet) => !this.#validators.has(tablet));
		if (hidden === undefined) return 0;
		tx.exclusive();
		for (const [index] of database.rows('SELECT id FROM indexes WHERE tbl = ?', hidden)) {
			const deleted = database
				.prepare('DELETE FROM idx WHERE ix = ?1 AND k IN (SELECT k FROM idx WHERE ix = ?1 LIMIT ?2)')
				.run(index ?? null, limit).changes;
			if (deleted > 0) return Number(deleted);
		}
		const deleted = database
			.prepare('DELETE FROM docs WHERE tbl = ?1 AND id IN (SELECT id FROM docs WHERE tbl = ?1 LIMIT ?2)')
			.run(hidden, limit).changes;
		if (deleted > 0) return Number(deleted);
		database.run('DELETE FROM indexes WHERE tbl = ?', hidden);
		database.run('DELETE FROM tables WHERE num = ?', hidden);
		catalog.load();
		return 1;
	}

	#active({ component, name }: TableAddress): TableEntry | null {
		return this.#store.catalog.active().find((entry) => entry.component === component && entry.name === name) ?? null;
	}

	#table(tablet: number): TableEntry {
		const entry = this.#store.catalog.byTablet(tablet);
		if (entry === null || !this.#validators.has(tablet)) throw new DeveloperError('TableNotFound', INTERRUPTED);
		return entry;
	}

	/** Tables of the schemas that are not imported: they become empty. */
	#declared(wanted: readonly WantedTable[]): WantedTable[] {
		const names = new Set(wanted.map(({ component, name }) => `${component}\0${name}`));
		return this.#store.catalog.active().flatMap(({ component, name }) => {
			const isDeclared = this.#store.catalog.schema(component)?.tables.some((table) => table.name === name) ?? false;
			return isDeclared && !names.has(`${component}\0${name}`) ? [{ component, name, number: null }] : [];
		});
	}

	/** The number that each table will have; null for a fresh one. */
	#assign(mode: ImportMode, wanted: readonly WantedTable[]): (number | null)[] {
		const taken = new Map<string, string>();
		const take = ({ component, name }: TableAddress, number: number): void => {
			const other = taken.get(`${component}\0${number}`);
			if (other !== undefined && other !== name) {
				throw new DeveloperError('InvalidId', `conflict between \`${other}\` and \`${name}\` with number ${number}`);
			}
			taken.set(`${component}\0${number}`, name);
		};
		for (const table of wanted) if (table.number !== null) take(table, table.number);
		const numbers = wanted.map((table) => {
			const existing = this.#active(table);
			if (mode === 'append' && existing !== null) {
				if (table.number !== null && table.number !== existing.number) {
					throw new DeveloperError(
						'InvalidId',
						`table ${table.name} wants table number ${table.number} but was already assigned ${existing.number}`
					);
				}
				return existing.number;
			}
			if (table.number !== null || existing === null) return table.number;
			if (taken.has(`${table.component}\0${existing.number}`)) return null;
			take(table, existing.number);
			return existing.number;
		});
		const imported = new Set(wanted.map(({ component, name }) => `${component}\0${name}`));
		for (const entry of this.#store.catalog.active()) {
			if (imported.has(`${entry.component}\0${entry.name}`)) continue;
			if (mode === 'replaceAll' && !entry.name.startsWith('_')) continue;
			const other = taken.get(`${entry.component}\0${entry.number}`);
			if (other === undefined) continue;
			throw new DeveloperError(
				'InvalidId',
				`New table ${other} has IDs that conflict with existing table ${entry.name}. Import it into an empty deployment, or import ${entry.name} along with it.`
			);
		}
		return numbers;
	}

	/** The schema's validator of a table, with the tables as they will be. */
	#validator(mode: ImportMode, { component, name }: TableAddress, staged: readonly StagedTable[]): Validator | null {
		const { catalog } = this.#store;
		const schema = catalog.schema(component);
		const documentType = schema?.tables.find((table) => table.name === name)?.documentType ?? null;
		if (schema === null || !schema.schemaValidation || documentType === null) return null;
		const names = new Map<number, string>();
		for (const entry of catalog.active()) {
			if (entry.component !== component || (mode === 'replaceAll' && !entry.name.startsWith('_'))) continue;
			if (staged.some((table) => table.component === component && table.name === entry.name)) continue;
			names.set(entry.number, entry.name);
		}
		for (const table of staged) {
			const entry = catalog.byTablet(table.tablet);
			if (entry !== null && table.component === component) names.set(entry.number, table.name);
		}
		return compileValidator(documentType, (number) => names.get(number) ?? null);
	}

	#hide({ tablet, name }: TableEntry): void {
		const hidden = `hidden/${tablet}/${name}`;
		this.#store.database.run("UPDATE tables SET state = 'hidden', name = ? WHERE num = ?", hidden, tablet);
	}

	/** Adds rows after the given one to another table. Returns how many, and the last of them; null when it has no more. */
	#move(tx: StoreTransaction, from: TableEntry, to: TableEntry, after: Uint8Array, limit: number) {
		const page = 'SELECT id, json FROM docs WHERE tbl = ? AND id > ? ORDER BY id LIMIT ?';
		let last = after;
		for (let count = 0; ;) {
			const size = Math.min(PAGE, limit - count);
			const rows = this.#store.database.rows(page, from.tablet, last, size);
			for (const [id, json] of rows) {
				tx.restore(to, restored(to, String(json)));
				if (id instanceof Uint8Array) last = id;
			}
			count += rows.length;
			if (rows.length < size) return { count, last: null };
			if (count >= limit) return { count, last };
		}
	}

	#requireSchema(): void {
		if (this.#schemas === this.#schemaText()) return;
		throw new DeveloperError(
			'InvalidSchema',
			'Could not complete import because schema changed. Avoid modifying schema.ts while importing tables'
		);
	}

	#schemaText(): string {
		return JSON.stringify(this.#store.database.rows('SELECT component, definition FROM schemas ORDER BY component'));
	}
}

function restored(table: TableEntry, json: string): RestoredDocument {
	const value = parseValue(json);
	if (!isConvexObject(value)) throw new DeveloperError('InvalidDocument', `${json.slice(0, 100)} wasn't an object`);
	const { _id: id, _creationTime: creationTime, ...fields } = value;
	if (creationTime !== undefined) {
		if (typeof creationTime !== 'number' || !Number.isFinite(creationTime) || creationTime < 0) {
			throw new DeveloperError('InvalidDocument', `Invalid creation time ${String(creationTime)}`);
		}
	}
	if (id !== undefined && typeof id !== 'string') throw new DeveloperError('InvalidId', 'invalid _id: it is no string');
	return { fields, internal: id === undefined ? null : internalOf(table, id), creationTime: creationTime ?? null };
}

function internalOf(table: TableEntry, id: string): Uint8Array {
	const decoded = decodeId(id);
	if (decoded.table === table.number) return decoded.internal;
	throw new DeveloperError(
		'InvalidId',
		`_id ${id} cannot be imported into '${table.name}' because it came from a different deployment and conflict with preexisting tables in this deployment. Try deleting preexisting tables or importing into an empty deployment.`
	);
}
