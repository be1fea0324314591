import { DeveloperError } from '../values/errors.ts';
import type { Validator } from '../values/validate.ts';
import type { Statement } from './statement.ts';
import type { IndexShape, IndexState } from './types.ts';

/** What is kept in memory of an index, so that a search need not read all of it. Told of every entry that comes or goes. */
export interface IndexMemory {
	added(key: Uint8Array): void;
	removed(key: Uint8Array): void;
}

export interface IndexEntry extends IndexShape {
	readonly id: number;
	readonly name: string;
	/** Each field path split at its dots. */
	readonly paths: readonly (readonly string[])[];
	readonly state: IndexState;
	/** Declared as staged: not to be enabled by the next push. */
	readonly staged: boolean;
	/** Null until a search needs it, and again when entries were rolled back. */
	memory: IndexMemory | null;
}

export interface TableEntry {
	/** What rows of its documents and indexes say. No two tables share one, hidden tables included. */
	readonly tablet: number;
	/** What ids of its documents say. */
	readonly number: number;
	readonly component: string;
	readonly name: string;
	/** False while only readers have named the table: it then has a number, so that they can be invalidated, and no row. */
	persisted: boolean;
	/** Creation time of the newest document, so that the next one is later. */
	lastCreation: number;
	/** Grows with every write, so that an open scan knows when to read again. */
	generation: number;
	/** How many documents are committed, or null while nobody has asked. */
	documents: number | null;
	indexes: readonly IndexEntry[];
	/** What documents must fit, or null when anything goes. */
	validator: Validator | null;
	/** What documents must fit from the push under way on, or null. A misfit ends that push, not the write. */
	pendingValidator: Validator | null;
}

const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** A table that has no row yet. */
export function newTableEntry(tablet: number, number: number, component: string, name: string): TableEntry {
	return {
		tablet,
		number,
		component,
		name,
		persisted: false,
		lastCreation: 0,
		generation: 0,
		documents: null,
		indexes: [],
		validator: null,
		pendingValidator: null
	};
}

/** The statement that writes the row of a table. */
export function insertionOf({ tablet, component, name, number }: TableEntry): Statement {
	return {
		sql: "INSERT INTO tables (num, component, name, state, number) VALUES (?, ?, ?, 'active', ?)",
		parameters: [tablet, component, name, number]
	};
}

/** Throws a DeveloperError when `name` cannot name a table. */
export function checkTableName(name: string): void {
	if (TABLE_NAME.test(name) && /[^_]/.test(name)) return;
	throw new DeveloperError(
		'InvalidTableName',
		`Invalid table name "${name}": Identifiers must start with a letter and can only contain letters, digits, and underscores.`
	);
}

/** System tables exist from the beginning, also when they have no row yet. */
export function tableExists(table: TableEntry): boolean {
	return table.persisted || table.name.startsWith('_');
}
