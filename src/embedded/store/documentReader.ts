import { DeveloperError } from '../values/errors.ts';
import { decodeId } from '../values/ids.ts';
import type { DecodedId } from '../values/ids.ts';
import { binaryText } from './binary.ts';
import type { Catalog } from './catalog.ts';
import type { TableEntry } from './tableEntry.ts';
import { storedDocument } from './documents.ts';
import { documentsIndex } from './indexes.ts';
import { documentIn, writtenOf } from './merge.ts';
import type { ReadPlace } from './merge.ts';
import type { LocatedDocument } from './writer.ts';

/** Who writes: functions may not touch system tables, the engine may. */
export type Caller = 'function' | 'system';

/** What happens to a document that must exist, with Convex's word for it. */
const CHANGES = { patch: 'Update', replace: 'Replace', delete: 'Delete' } as const;
export type Change = keyof typeof CHANGES;

/** Finds documents by their ids, in the layers of a transaction and in the file. */
export class DocumentReader {
	readonly #place: ReadPlace;
	readonly #catalog: Catalog;

	constructor(place: ReadPlace, catalog: Catalog) {
		this.#place = place;
		this.#catalog = catalog;
	}

	find(component: string, id: DecodedId): LocatedDocument | null {
		const table = this.#catalog.byNumber(component, id.table);
		if (table === null) return null;
		const json = this.textOf(table, id.internal);
		return json === null ? null : { table, internal: id.internal, document: storedDocument(table, json) };
	}

	textOf(table: TableEntry, internal: Uint8Array): string | null {
		const written = writtenOf(this.#place.layers(), documentsIndex(table));
		const text = written.length === 0 ? undefined : documentIn(written, binaryText(internal));
		if (text !== undefined) return text;
		const { database } = this.#place;
		const json = database.row('SELECT json FROM docs WHERE tbl = ? AND id = ?', table.tablet, internal)?.[0];
		return typeof json === 'string' ? json : null;
	}

	/** The document to change; `read` is told before it is looked for. Throws a DeveloperError in Convex's words. */
	require(component: string, id: string, caller: Caller, change: Change, read: () => void): LocatedDocument {
		const decoded = decodeId(id);
		const table = this.#catalog.byNumber(component, decoded.table);
		if (table === null) throw new DeveloperError('TableNotFound', `Table for ID "${id}" not found`);
		if (caller === 'function' && table.name.startsWith('_')) {
			throw new DeveloperError('ReadOnlyTable', `Cannot ${change} a document of the system table "${table.name}".`);
		}
		read();
		const found = this.find(component, decoded);
		if (found !== null) return found;
		throw new DeveloperError('DocumentNotFound', `${CHANGES[change]} on nonexistent document ID ${id}`);
	}
}
