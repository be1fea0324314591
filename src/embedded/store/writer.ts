import { encodeId } from '../values/ids.ts';
import type { ConvexObject } from '../values/value.ts';
import type { Catalog } from './catalog.ts';
import type { IndexEntry, TableEntry } from './tableEntry.ts';
import { creationTimeAfter, creationTimeOf, newInternalId } from './clock.ts';
import type { Database } from './database.ts';
import { checkDocument, encodeDocumentFields, parseDocument, systemFields } from './documents.ts';
import type { EncodedDocument, EncodedFields, ParsedDocument } from './documents.ts';
import { addIndex } from './filling.ts';
import { creationIndex, differenceOf, indexKeys, writeIndexKey } from './indexes.ts';
import type { Layer } from './layer.ts';
import { PUT, REMOVED, SAME, UNTOLD } from './records.ts';
import type { Records } from './records.ts';
import type { IndexDefinition, SchemaMisfit, StoredDocument } from './types.ts';

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

interface DocumentToWrite {
	readonly id: string;
	readonly internal: Uint8Array;
	readonly creationTime: number;
	readonly document: EncodedDocument;
}

/** Writes documents with their index entries into a layer. */
export class DocumentWriter {
	readonly #layer: Layer;
	readonly #records: Records;
	readonly #catalog: Catalog;
	readonly #commitTs: () => bigint;
	/** Tables written to, whose indexes may have to forget what they keep in memory. */
	readonly #tables = new Set<TableEntry>();
	readonly #misfits: SchemaMisfit[] = [];

	constructor(layer: Layer, catalog: Catalog, commitTs: () => bigint) {
		this.#layer = layer;
		this.#records = layer.records;
		this.#catalog = catalog;
		this.#commitTs = commitTs;
	}

	/** Returns the new id. `encoded` when that has been done already. Throws a DeveloperError before anything is written. */
	insert(table: TableEntry, fields: ConvexObject, encoded?: EncodedFields): string {
		const creationTime = creationTimeAfter(table.lastCreation);
		const internal = newInternalId(creationTime);
		const id = encodeId(table.number, internal);
		const document = checkDocument(table, encoded ?? encodeDocumentFields(fields, this.#commitTs));
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
		const document = checkDocument(table, encodeDocumentFields(given.fields, this.#commitTs));
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
		const document = checkDocument(table, encodeDocumentFields(fields, this.#commitTs));
		this.#noteMisfit(table, document);
		this.#put(table, { id, internal, creationTime: old.creationTime, document }, 0);
		for (const index of table.indexes) {
			const before = indexKeys(index, old.fields, internal, old.creationTime);
			const { removed, added } = differenceOf(before, indexKeys(index, document.fields, internal, old.creationTime));
			// Whoever read the document through a database index has read its content, so an unchanged entry is reported too.
			if (index.kind === 'database' && removed.length === 0) for (const key of before) this.#entry(index, key, SAME);
			for (const key of removed) this.#removeEntry(index, key);
			for (const key of added) this.#addEntry(index, key);
		}
		const { json } = document;
		return { id, json: json.slice(0, -1) + systemFields(json, old.creationTime, id) };
	}

	remove({ table, internal, document }: LocatedDocument): void {
		this.#records.endDocument(table.tablet, REMOVED, this.#records.begin().bytes(internal).length);
		this.#wrote(table, -1);
		if (table.indexes.length === 0) return;
		const { fields, creationTime } = parseDocument(document.json);
		for (const index of table.indexes) {
			for (const key of indexKeys(index, fields, internal, creationTime)) this.#removeEntry(index, key);
		}
	}

	/** How many misfits there are now: to forget those that come later. */
	mark(): number {
		return this.#misfits.length;
	}

	/** Forgets what was noted since the mark; the writes are the layer's to take back. */
	forgetSince(mark: number): void {
		this.#misfits.length = mark;
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

	#place(table: TableEntry, created: DocumentToWrite): void {
		this.#put(table, created, 1);
		const { internal, creationTime, document } = created;
		for (const index of table.indexes) {
			if (index.kind === 'database') {
				writeIndexKey(this.#records.begin(), index, document.fields, internal, creationTime);
				this.#records.end(index.id, PUT);
			} else {
				for (const key of indexKeys(index, document.fields, internal, creationTime)) this.#addEntry(index, key);
			}
		}
	}

	/** Writes the text, in two parts, since putting them together would cost more than anything else here. */
	#put(table: TableEntry, { id, internal, creationTime, document: { json } }: DocumentToWrite, change: number): void {
		const bytes = this.#records.begin().bytes(internal);
		const keyEnd = bytes.length;
		bytes.text(json);
		bytes.truncate(bytes.length - 1);
		bytes.text(systemFields(json, creationTime, id));
		this.#records.endDocument(table.tablet, PUT, keyEnd);
		this.#wrote(table, change);
	}

	#wrote(table: TableEntry, change: number): void {
		table.generation++;
		this.#tables.add(table);
		this.#layer.count(table, change);
	}

	#noteMisfit({ component, name }: TableEntry, { misfit }: EncodedDocument): void {
		if (misfit === null) return;
		const error = `New document in table "${name}" does not match the schema: ${misfit}`;
		this.#misfits.push({ component, table: name, error });
	}

	#addEntry(index: IndexEntry, key: Uint8Array): void {
		this.#entry(index, key, PUT);
		index.memory?.added(key);
	}

	#removeEntry(index: IndexEntry, key: Uint8Array): void {
		this.#entry(index, key, REMOVED);
		index.memory?.removed(key);
	}

	/** Nobody subscribes to vectors: only actions search them. */
	#entry(index: IndexEntry, key: Uint8Array, what: number): void {
		this.#records.begin().bytes(key);
		this.#records.end(index.id, index.kind === 'vector' ? what | UNTOLD : what);
	}
}
