import type { SQLInputValue } from 'node:sqlite';
import type { TableEntry } from './tableEntry.ts';
import { OrderedMap } from './orderedMap.ts';
import type { Statement } from './statement.ts';

/** What became of a key. Every write makes an object of its own, so that two writes of one key can be told apart. */
export interface KeyWrite {
	readonly present: boolean;
}

export interface DocumentWrite extends KeyWrite {
	/** Empty when the document was removed. */
	readonly json: string;
}

/** Columns as the table holds them. */
export type Row = readonly SQLInputValue[];

export type NamedRow = readonly [name: string, row: Row | null];

interface RowWrite {
	/** Null when the row was deleted. */
	readonly row: Row | null;
}

/** How much a layer held at some moment. */
export interface LayerMark {
	readonly undo: number;
	readonly statements: number;
}

/**
 * Writes that are not in the file: of one transaction, or of all that were executed and are not durable yet. Ids and keys
 * are binary strings. Reading looks through the layers, the newest first, and then into the file; since every key that a
 * layer names has its last value there, it does not matter how much of the layer the file has taken over already.
 */
export class Layer {
	/** By tablet, then internal id. */
	readonly documents = new Map<number, OrderedMap<DocumentWrite>>();
	/** By index id, then key. */
	readonly entries = new Map<number, OrderedMap<KeyWrite>>();
	readonly statements: Statement[] = [];
	readonly rows = new Map<string, RowWrite>();
	/** By how much the number of documents changed. */
	readonly counts = new Map<TableEntry, number>();
	/** Tables that came into being. */
	readonly created: TableEntry[] = [];
	#savepoints = 0;
	readonly #undo: (() => void)[] = [];

	setDocument(table: TableEntry, id: string, write: DocumentWrite): void {
		set(this.#undoing, mapOf(this.documents, table.tablet), id, write);
	}

	setEntry(index: number, key: string, present: boolean): void {
		set(this.#undoing, mapOf(this.entries, index), key, { present });
	}

	/** Each row is what a look-up of its name finds until the statement has been run; null when it is deleted. */
	execute(statement: Statement, ...rows: readonly NamedRow[]): void {
		this.statements.push(statement);
		for (const [name, row] of rows) set(this.#undoing, this.rows, name, { row });
	}

	count(table: TableEntry, change: number): void {
		set(this.#undoing, this.counts, table, (this.counts.get(table) ?? 0) + change);
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
		return { undo: this.#undo.length, statements: this.statements.length };
	}

	/** Keeps what was written since the mark. Marks end in the reverse order of their start. */
	keep(): void {
		if (--this.#savepoints === 0) this.#undo.length = 0;
	}

	/** Takes back what was written since the mark. */
	takeBack(mark: LayerMark): void {
		while (this.#undo.length > mark.undo) this.#undo.pop()?.();
		this.statements.length = mark.statements;
		this.#savepoints--;
	}

	/** The transaction is given up. */
	abandon(): void {
		for (const table of this.created) vanish(table);
		for (const table of this.counts.keys()) table.generation++;
	}

	/** Lays the writes of a transaction over these. */
	absorb(newer: Layer): void {
		for (const [table, writes] of newer.documents) absorb(mapOf(this.documents, table), writes);
		for (const [index, writes] of newer.entries) absorb(mapOf(this.entries, index), writes);
		absorb(this.rows, newer.rows);
	}

	/** Forgets the writes of a transaction that are in the file now, except where a later one wrote the same key. */
	release(older: Layer): void {
		for (const [table, writes] of older.documents) release(mapOf(this.documents, table), writes);
		for (const [index, writes] of older.entries) release(mapOf(this.entries, index), writes);
		release(this.rows, older.rows);
	}

	get isEmpty(): boolean {
		return this.documents.size === 0 && this.entries.size === 0 && this.statements.length === 0;
	}

	get #undoing(): (() => void)[] | null {
		return this.#savepoints > 0 ? this.#undo : null;
	}
}

interface Writable<K, V> {
	get(key: K): V | undefined;
	set(key: K, value: V): unknown;
	delete(key: K): unknown;
	entries(): Iterable<[K, V]>;
}

function mapOf<V>(maps: Map<number, OrderedMap<V>>, number: number): OrderedMap<V> {
	let map = maps.get(number);
	if (map === undefined) maps.set(number, (map = new OrderedMap()));
	return map;
}

function set<K, V>(undo: (() => void)[] | null, map: Writable<K, V>, key: K, value: V): void {
	if (undo !== null) {
		const before = map.get(key);
		undo.push(() => {
			if (before === undefined) map.delete(key);
			else map.set(key, before);
		});
	}
	map.set(key, value);
}

function absorb<K, V>(into: Writable<K, V>, from: Writable<K, V>): void {
	for (const [key, value] of from.entries()) into.set(key, value);
}

function release<K, V>(into: Writable<K, V>, from: Writable<K, V>): void {
	for (const [key, value] of from.entries()) if (into.get(key) === value) into.delete(key);
}

function vanish(table: TableEntry): void {
	table.persisted = false;
	table.generation++;
}
