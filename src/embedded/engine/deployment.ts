import type { JSONValue } from 'convex/values';
import type { Database } from '../store/database.ts';
import { parseDefinition, PLAIN_APP } from './components/definition.ts';
import { mountApp, mounted } from './components/tree.ts';
import { parseJson } from './json.ts';
import type { DeploymentState } from './protocol.ts';
import type { Analysis, AnalyzedModule, DefinitionAnalysis } from './analysis.ts';
import type { DefinitionBundle, ModuleSource, PushBundle } from './bundle.ts';
import type { ComponentChange } from './pushChanges.ts';
import type { EnvironmentVariable } from './types.ts';

/** Modules that are no functions: their analysis column holds what they export. */
const SCHEMA_MODULE = 'schema.js';
const DEFINITION_MODULE = 'convex.config.js';
const AUTH_MODULE = 'auth.config.js';
const SPECIAL = new Set([SCHEMA_MODULE, DEFINITION_MODULE, AUTH_MODULE]);

/** Reads what was pushed, beside the environment that was set. */
export function loadDeployment(database: Database, environment: readonly EnvironmentVariable[]): DeploymentState {
	const paths = database.rows("SELECT DISTINCT definition FROM modules WHERE definition <> ''");
	const app = loadDefinition(database, '');
	const parts = paths.map(([path]) => loadDefinition(database, String(path)));
	const auth = loadModules(database, '').get(AUTH_MODULE);
	return {
		bundle: { ...app.bundle, auth: auth?.module ?? null, components: parts.map(({ bundle }) => bundle) },
		analysis: {
			...app.analysis,
			authProviders: Array.isArray(auth?.analysis) ? auth.analysis : [],
			components: Object.fromEntries(parts.map(({ bundle, analysis }) => [bundle.path, analysis])),
			// What the push demanded of environment variables is not asked again.
			app: mountApp(new Map([app, ...parts].map(({ bundle, analysis }) => [bundle.path, analysis])), true)
		},
		environment,
		unmounted: unmountedComponents(database)
	};
}

/** What is stored of one definition. */
interface StoredDefinition {
	readonly bundle: DefinitionBundle;
	readonly analysis: DefinitionAnalysis;
}

function loadDefinition(database: Database, path: string): StoredDefinition {
	const stored = loadModules(database, path);
	const schema = stored.get(SCHEMA_MODULE);
	const definition = stored.get(DEFINITION_MODULE);
	const functions: ModuleSource[] = [];
	const modules: Record<string, AnalyzedModule> = {};
	for (const { module, analysis } of stored.values()) {
		if (SPECIAL.has(module.path)) continue;
		functions.push(module);
		if (isAnalyzedModule(analysis)) modules[module.path] = analysis;
	}
	return {
		bundle: {
			path,
			functions,
			schema: schema?.module ?? null,
			definition: definition?.module ?? null,
			udfServerVersion: ''
		},
		analysis: {
			modules,
			schema: schema?.analysis ?? null,
			definition: definition === undefined ? PLAIN_APP : parseDefinition(path, definition.analysis)
		}
	};
}

interface StoredModule {
	readonly module: ModuleSource;
	readonly analysis: JSONValue;
}

function loadModules(database: Database, definition: string): Map<string, StoredModule> {
	const rows = database.rows(
		'SELECT path, environment, source, source_map, hash, analysis FROM modules WHERE definition = ? ORDER BY path',
		definition
	);
	const modules = rows.map(([path, environment, source, sourceMap, hash, analysis]): StoredModule => ({
		module: {
			path: String(path),
			environment: environment === 'node' ? 'node' : 'isolate',
			source: String(source),
			sourceMap: sourceMap === null || sourceMap === undefined ? null : String(sourceMap),
			hash: String(hash)
		},
		analysis: analysis === null || analysis === undefined ? null : parseJson(String(analysis))
	}));
	return new Map(modules.map((stored) => [stored.module.path, stored]));
}

