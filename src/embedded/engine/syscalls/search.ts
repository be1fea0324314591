import type { JSONValue } from 'convex/values';
import { filterKey } from '../../store/filterKeys.ts';
import type { KeyFilter } from '../../store/filterKeys.ts';
import { MAX_CANDIDATES } from '../../store/textSearch.ts';
import type { TextQuery } from '../../store/textSearch.ts';
import type { StoreTransaction } from '../../store/transaction.ts';
import type { KeyRange, Scan, ScanEntry } from '../../store/types.ts';
import { DeveloperError } from '../../values/errors.ts';
import { rangeContains } from '../../values/keys.ts';
import { tokensOf } from '../../values/tokens.ts';
import { valueOrUndefinedFromJson } from '../../values/value.ts';
import type { Call } from '../call.ts';
import { JsonFields } from '../json.ts';

/** The backend's bounds on one search: words of the text, later ones are not looked for, and filters. */
const MAX_WORDS = 16;
const MAX_FILTERS = 8;

/** Reads the filters of `withSearchIndex`. Throws a DeveloperError in the backend's words. */
export function compileSearch(call: Call, table: string, index: string, filters: readonly JSONValue[]): TextQuery {
	const [searchField, ...filterFields] = call.request.transaction.searches.index(
		call.component,
		table,
		index,
		'search'
	).fields;
	const against = `Search query against ${table}.${index}`;
	let text: string | null = null;
	const equalities: KeyFilter[] = [];
	for (const json of filters) {
		const filter = new JsonFields(json, 'search filter');
		const path = filter.text('fieldPath');
		const quoted = JSON.stringify(path);
		if (filter.text('type') === 'Search') {
			if (path !== searchField) {
				throw invalid(
					`${against} contains a search filter against ${quoted}, which doesn't match the indexed \`searchField\` ${JSON.stringify(searchField)}.`
				);
			}
			if (text !== null)
				throw invalid(`${against} contains multiple search filters against ${quoted}. Only one is allowed.`);
			text = filter.text('value');
			continue;
		}
		const field = filterFields.indexOf(path);
		if (field < 0) {
			throw invalid(
				`${against} contains an equality filter on ${quoted} but that field isn't indexed for filtering in \`filterFields\`.`
			);
		}
		equalities.push({ field, anyOf: [filterKey(valueOrUndefinedFromJson(filter.json('value')))] });
	}
	if (text === null) {
		throw invalid(
			`${against} does not contain any search filters. You must include a search filter like \`q.search(${JSON.stringify(searchField)}, searchText)\`.`
		);
	}
	if (equalities.length > MAX_FILTERS)
		throw invalid(`${against} has too many filter conditions. Max: ${MAX_FILTERS} Actual: ${equalities.length}`);
	return { terms: tokensOf(text).slice(0, MAX_WORDS), filters: equalities };
}

function invalid(message: string): DeveloperError {
	return new DeveloperError('InvalidSearch', message);
}

/** The matches of a text search as a scan, best first. What is read of the index is settled by the first step. */
export class SearchScan implements Scan {
	readonly #transaction: StoreTransaction;
	readonly #component: string;
	readonly #search: () => Iterable<{ readonly key: Uint8Array; readonly id: string }>;
	#matches: Iterator<{ readonly key: Uint8Array; readonly id: string }> | null = null;
	#read = 0;

	constructor(call: Call, table: string, index: string, query: TextQuery, range: KeyRange) {
		this.#transaction = call.request.transaction;
		this.#component = call.component;
		this.#search = () =>
			this.#transaction.searches
				.text(call.component, table, index, query)
				.filter(({ key }) => rangeContains(range, key));
	}

	next(): ScanEntry | null {
		if (this.#read === MAX_CANDIDATES) {
			throw new DeveloperError(
				'InvalidSearch',
				`Search query scanned too many documents (fetched ${MAX_CANDIDATES}). Consider using a smaller limit, paginating the query, or using a filter field to limit the number of documents pulled from the search index.`
			);
		}
		this.#matches ??= this.#search()[Symbol.iterator]();
		for (;;) {
			const match = this.#matches.next();
			if (match.done === true) return null;
			this.#read++;
			const { key, id } = match.value;
			const document = this.#transaction.get(this.#component, id);
			// The same mutation may have removed it since.
			if (document !== null) return { key, document };
		}
	}

	close(): void {
		this.#matches = [][Symbol.iterator]();
	}
}
