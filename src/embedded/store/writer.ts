import { encodeId } from '../values/ids.ts';
import type { ConvexObject } from '../values/value.ts';
import { binaryText } from './binary.ts';
import type { Catalog } from './catalog.ts';
import type { IndexEntry, TableEntry } from './tableEntry.ts';
import { creationTimeAfter, creationTimeOf, newInternalId } from './clock.ts';
import type { Database } from './database.ts';
import { encodeDocument, parseDocument } from './documents.ts';
import type { EncodedDocument, ParsedDocument } from './documents.ts';
import { addIndex } from './filling.ts';
import { creationIndex, creationKey, differenceOf, documentsIndex, indexKeys } from './indexes.ts';
import type { Layer } from './layer.ts';
import type { CommitWrites, IndexDefinition, SchemaMisfit, StoredDocument } from './types.ts';

const CREATION_INDEX: IndexDefinition = {
	name: 'by_creation_time',
	kind: 'database',
	fields: [],
	dimensions: null,
	staged: false
};

/** A document from an export. What is null is chosen as for a new document. */
export interface RestoredDocument {
	readonly fields: ConvexObject;
	readonly internal: Uint8Array | null;
	/** Milliseconds since 1970. */
	readonly creationTime: number | null;
}

/** A document with where it lies. */
export interface LocatedDocument {
	readonly table: TableEntry;
	readonly internal: Uint8Array;
	readonly document: StoredDocument;
}

interface NewDocument {
	readonly id: string;
	readonly internal: Uint8Array;
	readonly creationTime: number;
	readonly document: EncodedDocument;
}

/** How much had been written at some moment. */
export interface WriteMark {
	readonly entries: number;
	readonly ids: number;
	readonly misfits: number;
}

/** Writes documents with their index entries into a layer, and keeps the list of what a commit changed. */
export class DocumentWriter {
	readonly #layer: Layer;
	readonly #catalog: Catalog;
	readonly #commitTs: () => bigint;
	readonly #entries: { readonly index: number; readonly key: Uint8Array }[] = [];
	readonly #ids: string[] = [];
	/** Tables written to, whose indexes may have to forget what they keep in memory. */
	readonly #tables = new Set<TableEntry>();
	readonly #misfits: SchemaMisfit[] = [];

	constructor(layer: Layer, catalog: Catalog, commitTs: () => bigint) {
		this.#layer = layer;
		this.#catalog = catalog;
		this.#commitTs = commitTs;
	}

