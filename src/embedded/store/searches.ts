import { encodeId } from '../values/ids.ts';
import type { Catalog } from './catalog.ts';
import type { ReadPlace } from './merge.ts';
import type { ReadLog } from './reads.ts';
import type { IndexEntry } from './tableEntry.ts';
import { searchText } from './textSearch.ts';
import type { TextMatch, TextQuery } from './textSearch.ts';
import { usableIndex } from './usableIndex.ts';
import { searchVectors } from './vectorSearch.ts';
import type { VectorMatch, VectorQuery } from './vectorSearch.ts';

/** A match with the id of its document. */
interface Named {
	readonly id: string;
}

/** Searches of text and vectors in one transaction. */
export class Searches {
	readonly #place: ReadPlace;
	readonly #catalog: Catalog;
	readonly #reads: ReadLog;
	readonly #check: () => void;

	/** `check` throws when the transaction has ended. */
	constructor(place: ReadPlace, catalog: Catalog, reads: ReadLog, check: () => void) {
		this.#place = place;
		this.#catalog = catalog;
		this.#reads = reads;
		this.#check = check;
	}

	/** The index when it is enabled and of the kind. Throws a DeveloperError otherwise. */
	index(component: string, table: string, index: string, kind: 'search' | 'vector'): IndexEntry {
		return usableIndex(this.#catalog.table(component, table), index, kind);
	}

	/** Documents that match, best first. Their content is not read. */
	text(component: string, table: string, index: string, query: TextQuery): (TextMatch & Named)[] {
		this.#check();
		const entry = this.index(component, table, index, 'search');
		const { matches, reads } = searchText(this.#place, entry, query);
		for (const range of reads) this.#reads.interval({ index: entry.id, ...range });
		const { number } = this.#catalog.table(component, table);
		return matches.map((match) => ({ ...match, id: encodeId(number, match.internal) }));
	}

	/** The nearest documents, nearest first. Not added to the read set: only actions search vectors. */
	vectors(component: string, table: string, index: string, query: VectorQuery): (VectorMatch & Named)[] {
		this.#check();
		const entry = this.index(component, table, index, 'vector');
		const { number } = this.#catalog.table(component, table);
		return searchVectors(this.#place, entry, query).map((match) => ({
			...match,
			id: encodeId(number, match.internal)
		}));
	}
}