/** Replaces the deployed modules. Inside a transaction of the caller's. */
export function saveBundle(database: Database, bundle: PushBundle, analysis: Analysis): void {
	database.run('DELETE FROM modules');
	saveDefinition(database, bundle, analysis);
	if (bundle.auth !== null) saveModule(database, '', { ...bundle.auth, path: AUTH_MODULE }, analysis.authProviders);
	for (const part of bundle.components) {
		const found = analysis.components[part.path];
		if (found === undefined) throw new Error(`the definition "${part.path}" was not analyzed`);
		saveDefinition(database, part, found);
	}
}

function saveDefinition(database: Database, bundle: DefinitionBundle, analysis: DefinitionAnalysis): void {
	const { path, functions, schema, definition } = bundle;
	for (const module of functions) {
		if (!SPECIAL.has(module.path)) saveModule(database, path, module, analysis.modules[module.path] ?? null);
	}
	if (schema !== null) saveModule(database, path, { ...schema, path: SCHEMA_MODULE }, analysis.schema);
	if (definition !== null) saveModule(database, path, { ...definition, path: DEFINITION_MODULE }, analysis.definition);
}

/**
 * Records what is mounted now, inside a transaction of the caller's; says what that is to each component that is mounted
 * or no longer is. The tables of a component that is unmounted stay as they are, and are its own again when it comes back.
 *
 *   (create) -> active -> (unmount) unmounted -> (remount) active
 */
export function saveMounts(database: Database, analysis: Analysis): Map<string, ComponentChange['type']> {
	const rows = database.rows('SELECT path, state FROM components');
	const before = new Map(rows.map(([path, state]) => [String(path), String(state)]));
	const changes = new Map<string, ComponentChange['type']>();
	for (const { componentPath: path } of mounted(analysis.app)) {
		const state = path === '' ? 'active' : before.get(path);
		changes.set(path, state === 'active' ? 'modify' : state === undefined ? 'create' : 'remount');
		if (path !== '') database.run("INSERT OR REPLACE INTO components (path, state) VALUES (?, 'active')", path);
	}
	for (const [path, state] of before) {
		if (changes.has(path) || state === 'unmounted') continue;
		changes.set(path, 'unmount');
		database.run("UPDATE components SET state = 'unmounted' WHERE path = ?", path);
	}
	return changes;
}

/** An import has brought tables of components: those that are not known are unmounted ones. Says whether there are any. */
export function saveImported(database: Database, components: Iterable<string>): boolean {
	let added = false;
	for (const component of components) {
		const names = component.split('/');
		for (const [depth] of names.entries()) {
			const path = names.slice(0, depth + 1).join('/');
			if (path === '' || database.row('SELECT 1 FROM components WHERE path = ?', path) !== null) continue;
			database.run("INSERT INTO components (path, state) VALUES (?, 'unmounted')", path);
			added = true;
		}
	}
	return added;
}

function unmountedComponents(database: Database): string[] {
	return database.rows("SELECT path FROM components WHERE state = 'unmounted'").map(([path]) => String(path));
}

/**
 * Replaces what the app's modules were found to export, as after a change of its environment variables. What is mounted
 * stays: that needs schemas, which only a push brings.
 */
export function saveAnalysis(database: Database, analysis: Analysis): void {
	const update = (path: string, value: unknown): void => {
		database.run("UPDATE modules SET analysis = ? WHERE definition = '' AND path = ?", JSON.stringify(value), path);
	};
	for (const [path, module] of Object.entries(analysis.modules)) update(path, module);
	update(SCHEMA_MODULE, analysis.schema);
	update(AUTH_MODULE, analysis.authProviders);
}

function saveModule(database: Database, definition: string, module: ModuleSource, analysis: unknown): void {
	database.run(
		'INSERT INTO modules (definition, path, environment, source, source_map, hash, analysis) VALUES (?, ?, ?, ?, ?, ?, ?)',
		definition,
		module.path,
		module.environment,
		module.source,
		module.sourceMap,
		module.hash,
		analysis === null ? null : JSON.stringify(analysis)
	);
}

/** The column was written by `saveModule`. */
function isAnalyzedModule(value: unknown): value is AnalyzedModule {
	return typeof value === 'object' && value !== null && 'functions' in value && Array.isArray(value.functions);
}
