import type { Catalog } from './catalog.ts';
import type { IndexEntry } from './tableEntry.ts';
import { creationIndex } from './indexes.ts';
import { storedShape } from './indexShapes.ts';
import type { IndexChange, IndexDefinition, IndexDiff, SchemaDefinition } from './types.ts';

type Kind = keyof IndexDiff;
type Note = (kind: Kind, index: IndexDefinition, existing: IndexEntry | null) => void;

/**
 * Compares the indexes that a schema declares with those that a component has, the ones being filled included. A name
 * may stand for two: one that serves queries and one that was to replace it.
 */
export function diffIndexes(catalog: Catalog, component: string, schema: SchemaDefinition | null): IndexDiff {
	const diff: Record<Kind, IndexChange[]> = { added: [], removed: [], enabled: [], disabled: [], identical: [] };
	const declared = new Map(schema?.tables.map(({ name, indexes }) => [name, indexes]));
	// An index by creation time is the store's own.
	const tables = new Map(
		catalog
			.tables(component)
			.map((entry) => [entry.name, entry.indexes.filter((index) => index !== creationIndex(entry))])
	);
	for (const table of new Set([...declared.keys(), ...tables.keys()])) {
		const existing = tables.get(table) ?? [];
		const wanted = declared.get(table) ?? [];
		const note: Note = (kind, index, found) => diff[kind].push({ table, index, existing: found });
		for (const index of wanted) {
			const named = existing.filter(({ name }) => name === index.name);
			compare(index, named, note);
		}
		for (const index of existing) {
			if (!wanted.some(({ name }) => name === index.name)) note('removed', definitionOf(index), index);
		}
	}
	return diff;
}

/** The index to be is one of those there are, or replaces them all. */
function compare(wanted: IndexDefinition, named: readonly IndexEntry[], note: Note): void {
	const same = named.filter((index) => storedShape(index) === storedShape(wanted));
	// One that serves queries has its work done.
	const kept = (wanted.staged ? undefined : same.find(({ state }) => state === 'enabled')) ?? same[0];
	for (const index of named) if (index !== kept) note('removed', definitionOf(index), index);
	if (kept === undefined) note('added', wanted, null);
	else note(kept.staged === wanted.staged ? 'identical' : wanted.staged ? 'disabled' : 'enabled', wanted, kept);
}

function definitionOf({ name, kind, fields, dimensions, staged }: IndexEntry): IndexDefinition {
	return { name, kind, fields, dimensions, staged };
}
