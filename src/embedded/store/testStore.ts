import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JSONValue } from 'convex/values';
import { parseSchema } from './schema.ts';
import type { SqliteStore } from './store.ts';
import type { StoreTransaction } from './transaction.ts';
import type { Scan, SchemaDefinition, StoredDocument } from './types.ts';

/** A schema as `schema.export()` gives it, from indexes by name and an optional document type. For tests. */
export function exportedSchema(
	tables: Record<
		string,
		{
			indexes?: Record<string, readonly string[]>;
			staged?: Record<string, readonly string[]>;
			/** The searched field, then the filter fields. */
			search?: Record<string, readonly [string, ...string[]]>;
			vector?: Record<string, { fields: readonly [string, ...string[]]; dimensions: number }>;
			type?: JSONValue;
		}
	>
): SchemaDefinition {
	const descriptors = (indexes: Record<string, readonly string[]> = {}) =>
		Object.entries(indexes).map(([indexDescriptor, fields]) => ({ indexDescriptor, fields }));
	return parseSchema({
		tables: Object.entries(tables).map(([tableName, { indexes, staged, search, vector, type }]) => ({
			tableName,
			indexes: descriptors(indexes),
			stagedDbIndexes: descriptors(staged),
			searchIndexes: Object.entries(search ?? {}).map(([indexDescriptor, [searchField, ...filterFields]]) => ({
				indexDescriptor,
				searchField,
				filterFields
			})),
			vectorIndexes: Object.entries(vector ?? {}).map(
				([
					indexDescriptor,
					{
						fields: [vectorField, ...filterFields],
						dimensions
					}
				]) => ({
					indexDescriptor,
					vectorField,
					filterFields,
					dimensions
				})
			),
			documentType: type ?? { type: 'any' }
		})),
		schemaValidation: true
	});
}

export function objectType(fields: Record<string, JSONValue>, optional: readonly string[] = []): JSONValue {
	const value = Object.entries(fields).map(([name, fieldType]) => [
		name,
		{ fieldType, optional: optional.includes(name) }
	]);
	return { type: 'object', value: Object.fromEntries(value) };
}

export function write<T>(store: SqliteStore, action: (tx: StoreTransaction) => T): T {
	const tx = store.begin('write');
	try {
		const result = action(tx);
		tx.commit();
		return result;
	} catch (error) {
		tx.rollback();
		throw error;
	}
}

export function read<T>(store: SqliteStore, action: (tx: StoreTransaction) => T): T {
	const tx = store.begin('read');
	try {
		return action(tx);
	} finally {
		tx.rollback();
	}
}

/** Takes a schema through its whole change. Throws the sentence with which it fails. */
export function applySchema(store: SqliteStore, schema: SchemaDefinition | null, component = ''): void {
	const schemas = new Map([[component, schema]]);
	const id = write(store, (tx) => store.changingSchema(tx).submit(schemas, false, Date.now()));
	while (stepSchema(store));
	const status = store.schemaChanges.status(id);
	if (status?.type === 'failed') throw new Error(status.error);
	write(store, (tx) => store.changingSchema(tx).finish(schemas));
	while (stepSchema(store));
}

/** One step of the work that a change of the schema needs. Returns whether there may be more. */
export function stepSchema(store: SqliteStore, documents = 10_000): boolean {
	return write(store, (tx) => store.changingSchema(tx).step({ documents, milliseconds: 1_000 }));
}

export function drain(scan: Scan, limit = Infinity): StoredDocument[] {
	const documents: StoredDocument[] = [];
	while (documents.length < limit) {
		const entry = scan.next();
		if (entry === null) break;
		documents.push(entry.document);
	}
	scan.close();
	return documents;
}

/** Calls with the path of a file in a directory that is removed afterwards. */
export function withFile<T>(action: (path: string) => T): T {
	const directory = mkdtempSync(join(tmpdir(), 'embedded-store-'));
	const finish = () => rmSync(directory, { recursive: true, force: true });
	try {
		const result = action(join(directory, 'data.sqlite'));
		if (result instanceof Promise) result.finally(finish).catch(() => undefined);
		else finish();
		return result;
	} catch (error) {
		finish();
		throw error;
	}
}
