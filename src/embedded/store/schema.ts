import type { JSONValue } from 'convex/values';
import { DeveloperError } from '../values/errors.ts';
import type { IndexDefinition, SchemaDefinition, TableDefinition } from './types.ts';

const MAX_INDEX_FIELDS = 16;
const MAX_INDEXES = 64;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * Reads a schema as `schema.export()` gives it, parsed. Throws a DeveloperError for what is no schema, for names and
 * fields that Convex refuses, and for search and vector indexes, which the embedded deployment does not have.
 */
export function parseSchema(exported: unknown): SchemaDefinition {
	const schema = record(exported, 'schema');
	const tables = list(schema.tables, 'tables').map(parseTable);
	return { tables, schemaValidation: schema.schemaValidation !== false };
}

/** Reads back what `JSON.stringify` made of a SchemaDefinition. */
export function definitionFromStored(json: string): SchemaDefinition {
	const schema = record(JSON.parse(json), 'stored schema');
	const tables = list(schema.tables, 'tables').map((item) => {
		const table = record(item, 'table');
		const name = text(table.name, 'table name');
		return {
			name,
			indexes: list(table.indexes, 'indexes').map((index) =>
				parseIndex(name, record(index, 'index'), 'name', record(index, 'index').staged === true)
			),
			documentType: jsonOf(table.documentType)
		};
	});
	return { tables, schemaValidation: schema.schemaValidation !== false };
}

function parseTable(exported: unknown): TableDefinition {
	const table = record(exported, 'table');
	const name = text(table.tableName, 'table name');
	if (!IDENTIFIER.test(name)) {
		throw invalid(
			name.startsWith('_')
				? `Table names cannot begin with an underscore (_): "${name}".`
				: `Invalid table name "${name}": Identifiers must start with a letter and can only contain letters, digits, and underscores.`
		);
	}
	for (const kind of ['searchIndexes', 'stagedSearchIndexes', 'vectorIndexes', 'stagedVectorIndexes']) {
		if (list(table[kind] ?? [], kind).length > 0) {
			const what = kind.toLowerCase().includes('search') ? 'search' : 'vector';
			throw invalid(
				`Table "${name}" declares a ${what} index, which the embedded deployment does not support. Use Convex Cloud or a self-hosted Convex for it.`
			);
		}
	}
	const indexes = [
		...list(table.indexes, 'indexes').map((index) =>
			parseIndex(name, record(index, 'index'), 'indexDescriptor', false)
		),
		...list(table.stagedDbIndexes ?? [], 'stagedDbIndexes').map((index) =>
			parseIndex(name, record(index, 'index'), 'indexDescriptor', true)
		)
	];
	if (indexes.length > MAX_INDEXES)
		throw invalid(`Table "${name}" has ${indexes.length} indexes, which exceeds the maximum of ${MAX_INDEXES}.`);
	const names = new Set<string>();
	for (const index of indexes) {
		if (names.has(index.name)) throw invalid(`Table "${name}" has two or more definitions of index "${index.name}".`);
		names.add(index.name);
	}
	return { name, indexes, documentType: documentType(name, jsonOf(table.documentType)) };
}

function parseIndex(table: string, index: Record<string, unknown>, nameKey: string, staged: boolean): IndexDefinition {
	const name = text(index[nameKey], 'index name');
	if (!IDENTIFIER.test(name) || name === 'by_id' || name === 'by_creation_time') {
		throw invalid(
			`In table "${table}" cannot name an index "${name}" because the name is reserved or not an identifier.`
		);
	}
	const fields = list(index.fields, 'index fields').map((field) => text(field, 'index field'));
	const where = `In table "${table}" the index "${name}"`;
	if (fields.length === 0) throw invalid(`${where} must have at least one field.`);
	if (fields.length > MAX_INDEX_FIELDS)
		throw invalid(`${where} has ${fields.length} fields, which exceeds the maximum of ${MAX_INDEX_FIELDS}.`);
	for (const field of fields) {
		if (field === '_creationTime' || field === '_id') {
			throw invalid(`${where} must not contain \`${field}\`: Convex adds \`_creationTime\` to the end of every index.`);
		}
		if (!field.split('.').every((part) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(part)))
			throw invalid(`${where} has an invalid field path "${field}".`);
	}
	if (new Set(fields).size < fields.length) throw invalid(`${where} has a field more than once.`);
	return { name, fields, staged };
}

/** Null for `v.any()`; otherwise an object or a union of objects. */
function documentType(table: string, type: JSONValue | null): JSONValue | null {
	if (type === null) return null;
	const kind = record(type, 'document type').type;
	if (kind === 'any') return null;
	const isObject = (json: unknown): boolean => record(json, 'validator').type === 'object';
	if (kind === 'object' || (kind === 'union' && list(record(type, 'validator').value, 'union').every(isObject)))
		return type;
	throw invalid(`The schema of table "${table}" must be an object, a union of objects, or v.any().`);
}

/** A JSON value that came out of JSON.parse, typed as such. */
function jsonOf(value: unknown): JSONValue | null {
	if (value === undefined || value === null) return null;
	const parsed: JSONValue = JSON.parse(JSON.stringify(value));
	return parsed;
}

function record(value: unknown, what: string): Record<string, unknown> {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw invalid(`The ${what} must be an object.`);
	return Object.fromEntries(Object.entries(value));
}

function list(value: unknown, what: string): unknown[] {
	if (!Array.isArray(value)) throw invalid(`The ${what} must be a list.`);
	return value;
}

function text(value: unknown, what: string): string {
	if (typeof value !== 'string') throw invalid(`The ${what} must be text.`);
	return value;
}

function invalid(message: string): DeveloperError {
	return new DeveloperError('InvalidSchema', message);
}
