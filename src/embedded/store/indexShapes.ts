import { invalid, list, record, text } from './exported.ts';
import type { IndexDefinition, IndexShape } from './types.ts';

const MAX_INDEX_FIELDS = 16;
const MAX_FILTER_FIELDS = 16;
const MAX_INDEXES = 64;
const MIN_DIMENSIONS = 2;
const MAX_DIMENSIONS = 4096;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Where an exported table lists its indexes. */
const DECLARATIONS = [
	{ key: 'indexes', parse: databaseShape, staged: false },
	{ key: 'stagedDbIndexes', parse: databaseShape, staged: true },
	{ key: 'searchIndexes', parse: searchShape, staged: false },
	{ key: 'stagedSearchIndexes', parse: searchShape, staged: true },
	{ key: 'vectorIndexes', parse: vectorShape, staged: false },
	{ key: 'stagedVectorIndexes', parse: vectorShape, staged: true }
] as const;

/** Every index that an exported table declares, staged ones included. Throws a DeveloperError in the backend's words. */
export function parseIndexes(name: string, table: Record<string, unknown>): IndexDefinition[] {
	const indexes = DECLARATIONS.flatMap(({ key, parse, staged }) =>
		list(table[key] ?? [], key).map((json) => {
			const index = record(json, 'index');
			return { name: indexName(name, index.indexDescriptor), ...parse(name, index), staged };
		})
	);
	checkTogether(name, indexes);
	return indexes;
}

function indexName(table: string, value: unknown): string {
	const name = text(value, 'index name');
	if (name.startsWith('_') || name === 'by_id' || name === 'by_creation_time') {
		throw invalid(
			`In table "${table}" cannot name an index "${name}" because the name is reserved. Indexes may not start with an underscore or be named "by_id" or "by_creation_time".`
		);
	}
	if (!IDENTIFIER.test(name)) {
		throw invalid(
			`In table "${table}": Invalid index name: "${name}". Identifiers must be 64 characters or less, start with a letter, and only contain letters, digits, underscores.`
		);
	}
	return name;
}

function databaseShape(table: string, index: Record<string, unknown>): IndexShape {
	const where = `In table "${table}": In index "${String(index.indexDescriptor)}": `;
	const fields = list(index.fields, 'index fields').map((field) => fieldPath(where, field));
	if (fields.length === 0)
		throw invalid(`In table "${table}" index "${String(index.indexDescriptor)}" must have at least one field.`);
	if (fields.length > MAX_INDEX_FIELDS) throw invalid(`${where}Indexes may have up to ${MAX_INDEX_FIELDS} fields.`);
	for (const [i, field] of fields.entries()) {
		if (field === '_id')
			throw invalid(`${where}\`_id\` is not a valid index field. To load documents by ID, use \`db.get(id)\`.`);
		if (field === '_creationTime') {
			throw invalid(
				`${where}\`_creationTime\` is automatically added to the end of each index. It should not be added explicitly in the index definition. See https://docs.convex.dev/using/indexes for more details.`
			);
		}
		if (field.startsWith('_'))
			throw invalid(`${where}Reserved fields (starting with \`_\`) are not allowed in indexes.`);
		if (fields.indexOf(field) < i)
			throw invalid(`${where}Duplicate field ${field}. Index fields must be unique within an index.`);
	}
	return { kind: 'database', fields, dimensions: null };
}

function searchShape(table: string, index: Record<string, unknown>): IndexShape {
	const where = `In table "${table}": In index "${String(index.indexDescriptor)}": `;
	return {
		kind: 'search',
		fields: [fieldPath(where, index.searchField), ...filterFields(where, index)],
		dimensions: null
	};
}

function vectorShape(table: string, index: Record<string, unknown>): IndexShape {
	const where = `In table "${table}": In index "${String(index.indexDescriptor)}": `;
	const { dimensions } = index;
	if (typeof dimensions !== 'number' || !Number.isInteger(dimensions))
		throw invalid('The dimensions must be a number.');
	if (dimensions < MIN_DIMENSIONS || dimensions > MAX_DIMENSIONS)
		throw invalid(`${where}Dimensions ${dimensions} must be between ${MIN_DIMENSIONS} and ${MAX_DIMENSIONS}.`);
	return { kind: 'vector', fields: [fieldPath(where, index.vectorField), ...filterFields(where, index)], dimensions };
}

/** Sorted and each once, as the backend keeps them. */
function filterFields(where: string, index: Record<string, unknown>): string[] {
	const fields = new Set(list(index.filterFields ?? [], 'filter fields').map((field) => fieldPath(where, field)));
	if (fields.size > MAX_FILTER_FIELDS)
		throw invalid(`${where}Search indexes may have up to ${MAX_FILTER_FIELDS} filter fields.`);
	return [...fields].sort();
}

function fieldPath(where: string, value: unknown): string {
	const path = text(value, 'index field');
	if (path.split('.').every((part) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(part))) return path;
	throw invalid(`${where}Invalid index field: "${path}"`);
}

/** What the indexes of one table may not be together. */
function checkTogether(table: string, indexes: readonly IndexDefinition[]): void {
	if (indexes.length > MAX_INDEXES) throw invalid(`Table "${table}" cannot have more than ${MAX_INDEXES} indexes.`);
	const names = new Set<string>();
	const shapes = new Map<string, string>();
	for (const index of indexes) {
		if (names.has(index.name)) throw invalid(`Table "${table}" has two or more definitions of index "${index.name}".`);
		names.add(index.name);
		const shape = JSON.stringify([
			index.kind,
			index.kind === 'vector' ? index.fields[0] : index.fields,
			index.dimensions
		]);
		const other = shapes.get(shape);
		if (other !== undefined) throw invalid(alike(table, index, other));
		shapes.set(shape, index.name);
	}
}

function alike(table: string, { kind, name }: IndexDefinition, other: string): string {
	if (kind === 'database')
		return `In table "${table}" index "${name}" and index "${other}" have the same fields. Indexes must be unique within a table.`;
	return `In table "${table}" ${kind} index "${name}" and ${kind} index "${other}" have the same \`${kind}Field\`. Give one index all the \`filterFields\` and use some of them at query time.`;
}

/** Reads an index's shape as it is stored: in a schema, or in the `fields` of its row. A list is a database index's fields. */
export function indexShape(stored: unknown): IndexShape {
	if (Array.isArray(stored)) return { kind: 'database', fields: stored.map(String), dimensions: null };
	const { kind, fields, dimensions } = record(stored, 'index');
	return {
		kind: kind === 'search' || kind === 'vector' ? kind : 'database',
		fields: list(fields, 'index fields').map(String),
		dimensions: typeof dimensions === 'number' ? dimensions : null
	};
}

/** What `indexShape` reads. */
export function storedShape({ kind, fields, dimensions }: IndexShape): string {
	return JSON.stringify(kind === 'database' ? fields : { kind, fields, dimensions });
}
