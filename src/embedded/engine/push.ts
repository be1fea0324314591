import type { SqliteStore } from '../store/store.ts';
import { parseSchema } from '../store/schema.ts';
import type { SchemaChange, SchemaDefinition } from '../store/types.ts';
import { readCrons } from '../scheduler/crons.ts';
import type { CronTable } from '../scheduler/crons.ts';
import { DeveloperError } from '../values/errors.ts';
import { saveBundle, SCHEMA_MODULE } from './deployment.ts';
import type { Analysis, AppliedPush, PushBundle, PushRefusal } from './types.ts';

/** What the given schema would change, in the CLI's shape. No effect. */
export function planPush(store: SqliteStore, exported: unknown) {
	let change: SchemaChange;
	try {
		change = store.planSchema('', definitionOf(exported));
	} catch (error) {
		if (error instanceof DeveloperError) return { code: 'InvalidSchema', message: error.message };
		throw error;
	}
	return { added: change.added.map(indexJson), removed: change.removed.map(indexJson) };
}

/**
 * Puts a push in force in one transaction: existing documents are checked against the new schema first, then tables,
 * indexes, modules and crons change together.
 */
export function applyPush(
	store: SqliteStore,
	crons: CronTable,
	bundle: PushBundle,
	analysis: Analysis
): AppliedPush | PushRefusal {
	const schema = definitionOf(analysis.schema);
	const before = modulePaths(store);
	const mismatch = store.checkDocuments('', schema);
	if (mismatch !== null) {
		return {
			code: 'SchemaValidationFailed',
			message: `Schema validation failed.\nDocument with ID "${mismatch.id}" in table "${mismatch.table}" does not match the schema: ${mismatch.message}`
		};
	}
	const tx = store.begin('write');
	try {
		store.applySchema(tx, '', schema);
		saveBundle(store.database, bundle, analysis);
		const cronDiff = crons.apply(cronSpecs(analysis), Date.now());
		tx.commit();
		const after = modulePaths(store);
		return {
			modulesAdded: [...after].filter((path) => !before.has(path)),
			modulesRemoved: [...before].filter((path) => !after.has(path)),
			cronDiff
		};
	} catch (error) {
		tx.rollback();
		if (error instanceof DeveloperError) return { code: 'InvalidSchema', message: error.message };
		throw error;
	}
}

/** The crons of an analysis, as the table keeps them. */
function cronSpecs(analysis: Analysis) {
	return readCrons(Object.values(analysis.modules).flatMap((module) => module.cronSpecs ?? []));
}

function definitionOf(exported: unknown): SchemaDefinition | null {
	return exported === null || exported === undefined ? null : parseSchema(exported);
}

function modulePaths(store: SqliteStore): Set<string> {
	return new Set(
		store.database.rows('SELECT path FROM modules WHERE path <> ?', SCHEMA_MODULE).map(([path]) => String(path))
	);
}

function indexJson({
	table,
	index
}: {
	readonly table: string;
	readonly index: { readonly name: string; readonly fields: readonly string[]; readonly staged: boolean };
}) {
	return { name: `${table}.${index.name}`, type: 'database', fields: index.fields, staged: index.staged };
}
