import type { JSONValue } from 'convex/values';
import { invalid, list, record, text } from './exported.ts';
import { indexShape, parseIndexes } from './indexShapes.ts';
import type { SchemaDefinition, Schemas, TableDefinition } from './types.ts';

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * Reads a schema as `schema.export()` gives it, parsed. Throws a DeveloperError for what is no schema, and for names,
 * fields and numbers of indexes that Convex refuses.
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
			indexes: list(table.indexes, 'indexes').map((json) => {
				const index = record(json, 'index');
				return { name: text(index.name, 'index name'), ...indexShape(index), staged: index.staged === true };
			}),
			documentType: jsonOf(table.documentType)
		};
	});
	return { tables, schemaValidation: schema.schemaValidation !== false };
}

/** What is stored of schemas by component. Equal schemas give equal texts. */
export function schemasToStore(schemas: Schemas): string {
	const entries = [...schemas].sort(([a], [b]) => (a < b ? -1 : 1));
	return JSON.stringify(
		entries.map(([component, schema]) => [component, schema === null ? null : JSON.stringify(schema)])
	);
}

/** Reads back what `schemasToStore` made. */
export function schemasFromStored(json: string): Schemas {
	return new Map(
		list(JSON.parse(json), 'stored schemas').map((entry) => {
			const [component, schema] = list(entry, 'stored schema');
			return [text(component, 'component'), schema === null ? null : definitionFromStored(text(schema, 'schema'))];
		})
	);
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
	return { name, indexes: parseIndexes(name, table), documentType: documentType(name, jsonOf(table.documentType)) };
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
