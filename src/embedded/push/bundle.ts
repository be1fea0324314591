/** What the CLI sends to push code, and the bundle that the engine takes. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { DefinitionBundle, ModuleSource, PushBundle } from '../engine/bundle.ts';
import type { Engine } from '../engine/engine.ts';
import type { PushRefusal } from '../engine/pushChanges.ts';

const environment = z.enum(['isolate', 'node']);
const moduleShape = z.object({ path: z.string(), source: z.string(), sourceMap: z.string().nullish(), environment });
type Module = z.infer<typeof moduleShape>;

/** Body of `start_push` and `evaluate_schema`. */
export const startPushShape = z.object({
	adminKey: z.string(),
	dryRun: z.boolean(),
	functions: z.string(),
	appDefinition: z.object({
		definition: moduleShape.nullable(),
		dependencies: z.array(z.string()),
		schema: moduleShape.nullable(),
		changedModules: z.array(moduleShape),
		unchangedModuleHashes: z.array(z.object({ path: z.string(), environment, sha256: z.string() })),
		udfServerVersion: z.string()
	}),
	componentDefinitions: z.array(
		z.object({
			definitionPath: z.string(),
			definition: moduleShape,
			dependencies: z.array(z.string()),
			schema: moduleShape.nullable(),
			functions: z.array(moduleShape),
			udfServerVersion: z.string()
		})
	),
	/** Types are wanted for a component by itself; the app around it is made up. */
	forCodegen: z.boolean().optional()
});

export type StartPush = z.infer<typeof startPushShape>;

const AUTH_CONFIG = 'auth.config.js';

/** Completes a push with the deployed sources of the modules that did not change, or says why it cannot. */
export async function assembleBundle(
	{ appDefinition, componentDefinitions }: StartPush,
	engine: Engine
): Promise<PushBundle | PushRefusal> {
	const unchanged = await deployedModules(appDefinition.unchangedModuleHashes, engine);
	if ('code' in unchanged) return unchanged;
	const modules = [...appDefinition.changedModules.map(toSource), ...unchanged];
	return {
		path: '',
		functions: modules.filter(({ path }) => path !== AUTH_CONFIG),
		schema: appDefinition.schema && toSource(appDefinition.schema),
		auth: modules.find(({ path }) => path === AUTH_CONFIG) ?? null,
		definition: appDefinition.definition && toSource(appDefinition.definition),
		udfServerVersion: appDefinition.udfServerVersion,
		components: componentDefinitions.map(toDefinition)
	};
}

type ModuleHash = StartPush['appDefinition']['unchangedModuleHashes'][number];

async function deployedModules(
	hashes: readonly ModuleHash[],
	engine: Engine
): Promise<readonly ModuleSource[] | PushRefusal> {
	const sources = hashes.length === 0 ? [] : await engine.moduleSources(hashes.map(({ path }) => path));
	const deployed = new Map(sources.map((module) => [module.path, module]));
	const found: ModuleSource[] = [];
	for (const { path, sha256, environment: runtime } of hashes) {
		const module = deployed.get(path);
		if (module?.hash !== sha256 || module.environment !== runtime) {
			return { code: 'RaceDetected', message: `Another push has changed ${path} meanwhile. Try again.` };
		}
		found.push(module);
	}
	return found;
}

function toDefinition(part: StartPush['componentDefinitions'][number]): DefinitionBundle {
	const { definitionPath, definition, schema, functions, udfServerVersion } = part;
	return {
		path: definitionPath,
		functions: functions.map(toSource),
		schema: schema && toSource(schema),
		definition: toSource(definition),
		udfServerVersion
	};
}

function toSource({ path, source, sourceMap, environment: runtime }: Module): ModuleSource {
	return {
		path,
		source,
		sourceMap: sourceMap ?? null,
		environment: runtime,
		hash: hash('sha256', source + (sourceMap ?? ''))
	};
}
