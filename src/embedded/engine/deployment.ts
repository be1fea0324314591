import type { Database } from '../store/database.ts';
import { parseJson } from './json.ts';
import type { DeploymentState } from './protocol.ts';
import type { Analysis, AnalyzedModule, EnvironmentVariable, ModuleSource, PushBundle } from './types.ts';

/** Modules that are no functions: their analysis column holds what they export. */
export const SCHEMA_MODULE = 'schema.js';
const AUTH_MODULE = 'auth.config.js';

/** Reads what was pushed and set. */
export function loadDeployment(database: Database): DeploymentState {
	const rows = database.rows('SELECT path, environment, source, source_map, hash, analysis FROM modules ORDER BY path');
	const modules: ModuleSource[] = [];
	const analyzed: Record<string, AnalyzedModule> = {};
	let schema: ModuleSource | null = null;
	let auth: ModuleSource | null = null;
	let exportedSchema: unknown = null;
	let authProviders: readonly unknown[] = [];
	for (const [path, environment, source, sourceMap, hash, analysis] of rows) {
		const module: ModuleSource = {
			path: String(path),
			environment: environment === 'node' ? 'node' : 'isolate',
			source: String(source),
			sourceMap: sourceMap === null || sourceMap === undefined ? null : String(sourceMap),
			hash: String(hash)
		};
		const parsed: unknown = analysis === null || analysis === undefined ? null : parseJson(String(analysis));
		if (module.path === SCHEMA_MODULE) {
			schema = module;
			exportedSchema = parsed;
		} else if (module.path === AUTH_MODULE) {
			auth = module;
			authProviders = Array.isArray(parsed) ? parsed : [];
		} else {
			modules.push(module);
			if (isAnalyzedModule(parsed)) analyzed[module.path] = parsed;
		}
	}
	return {
		modules,
		schema,
		auth,
		analysis: { modules: analyzed, schema: exportedSchema, authProviders },
		environment: readEnvironment(database)
	};
}

/** Replaces the deployed modules. Inside a transaction of the caller's. */
export function saveBundle(database: Database, bundle: PushBundle, analysis: Analysis): void {
	database.run('DELETE FROM modules');
	for (const module of bundle.functions) {
		if (module.path === SCHEMA_MODULE || module.path === AUTH_MODULE) continue;
		saveModule(database, module, analysis.modules[module.path] ?? null);
	}
	if (bundle.schema !== null) saveModule(database, { ...bundle.schema, path: SCHEMA_MODULE }, analysis.schema);
	if (bundle.auth !== null) saveModule(database, { ...bundle.auth, path: AUTH_MODULE }, analysis.authProviders);
}

/** Replaces what the modules were found to export, as after a change of the environment. */
export function saveAnalysis(database: Database, analysis: Analysis): void {
	const update = (path: string, value: unknown): void => {
		database.run('UPDATE modules SET analysis = ? WHERE path = ?', JSON.stringify(value), path);
	};
	for (const [path, module] of Object.entries(analysis.modules)) update(path, module);
	update(SCHEMA_MODULE, analysis.schema);
	update(AUTH_MODULE, analysis.authProviders);
}

export function saveEnvironment(
	database: Database,
	changes: readonly { readonly name: string; readonly value: string | null }[]
): void {
	for (const { name, value } of changes) {
		if (value === null) database.run('DELETE FROM environment WHERE name = ?', name);
		else
			database.run(
				'INSERT INTO environment (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
				name,
				value
			);
	}
}

function readEnvironment(database: Database): EnvironmentVariable[] {
	return database
		.rows('SELECT name, value FROM environment ORDER BY name')
		.map(([name, value]) => ({ name: String(name), value: String(value) }));
}

function saveModule(database: Database, module: ModuleSource, analysis: unknown): void {
	database.run(
		'INSERT INTO modules (path, environment, source, source_map, hash, analysis) VALUES (?, ?, ?, ?, ?, ?)',
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
