import { compileValidator } from '../values/validate.ts';
import { encodeId } from '../values/ids.ts';
import type { Catalog, TableEntry } from './catalog.ts';
import type { Database } from './database.ts';
import { parseDocument } from './documents.ts';
import { addIndex, dropEntries } from './indexes.ts';
import { storedShape } from './indexShapes.ts';
import type { IndexChange, IndexDefinition, SchemaChange, SchemaDefinition, SchemaMismatch } from './types.ts';

/** Indexes that a schema would add and remove. An index whose fields change is both. */
export function planSchema(catalog: Catalog, component: string, schema: SchemaDefinition | null): SchemaChange {
	const added: IndexChange[] = [];
	const removed: IndexChange[] = [];
	const tables = schema?.tables ?? [];
	for (const { name: table, indexes } of tables) {
		const existing = existingIndexes(catalog, component, table);
		for (const index of indexes) if (!existing.some((old) => sameIndex(old, index))) added.push({ table, index });
	}
	for (const table of catalog.names(component, false)) {
		const kept = tables.find((candidate) => candidate.name === table)?.indexes ?? [];
		for (const index of existingIndexes(catalog, component, table)) {
			if (!kept.some((next) => sameIndex(index, next))) removed.push({ table, index });
		}
	}
	return { added, removed };
}

function existingIndexes(catalog: Catalog, component: string, table: string): IndexDefinition[] {
	return catalog
		.table(component, table)
		.indexes.filter(({ name }) => name !== 'by_creation_time')
		.map(({ name, kind, fields, dimensions, state }) => ({
			name,
			kind,
			fields,
			dimensions,
			staged: state === 'staged'
		}));
}

function sameIndex(a: IndexDefinition, b: IndexDefinition): boolean {
	return a.name === b.name && storedShape(a) === storedShape(b);
}

/** The first stored document that the schema refuses, or null. Tables whose type did not change are not read. */
export function checkDocuments(
	database: Database,
	catalog: Catalog,
	component: string,
	schema: SchemaDefinition | null
): SchemaMismatch | null {
	if (schema === null || !schema.schemaValidation) return null;
	const inForce = catalog.schema(component);
	for (const { name, documentType } of schema.tables) {
		if (documentType === null) continue;
		const before = inForce?.schemaValidation
			? inForce.tables.find((table) => table.name === name)?.documentType
			: undefined;
		if (before !== undefined && JSON.stringify(before) === JSON.stringify(documentType)) continue;
		const validator = compileValidator(documentType, catalog.resolver(component));
		const table = catalog.table(component, name);
		for (const [id, fields] of documents(database, table)) {
			const fault = validator.check(fields);
			if (fault === null) continue;
			return { table: name, id: encodeId(table.number, id), message: fault.message };
		}
	}
	return null;
}

function* documents(
	database: Database,
	table: TableEntry
): Generator<[Uint8Array, ReturnType<typeof parseDocument>['fields']]> {
	let after: Uint8Array = new Uint8Array(0);
	for (;;) {
		const rows = database.rows(
			'SELECT id, json FROM docs WHERE tbl = ? AND id > ? ORDER BY id LIMIT 256',
			table.tablet,
			after
		);
		for (const [id, json] of rows) {
			if (!(id instanceof Uint8Array)) continue;
			yield [id, parseDocument(String(json)).fields];
			after = id;
		}
		if (rows.length < 256) return;
	}
}

/** Creates tables, drops and adds indexes with their entries, and puts the validators in force. Needs a write transaction. */
export function applySchema(
	database: Database,
	catalog: Catalog,
	component: string,
	schema: SchemaDefinition | null
): void {
	const change = planSchema(catalog, component, schema);
	for (const { table, index } of change.removed) {
		const entry = catalog.table(component, table);
		const old = entry.indexes.find((candidate) => candidate.name === index.name);
		if (old === undefined) continue;
		dropEntries(database, old);
		database.run('DELETE FROM indexes WHERE id = ?', old.id);
		catalog.loadIndexes(entry);
	}
	for (const { name, indexes } of schema?.tables ?? []) {
		const entry = catalog.table(component, name);
		catalog.persist(entry);
		for (const index of indexes) {
			const state = index.staged ? 'staged' : 'enabled';
			if (change.added.some((added) => added.table === name && added.index.name === index.name)) {
				addIndex(database, catalog, entry, index);
			} else {
				database.run('UPDATE indexes SET state = ? WHERE tbl = ? AND name = ?', state, entry.tablet, index.name);
			}
		}
		catalog.loadIndexes(entry);
	}
	if (schema === null) database.run('DELETE FROM schemas WHERE component = ?', component);
	else
		database.run(
			'INSERT OR REPLACE INTO schemas (component, definition) VALUES (?, ?)',
			component,
			JSON.stringify(schema)
		);
	catalog.setSchema(component, schema);
}
