import type { SQLInputValue } from 'node:sqlite';
import type { TableEntry } from './tableEntry.ts';
import { Records } from './records.ts';
import type { Statement } from './statement.ts';

/** Columns as the table holds them. */
export type Row = readonly SQLInputValue[];

export type NamedRow = readonly [name: string, row: Row | null];

interface RowWrite {
	/** Null when the row was deleted. */
	readonly row: Row | null;
}

/** How much a layer held at some moment. */
export interface LayerMark {
	readonly records: number;
	readonly undo: number;
	readonly statements: number;
	readonly counts: ReadonlyMap<TableEntry, number>;
}

/**
 * Writes that are not in the file: of one transaction, or of all that were executed and are not durable yet. Reading looks
 * through the layers, the newest first, and then into the file; since every key that a layer names has its last value
 * there, it does not matter how much of the layer the file has taken over already.
 */
export class Layer {
	/** Documents and index entries. */
	readonly records: Records;
	readonly statements: Statement[] = [];
	readonly rows = new Map<string, RowWrite>();
	/** By how much the number of documents changed, for every table that was written to. */
	readonly counts = new Map<TableEntry, number>();
	/** Tables that came into being. */
	readonly created: TableEntry[] = [];
	#savepoints = 0;
	readonly #undo: (() => void)[] = [];

	/** `records`: what an earlier layer used, whose memory is taken over. */
	constructor(records = new Records()) {
		this.records = records;
	}

	/** Each row is what a look-up of its name finds until the statement has been run; null when it is deleted. */
	execute(statement: Statement, ...rows: readonly NamedRow[]): void {
		this.statements.push(statement);
		for (const [name, row] of rows) {
			const before = this.rows.get(name);
			this.#undoing?.push(() => {
				if (before === undefined) this.rows.delete(name);
				else this.rows.set(name, before);
			});
			this.rows.set(name, { row });
		}
	}

	count(table: TableEntry, change: number): void {
		this.counts.set(table, (this.counts.get(table) ?? 0) + change);
	}

	create(table: TableEntry): void {
		this.created.push(table);
		this.#undoing?.push(() => {
			this.created.pop();
			vanish(table);
		});
	}

	/** Everything that is written from here on can be taken back. */
	mark(): LayerMark {
		this.#savepoints++;
		return {
			records: this.records.size,
			undo: this.#undo.length,
			statements: this.statements.length,
			counts: new Map(this.counts)
		};
	}

	/** Keeps what was written since the mark. Marks end in the reverse order of their start. */
	keep(): void {
		if (--this.#savepoints === 0) this.#undo.length = 0;
	}

	/** Takes back what was written since the mark. */
	takeBack(mark: LayerMark): void {
		this.records.truncate(mark.records);
		while (this.#undo.length > mark.undo) this.#undo.pop()?.();
		this.statements.length = mark.statements;
		for (const table of this.counts.keys()) this.counts.set(table, mark.counts.get(table) ?? 0);
		this.#savepoints--;
	}

	/** The transaction is given up. */
	abandon(): void {
		for (const table of this.created) vanish(table);
		for (const table of this.counts.keys()) table.generation++;
	}

	/** Lays the writes of a transaction over these. */
	absorb(newer: Layer): void {
		this.records.append(newer.records);
		this.statements.push(...newer.statements);
		this.created.push(...newer.created);
		for (const [name, row] of newer.rows) this.rows.set(name, row);
		for (const [table, change] of newer.counts) this.count(table, change);
	}

	/** Forgets everything. */
	clear(): void {
		this.records.clear();
		this.statements.length = 0;
		this.created.length = 0;
		this.rows.clear();
		this.counts.clear();
	}

	get #undoing(): (() => void)[] | null {
		return this.#savepoints > 0 ? this.#undo : null;
	}
}

function vanish(table: TableEntry): void {
	table.persisted = false;
	table.generation++;
}

/** The newest write of a row, in layers of which the newest comes first. */
export function writtenRow(layers: readonly Layer[], name: string): RowWrite | undefined {
	for (const { rows } of layers) {
		const write = rows.get(name);
		if (write !== undefined) return write;
	}
	return undefined;
}
