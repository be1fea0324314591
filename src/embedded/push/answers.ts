/** The shapes in which the CLI reads the course of a push. */
import { isDeepStrictEqual } from 'node:util';
import { exportTree } from '../engine/components/tree.ts';
import type { ExportTree } from '../engine/components/mount.ts';
import type { DefinitionAnalysis } from '../engine/analysis.ts';
import type { AppliedPush, ComponentChange, IndexDiffs } from '../engine/pushChanges.ts';
import type { PendingPush } from './pushes.ts';

const NO_INDEXES: IndexDiffs[string] = { added: [], removed: [], enabled: [], disabled: [] };

/** Answer to `start_push`. */
export function startPushAnswer(
	id: string,
	{ bundle, analysis, environment, indexDiffs, schemaChange }: PendingPush
): unknown {
	const versions = [bundle, ...bundle.components].map(
		({ path, udfServerVersion }) => [path, udfServerVersion] as const
	);
	const analyses: Readonly<Record<string, DefinitionAnalysis>> = { '': analysis, ...analysis.components };
	return {
		environmentVariables: Object.fromEntries(environment.map(({ name, value }) => [name, value])),
		externalDepsId: null,
		// Where the pushed code is kept: `finish_push` brings it back.
		componentDefinitionPackages: { '': { storageKey: id } },
		appAuth: analysis.authProviders,
		analysis: Object.fromEntries(
			versions.flatMap(([path, version]) => {
				const found = analyses[path];
				return found === undefined ? [] : [[path, definitionAnswer(path, found, version)]];
			})
		),
		app: analysis.app,
		schemaChange: {
			...evaluatePushAnswer(indexDiffs).schemaChange,
			schemaIds: mapValues(indexDiffs, () => schemaChange)
		}
	};
}

/** Answer to `evaluate_push`: nothing is begun that an id could stand for. */
export function evaluatePushAnswer(indexDiffs: IndexDiffs) {
	return {
		schemaChange: {
			allocatedComponentIds: {},
			schemaIds: {},
			indexDiffs: mapValues(indexDiffs, indexDiffAnswer)
		}
	};
}

/** Answer to `finish_push`: what is different now. `before` and `after` are the deployed auth providers. */
export function finishPushAnswer(applied: AppliedPush, before: readonly unknown[], after: readonly unknown[]): unknown {
	return {
		authDiff: { added: missingFrom(before, after), removed: missingFrom(after, before) },
		definitionDiffs: {},
		componentDiffs: mapValues(applied.components, (change, path) => changeAnswer(change, applied.indexDiffs[path]))
	};
}

/** Answer to `finish_push` of a dry run. */
export const NOTHING_PUSHED = { authDiff: { added: [], removed: [] }, definitionDiffs: {}, componentDiffs: {} };

function definitionAnswer(
	path: string,
	{ definition, schema, modules }: DefinitionAnalysis,
	serverVersion: string
): unknown {
	return {
		// The app's own functions reach the generated code otherwise.
		definition: path === '' ? definition : { ...definition, exports: branch(exportTree('', modules)) },
		schema: schema ?? null,
		functions: mapValues(modules, ({ functions, httpRoutes, cronSpecs }) => ({
			functions: functions.map((analyzed) => ({ ...analyzed, pos: null })),
			httpRoutes,
			cronSpecs,
			sourceMapped: null
		})),
		udfConfig: { serverVersion, importPhaseRngSeed: null, importPhaseUnixTimestamp: null }
	};
}

/** Exports as a definition lists them: references, not yet functions of a mounted component. */
function branch(tree: Readonly<Record<string, ExportTree>>): unknown {
	const entries = Object.entries(tree).map(([name, node]) => {
		if (node.type === 'branch') return [name, branch(node.children)];
		const { resource } = node;
		const leaf = resource.type === 'function' ? `_reference/function/${resource.path.udfPath}` : resource.value;
		return [name, { type: 'leaf', leaf }];
	});
	return { type: 'branch', branch: entries };
}

function changeAnswer(change: ComponentChange, indexDiff = NO_INDEXES): unknown {
	return {
		diffType: { type: change.type },
		moduleDiff: { added: change.modulesAdded, removed: change.modulesRemoved },
		udfConfigDiff: null,
		cronDiff: change.cronDiff,
		indexDiff: indexDiffAnswer(indexDiff),
		schemaDiff: null
	};
}

function indexDiffAnswer({ added, removed, enabled, disabled }: IndexDiffs[string]): unknown {
	return {
		added_indexes: added,
		removed_indexes: removed,
		enabled_indexes: enabled,
		disabled_indexes: disabled
	};
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => R): Record<string, R> {
	return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}

function missingFrom(there: readonly unknown[], here: readonly unknown[]): string[] {
	return here.filter((one) => !there.some((other) => isDeepStrictEqual(one, other))).map((one) => JSON.stringify(one));
}
