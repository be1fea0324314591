import type { SqliteStore } from '../store/store.ts';
import { parseSchema } from '../store/schema.ts';
import type { IndexChange, SchemaDefinition } from '../store/types.ts';
import { readCrons } from '../scheduler/crons.ts';
import type { CronTable } from '../scheduler/crons.ts';
import { DeveloperError } from '../values/errors.ts';
import { DeployedComponents } from './components/deployed.ts';
import { mounted } from './components/tree.ts';
import { saveBundle, saveMounts } from './deployment.ts';
import { inComponent } from './paths.ts';
import type { DeploymentState } from './protocol.ts';
import type { Analysis, AppliedPush, ComponentChange, IndexDiff, PushBundle, PushRefusal } from './types.ts';

/** What the schemas of a push would change, by component path and in the CLI's shape. No effect. */
export function planPush(store: SqliteStore, analysis: Analysis): Record<string, IndexDiff> | PushRefusal {
	try {
		const diffs: Record<string, IndexDiff> = {};
		for (const [component, schema] of schemasOf(analysis)) {
			const { added, removed } = store.planSchema(component, schema);
			diffs[component] = { added: added.map(indexJson), removed: removed.map(indexJson) };
		}
		return diffs;
	} catch (error) {
		if (error instanceof DeveloperError) return { code: 'InvalidSchema', message: error.message };
		throw error;
	}
}

/**
 * Puts a push in force in one transaction: existing documents are checked against the new schemas first, then tables,
 * indexes, modules and crons of all components change together.
 */
export function applyPush(
	store: SqliteStore,
	crons: CronTable,
	before: DeploymentState,
	bundle: PushBundle,
	analysis: Analysis
): AppliedPush | PushRefusal {
	const schemas = schemasOf(analysis);
	for (const [component, schema] of schemas) {
		const mismatch = store.checkDocuments(component, schema);
		if (mismatch === null) continue;
		const where = `Document with ID "${mismatch.id}" in table "${mismatch.table}"${inComponent(component)}`;
		return {
			code: 'SchemaValidationFailed',
			message: `Schema validation failed.\n${where} does not match the schema: ${mismatch.message}`
		};
	}
	const old = new DeployedComponents(before.bundle, before.analysis);
	const deployed = new DeployedComponents(bundle, analysis);
	const tx = store.begin('write');
	try {
		for (const [component, schema] of schemas) store.applySchema(tx, component, schema);
		saveBundle(store.database, bundle, analysis);
		const components: Record<string, ComponentChange> = {};
		for (const [component, type] of saveMounts(store.database, analysis)) {
			const modules = modulePaths(deployed, component);
			const oldModules = modulePaths(old, component);
			components[component] = {
				type,
				modulesAdded: modules.filter((path) => !oldModules.includes(path)),
				modulesRemoved: oldModules.filter((path) => !modules.includes(path)),
				cronDiff: crons.apply(component, cronSpecs(deployed, component), Date.now())
			};
		}
		tx.commit();
		return { components };
	} catch (error) {
		tx.rollback();
		if (error instanceof DeveloperError) return { code: 'InvalidSchema', message: error.message };
		throw error;
	}
}

/** The schema of every component that a push mounts, by component path. Throws a DeveloperError for what is none. */
function schemasOf(analysis: Analysis): Map<string, SchemaDefinition | null> {
	return new Map(
		[...mounted(analysis.app)].map(({ componentPath, definitionPath }) => {
			const exported = (definitionPath === '' ? analysis : analysis.components[definitionPath])?.schema;
			return [componentPath, exported === null || exported === undefined ? null : parseSchema(exported)];
		})
	);
}

/** The crons of a component, as the table keeps them; none for one that is not mounted. */
function cronSpecs(components: DeployedComponents, component: string) {
	const modules = components.get(component)?.analysis.modules ?? {};
	return readCrons(Object.values(modules).flatMap((module) => module.cronSpecs ?? []));
}

function modulePaths(components: DeployedComponents, component: string): string[] {
	return components.get(component)?.bundle.functions.map(({ path }) => path) ?? [];
}

/** An index as the CLI reads it. */
function indexJson({ table, index: { name, kind, fields, dimensions, staged } }: IndexChange) {
	const common = { name: `${table}.${name}`, type: kind, staged };
	const [field, ...filterFields] = fields;
	if (kind === 'search') return { ...common, searchField: field, filterFields };
	if (kind === 'vector') return { ...common, vectorField: field, dimensions, filterFields };
	return { ...common, fields };
}
