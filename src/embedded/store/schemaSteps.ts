import { encodeId } from '../values/ids.ts';
import type { Catalog } from './catalog.ts';
import type { TableEntry } from './tableEntry.ts';
import type { Database } from './database.ts';
import { walk } from './filling.ts';
import type { StepBudget } from './filling.ts';
import type { SchemaMisfit, Schemas } from './types.ts';

/** How far the documents have been checked: whole tables, and the last document of the next one. */
export interface CheckedTo {
	readonly walked: number;
	readonly after: Uint8Array | null;
}

/** Checks more documents against the schemas under way. Returns the first misfit, how far it came, or null at the end. */
export function checkDocuments(
	database: Database,
	catalog: Catalog,
	schemas: Schemas,
	from: CheckedTo,
	budget: StepBudget
): SchemaMisfit | CheckedTo | null {
	const table = tablesToCheck(catalog, schemas)[from.walked];
	if (table === undefined) return null;
	let misfit: SchemaMisfit | null = null;
	const last = walk(database, table, from.after, budget, (internal, { fields }) => {
		const fault = table.pendingValidator?.check(fields);
		if (!fault) return 'on';
		const id = encodeId(table.number, internal);
		const error = `Document with ID "${id}" in table "${table.name}" does not match the schema: ${fault.message}`;
		misfit = { component: table.component, table: table.name, error };
		return 'stop';
	});
	if (misfit !== null) return misfit;
	return last === null ? { walked: from.walked + 1, after: null } : { walked: from.walked, after: last };
}

/** Tables that the schemas under way check and whose documents the schema in force does not vouch for, in a fixed order. */
export function tablesToCheck(catalog: Catalog, schemas: Schemas): TableEntry[] {
	return [...schemas].flatMap(([component, schema]) => {
		if (schema === null || !schema.schemaValidation) return [];
		const inForce = catalog.schema(component);
		const vouched = new Map(
			inForce?.schemaValidation ? inForce.tables.map(({ name, documentType }) => [name, documentType]) : []
		);
		return schema.tables
			.filter(({ name, documentType }) => {
				if (documentType === null) return false;
				const before = vouched.get(name) ?? null;
				return before === null || JSON.stringify(before) !== JSON.stringify(documentType);
			})
			.map(({ name }) => catalog.table(component, name));
	});
}
