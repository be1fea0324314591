import type { Catalog } from './catalog.ts';
import type { Database } from './database.ts';
import { declareIndex } from './filling.ts';
import { diffIndexes } from './indexDiff.ts';
import type { IndexDiff, SchemaDefinition } from './types.ts';

/**
 * Gives a component the tables and indexes that a schema needs beside the indexes that serve queries now: new ones begin
 * to be filled, those in the making that it does not want are dropped. Done again with the schema in force, it undoes
 * what a schema that was given up had begun. Needs a write transaction.
 */
export function prepareIndexes(
	database: Database,
	catalog: Catalog,
	component: string,
	schema: SchemaDefinition | null
): void {
	persistTables(catalog, component, schema);
	const { added, removed, enabled, disabled } = diffIndexes(catalog, component, schema);
	for (const { existing } of removed) {
		if (existing !== null && existing.state !== 'enabled') drop(database, existing.id);
	}
	for (const { table, index } of added) {
		declareIndex(database, catalog.table(component, table), index);
	}
	for (const { index, existing } of [...enabled, ...disabled]) {
		if (existing !== null && existing.state !== 'enabled')
			database.run('UPDATE indexes SET staged = ? WHERE id = ?', index.staged ? 1 : 0, existing.id);
	}
	reload(catalog, component);
}

/** From now on queries see the indexes of the schema, which are ready, and no others. Needs a write transaction. */
export function commitIndexes(
	database: Database,
	catalog: Catalog,
	component: string,
	schema: SchemaDefinition | null
): IndexDiff {
	persistTables(catalog, component, schema);
	const diff = diffIndexes(catalog, component, schema);
	for (const { existing } of diff.removed) if (existing !== null) drop(database, existing.id);
	for (const { index, existing } of [...diff.enabled, ...diff.identical]) {
		if (existing !== null && !index.staged)
			database.run("UPDATE indexes SET state = 'enabled', staged = 0 WHERE id = ?", existing.id);
	}
	for (const { existing } of diff.disabled) {
		if (existing !== null)
			database.run(
				"UPDATE indexes SET staged = 1, state = iif(state = 'enabled', 'ready', state) WHERE id = ?",
				existing.id
			);
	}
	reload(catalog, component);
	return diff;
}

/** Names of indexes that a schema needs and that cannot serve queries yet. */
export function unreadyIndexes(catalog: Catalog, component: string, schema: SchemaDefinition | null): string[] {
	const { added, enabled, identical } = diffIndexes(catalog, component, schema);
	return [...added, ...enabled, ...identical]
		.filter(({ index, existing }) => existing === null || (!index.staged && existing.state === 'backfilling'))
		.map(({ table, index }) => `${table}.${index.name}`);
}

function drop(database: Database, id: number): void {
	database.run("UPDATE indexes SET state = 'dropping' WHERE id = ?", id);
}

function persistTables(catalog: Catalog, component: string, schema: SchemaDefinition | null): void {
	for (const { name } of schema?.tables ?? []) catalog.persist(catalog.table(component, name));
}

function reload(catalog: Catalog, component: string): void {
	for (const table of catalog.tables(component)) catalog.loadIndexes(table);
}
