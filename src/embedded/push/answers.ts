/** The shapes in which the CLI reads the course of a push. */
import { isDeepStrictEqual } from 'node:util';
import type { Analysis, AppliedPush } from '../engine/types.ts';
import type { PendingPush } from './pushes.ts';

const NO_EXPORTS = { type: 'branch', branch: [] };

/** Answer to `start_push`. */
export function startPushAnswer(id: string, { bundle, analysis, environment, indexDiff }: PendingPush): unknown {
	return {
		environmentVariables: Object.fromEntries(environment.map(({ name, value }) => [name, value])),
		externalDepsId: null,
		componentDefinitionPackages: {},
		appAuth: analysis.authProviders,
		analysis: {
			'': {
				definition: {
					path: '',
					definitionType: { type: 'app' },
					childComponents: [],
					httpMounts: {},
					exports: NO_EXPORTS,
					envVars: []
				},
				schema: analysis.schema ?? null,
				functions: analyzedModules(analysis),
				udfConfig: { serverVersion: bundle.udfServerVersion, importPhaseRngSeed: null, importPhaseUnixTimestamp: null }
			}
		},
		app: {
			definitionPath: '',
			componentPath: '',
			args: {},
			childComponents: {},
			httpRoutes: { httpModuleRoutes: null, mounts: [] },
			exports: {}
		},
		schemaChange: { allocatedComponentIds: {}, schemaIds: { '': id }, indexDiffs: { '': indexDiffAnswer(indexDiff) } }
	};
}

/** Answer to `finish_push`: what is different now. `before` and `after` are the deployed auth providers. */
export function finishPushAnswer(
	applied: AppliedPush,
	indexDiff: PendingPush['indexDiff'],
	before: readonly unknown[],
	after: readonly unknown[]
): unknown {
	return {
		authDiff: { added: missingFrom(before, after), removed: missingFrom(after, before) },
		definitionDiffs: {},
		componentDiffs: {
			'': {
				diffType: { type: 'modify' },
				moduleDiff: { added: applied.modulesAdded, removed: applied.modulesRemoved },
				udfConfigDiff: null,
				cronDiff: applied.cronDiff,
				indexDiff: indexDiffAnswer(indexDiff),
				schemaDiff: null
			}
		}
	};
}

/** Answer to `finish_push` of a dry run. */
export const NOTHING_PUSHED = { authDiff: { added: [], removed: [] }, definitionDiffs: {}, componentDiffs: {} };

function analyzedModules({ modules }: Analysis): unknown {
	return Object.fromEntries(
		Object.entries(modules).map(([path, { functions, httpRoutes, cronSpecs }]) => [
			path,
			{
				functions: functions.map((analyzed) => ({ ...analyzed, pos: null })),
				httpRoutes,
				cronSpecs,
				sourceMapped: null
			}
		])
	);
}

function indexDiffAnswer({ added, removed }: PendingPush['indexDiff']): unknown {
	return { added_indexes: added, removed_indexes: removed, enabled_indexes: [], disabled_indexes: [] };
}

function missingFrom(there: readonly unknown[], here: readonly unknown[]): string[] {
	return here.filter((one) => !there.some((other) => isDeepStrictEqual(one, other))).map((one) => JSON.stringify(one));
}
