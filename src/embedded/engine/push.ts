import type { SqliteStore } from '../store/store.ts';
import { changeId } from '../store/schemaChanges.ts';
import { parseSchema } from '../store/schema.ts';
import type { IndexChange, IndexDiff, Schemas } from '../store/types.ts';
import { readCrons } from '../scheduler/crons.ts';
import type { CronTable } from '../scheduler/crons.ts';
import { DeveloperError } from '../values/errors.ts';
import { DeployedComponents } from './components/deployed.ts';
import { mounted } from './components/tree.ts';
import { saveBundle, saveMounts } from './deployment.ts';
import type { DeploymentState } from './protocol.ts';
import type { Analysis } from './analysis.ts';
import type { PushBundle } from './bundle.ts';
import type {
	AppliedPush,
	ComponentChange,
	IndexDiffs,
	IndexJson,
	PlannedPush,
	PushRefusal,
	SchemaPrediction,
	SchemaPredictions
} from './pushChanges.ts';
import { missingRefusal } from './variables.ts';

/** What a push would change. No effect. */
export function planPush(store: SqliteStore, analysis: Analysis): PlannedPush | PushRefusal {
	return refusingly(() => {
		const schemas = schemasOf(analysis);
		const diffs = new Map([...schemas].map(([component, schema]) => [component, store.diffIndexes(component, schema)]));
		return {
			indexDiffs: indexDiffs(diffs),
			schemaChange: { push: changeId(schemas, false), dryRun: changeId(schemas, true) }
		};
	});
}

/** What the schemas of a push would have to read, and of how many documents. No effect. */
export function predictSchema(store: SqliteStore, analysis: Analysis): SchemaPredictions | PushRefusal {
	return refusingly(() => {
		const schemas = schemasOf(analysis);
		const walked = store.tablesToCheck(schemas);
		const predictions = [...mounted(analysis.app)].map((mount): [string, SchemaPrediction] => {
			const { componentPath: component, definitionPath } = mount;
			const schema = schemas.get(component) ?? null;
			const diff = store.diffIndexes(component, schema);
			const predict = (change: SchemaPrediction['indexes'][number]['change'], changes: readonly IndexChange[]) =>
				changes.map((one) => ({
					...indexJson(one),
					change,
					needsBackfill: change !== 'dropped' && (one.existing === null || one.existing.state === 'backfilling'),
					numDocs: store.tableSize(component, one.table).documents
				}));
			return [
				component,
				{
					definitionPath,
					schemaValidation: schema?.schemaValidation ?? false,
					tables: walked
						.filter((table) => table.component === component)
						.map(({ name }) => {
							const { documents, bytes } = store.tableSize(component, name);
							return { name, outcome: 'mustWalk', numDocs: documents, sizeBytes: bytes };
						}),
					indexes: [
						...predict('added', diff.added),
						...predict('dropped', diff.removed),
						...predict('enabled', diff.enabled),
						...predict('disabled', diff.disabled)
					]
				}
			];
		});
		return { components: Object.fromEntries(predictions) };
	});
}

/**
 * Puts a push in force in one transaction, once the documents have been checked and the indexes filled: schemas, indexes,
 * modules and crons of all components change together.
 */
export function applyPush(
	store: SqliteStore,
	crons: CronTable,
	before: DeploymentState,
	bundle: PushBundle,
	analysis: Analysis
): AppliedPush | PushRefusal {
	const missing = missingRefusal(before.environment, analysis.definition);
	if (missing !== null) return missing;
	const old = new DeployedComponents(before.bundle, before.analysis);
	const deployed = new DeployedComponents(bundle, analysis);
	const tx = store.begin('write');
	try {
		const database = tx.exclusive();
		const diffs = store.changingSchema(tx).finish(schemasOf(analysis));
		saveBundle(database, bundle, analysis);
		const components: Record<string, ComponentChange> = {};
		for (const [component, type] of saveMounts(database, analysis)) {
			const modules = modulePaths(deployed, component);
			const oldModules = modulePaths(old, component);
			components[component] = {
				type,
				modulesAdded: modules.filter((path) => !oldModules.includes(path)),
				modulesRemoved: oldModules.filter((path) => !modules.includes(path)),
				cronDiff: crons.apply(tx, component, cronSpecs(deployed, component), Date.now())
			};
		}
		tx.commit();
		return { components, indexDiffs: indexDiffs(diffs) };
	} catch (error) {
		tx.rollback();
		if (error instanceof DeveloperError) return { code: error.code, message: error.message };
		throw error;
	}
}

/** The schema of every component that a push mounts, by component path. Throws a DeveloperError for what is none. */
export function schemasOf(analysis: Analysis): Schemas {
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

function refusingly<T>(plan: () => T): T | PushRefusal {
	try {
		return plan();
	} catch (error) {
		if (error instanceof DeveloperError) return { code: 'InvalidSchema', message: error.message };
		throw error;
	}
}

function indexDiffs(diffs: ReadonlyMap<string, IndexDiff>): IndexDiffs {
	const shape = ({ added, removed, enabled, disabled }: IndexDiff): IndexDiffs[string] => ({
		added: added.map(indexJson),
		removed: removed.map(indexJson),
		enabled: enabled.map(indexJson),
		disabled: disabled.map(indexJson)
	});
	return Object.fromEntries([...diffs].map(([component, diff]) => [component, shape(diff)]));
}

/** An index as the CLI reads it. */
function indexJson({ table, index: { name, kind, fields, dimensions, staged } }: IndexChange): IndexJson {
	const common = { name: `${table}.${name}`, type: kind, staged };
	const [field, ...filterFields] = fields;
	if (kind === 'search') return { ...common, searchField: field, filterFields };
	if (kind === 'vector') return { ...common, vectorField: field, dimensions, filterFields };
	return { ...common, fields };
}