	/** Returns the new id. Throws a DeveloperError before anything is written. */
	insert(table: TableEntry, fields: ConvexObject): string {
		const creationTime = creationTimeAfter(table.lastCreation);
		const internal = newInternalId(creationTime);
		const id = encodeId(table.number, internal);
		const document = encodeDocument(table, id, creationTime, fields, this.#commitTs);
		this.#noteMisfit(table, document);
		this.#catalog.create(table, this.#layer);
		table.lastCreation = creationTime;
		this.#place(table, { id, internal, creationTime, document });
		return id;
	}

	/**
	 * As `insert`, of a document that was made before, with its id and creation time where they are given. `file` gives the
	 * file, in an exclusive transaction and with everything in it that was written to the layer.
	 */
	restore(table: TableEntry, given: RestoredDocument, file: () => Database): string {
		const creationTime = given.creationTime ?? creationTimeAfter(table.lastCreation);
		const internal = given.internal ?? newInternalId(creationTime);
		const id = encodeId(table.number, internal);
		const document = encodeDocument(table, id, creationTime, given.fields, this.#commitTs);
		this.#noteMisfit(table, document);
		this.#catalog.create(table, this.#layer);
		const isOdd = creationTimeOf(internal) !== creationTime || creationTime > Date.now();
		if (isOdd && creationIndex(table) === null) {
			addIndex(file(), this.#catalog, table, CREATION_INDEX);
		}
		if (creationTime > table.lastCreation && creationTime <= Date.now()) table.lastCreation = creationTime;
		this.#place(table, { id, internal, creationTime, document });
		return id;
	}

	/** Replaces the fields of a document. Throws a DeveloperError before anything is written. */
	update(
		{ table, internal, document: { id } }: LocatedDocument,
		old: ParsedDocument,
		fields: ConvexObject
	): StoredDocument {
		const document = encodeDocument(table, id, old.creationTime, fields, this.#commitTs);
		this.#noteMisfit(table, document);
		this.#put(table, internal, document.json);
		this.#wrote(table, internal, id);
		for (const index of table.indexes) {
			const before = indexKeys(index, old.fields, internal, old.creationTime);
			const { removed, added } = differenceOf(before, indexKeys(index, document.fields, internal, old.creationTime));
			// Whoever read the document through a database index has read its content, so an unchanged entry is reported too.
			if (index.kind === 'database' && removed.length === 0) for (const key of before) this.#report(index, key);
			for (const key of removed) this.#removeEntry(index, key);
			for (const key of added) this.#addEntry(index, key);
		}
		return { id, json: document.json };
	}

	remove({ table, internal, document }: LocatedDocument): void {
		this.#layer.setDocument(table, binaryText(internal), { present: false, json: '' });
		this.#layer.count(table, -1);
		this.#wrote(table, internal, document.id);
		if (table.indexes.length === 0) return;
		const { fields, creationTime } = parseDocument(document.json);
		for (const index of table.indexes) {
			for (const key of indexKeys(index, fields, internal, creationTime)) this.#removeEntry(index, key);
		}
	}

	mark(): WriteMark {
		return { entries: this.#entries.length, ids: this.#ids.length, misfits: this.#misfits.length };
	}

	/** Forgets what was changed since the mark; the writes are the layer's to take back. */
	forgetSince(mark: WriteMark): void {
		this.#entries.length = mark.entries;
		this.#ids.length = mark.ids;
		this.#misfits.length = mark.misfits;
		this.forgetMemory();
	}

	/** Entries were or will be rolled back: what is kept in memory of them is built anew when needed. */
	forgetMemory(): void {
		for (const { indexes } of this.#tables) for (const index of indexes) index.memory = null;
	}

	/** Documents written that the schema of a push under way refuses. */
	get misfits(): readonly SchemaMisfit[] {
		return this.#misfits;
	}

	writes(ts: bigint): CommitWrites {
		return { ts, entries: this.#entries, ids: new Set(this.#ids) };
	}

	#place(table: TableEntry, { id, internal, creationTime, document }: NewDocument): void {
		this.#put(table, internal, document.json);
		this.#layer.count(table, 1);
		this.#wrote(table, internal, id);
		for (const index of table.indexes) {
			for (const key of indexKeys(index, document.fields, internal, creationTime)) this.#addEntry(index, key);
		}
	}

	#put(table: TableEntry, internal: Uint8Array, json: string): void {
		this.#layer.setDocument(table, binaryText(internal), { present: true, json });
	}

	#wrote(table: TableEntry, internal: Uint8Array, id: string): void {
		table.generation++;
		this.#tables.add(table);
		this.#ids.push(id);
		this.#entries.push({ index: documentsIndex(table), key: creationKey(internal) });
	}

	#noteMisfit({ component, name }: TableEntry, { misfit }: EncodedDocument): void {
		if (misfit === null) return;
		const error = `New document in table "${name}" does not match the schema: ${misfit}`;
		this.#misfits.push({ component, table: name, error });
	}

	#addEntry(index: IndexEntry, key: Uint8Array): void {
		this.#layer.setEntry(index.id, binaryText(key), true);
		index.memory?.added(key);
		this.#report(index, key);
	}

	#removeEntry(index: IndexEntry, key: Uint8Array): void {
		this.#layer.setEntry(index.id, binaryText(key), false);
		index.memory?.removed(key);
		this.#report(index, key);
	}

	/** Nobody subscribes to vectors: only actions search them. */
	#report(index: IndexEntry, key: Uint8Array): void {
		if (index.kind !== 'vector') this.#entries.push({ index: index.id, key });
	}
}
