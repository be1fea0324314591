import { DeveloperError } from '../values/errors.ts';
import type { IndexEntry, TableEntry } from './tableEntry.ts';

const REFUSALS = {
	database: ['IndexNotADatabaseIndex', 'database'],
	search: ['IndexNotASearchIndex', 'search'],
	vector: ['IndexNotAVectorIndex', 'vector']
} as const;

/** The index that serves queries, when it is of the kind. Throws a DeveloperError in Convex's words otherwise. */
export function usableIndex(table: TableEntry, name: string, kind: IndexEntry['kind']): IndexEntry {
	const named = table.indexes.filter((candidate) => candidate.name === name);
	const index = named.find(({ state }) => state === 'enabled');
	if (index === undefined) throw notUsable(`${table.name}.${name}`, named[0]);
	if (index.kind === kind) return index;
	const [code, words] = REFUSALS[kind];
	throw new DeveloperError(code, `Index ${table.name}.${name} is not a ${words} index`);
}

function notUsable(name: string, index: IndexEntry | undefined): DeveloperError {
	if (index === undefined) return new DeveloperError('IndexNotFound', `Index ${name} not found.`);
	return new DeveloperError(
		'IndexNotEnabled',
		index.staged
			? `Index ${name} is currently staged and not available to query until it is enabled.`
			: `Index ${name} is currently backfilling and not available to query yet.`
	);
}
