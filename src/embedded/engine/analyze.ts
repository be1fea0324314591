import type { NodeModules } from '../actions/nodeModules.ts';
import { analyzedCrons } from '../scheduler/crons.ts';
import { evaluateDefinitions } from './components/evaluate.ts';
import { mountApp, TreeFault } from './components/tree.ts';
import type { Definitions } from './components/tree.ts';
import { AnalysisRefusal, evaluate, importHost } from './evaluate.ts';
import { faultOf } from './failure.ts';
import { parseJson } from './json.ts';
import { callMethod, exportOf, hasMark, ModuleGraph } from './modules.ts';
import type { Namespace } from './modules.ts';
import { sourceMaps, systemVariables } from './runtime.ts';
import { createSandbox } from './sandbox.ts';
import { StackMapper } from './stack.ts';
import type { Analysis, AnalyzedFunction, AnalyzedModule, DefinitionAnalysis } from './analysis.ts';
import type { DefinitionBundle, ModuleSource, PushBundle } from './bundle.ts';

/**
 * Evaluates a bundle and says what it exports: functions, routes, crons, schemas, the auth providers, and the tree of
 * components. Throws an AnalysisRefusal in words for the person who pushes.
 */
export async function analyzeBundle(
	bundle: PushBundle,
	environment: ReadonlyMap<string, string>,
	node: NodeModules,
	forCodegen: boolean
): Promise<Analysis> {
	const authProviders = bundle.auth === null ? [] : await evaluateAuth(bundle.auth, environment);
	const definitions = await evaluateDefinitions(bundle, environment);
	const analyzed = new Map<string, DefinitionAnalysis>();
	const analyze = async (
		part: DefinitionBundle,
		variables: ReadonlyMap<string, string>
	): Promise<DefinitionAnalysis> => {
		const definition = definitions.get(part.path);
		if (definition === undefined)
			throw new AnalysisRefusal('InvalidConvexConfig', `Nothing uses the component definition "${part.path}".`);
		const schema = part.schema === null ? null : await evaluateSchema(part.schema, variables);
		const analysis = { modules: await analyzeModules(part, variables, node), schema, definition };
		analyzed.set(part.path, analysis);
		return analysis;
	};
	const app = await analyze(bundle, environment);
	// The variables of the deployment are the app's: a component learns at run time what its parent gives it.
	const systems = systemVariables(environment);
	const components: Record<string, DefinitionAnalysis> = {};
	for (const part of bundle.components) {
		refuseNode(part);
		components[part.path] = await analyze(part, systems);
	}
	return { ...app, authProviders, components, app: mountTree(analyzed, forCodegen) };
}

function mountTree(definitions: Definitions, forCodegen: boolean): Analysis['app'] {
	try {
		return mountApp(definitions, forCodegen);
	} catch (error) {
		if (error instanceof TreeFault) throw new AnalysisRefusal('TypecheckError', error.message);
		throw error;
	}
}

function refuseNode({ functions }: DefinitionBundle): void {
	const node = functions.find(({ environment }) => environment === 'node');
	if (node !== undefined) {
		throw new AnalysisRefusal(
			'NodeActionsNotSupported',
			`Node actions are not supported in components. Remove "use node" from ${node.path}`
		);
	}
}

async function analyzeModules(
	{ path, functions }: DefinitionBundle,
	environment: ReadonlyMap<string, string>,
	node: NodeModules
): Promise<Record<string, AnalyzedModule>> {
	const graph = new ModuleGraph(functions, createSandbox(importHost(environment)));
	const maps = sourceMaps(functions);
	const modules: Record<string, AnalyzedModule> = {};
	for (const module of functions) {
		if (module.path.startsWith('_deps/')) continue;
		const isNode = module.environment === 'node';
		try {
			const namespace = isNode ? await node.load(module.path) : await graph.load(module.path);
			modules[module.path] = analyzeModule(module, namespace);
		} catch (error) {
			if (error instanceof AnalysisRefusal) throw error;
			const stacks = new StackMapper(maps, isNode ? (file) => node.locate(file) : undefined);
			const where = path === '' ? module.path : `${module.path} of component "${path}"`;
			throw new AnalysisRefusal(
				'InvalidModules',
				`Loading the pushed modules encountered the following error:\nFailed to analyze ${where}: ${faultOf(error, stacks).message}`
			);
		}
	}
	return modules;
}

function analyzeModule(module: ModuleSource, namespace: Namespace): AnalyzedModule {
	const functions: AnalyzedFunction[] = [];
	for (const name of Object.keys(namespace)) {
		const found = analyzeFunction(name, exportOf(namespace, name));
		if (found === null) continue;
		if (module.environment === 'node' && found.udfType !== 'Action') {
			throw new AnalysisRefusal(
				'InvalidModules',
				`\`${name}\` defined in \`${module.path}\` is a ${found.udfType} function. Only actions can be defined in Node.js. See https://docs.convex.dev/functions/actions for more details.`
			);
		}
		functions.push(found);
	}
	const main = exportOf(namespace, 'default');
	return {
		functions,
		httpRoutes: module.path === 'http.js' ? routesOf(main) : null,
		cronSpecs: module.path === 'crons.js' ? cronsOf(main) : null
	};
}

function analyzeFunction(name: string, exported: unknown): AnalyzedFunction | null {
	const udfType = hasMark(exported, 'isQuery')
		? 'Query'
		: hasMark(exported, 'isMutation')
			? 'Mutation'
			: hasMark(exported, 'isAction')
				? 'Action'
				: null;
	if (udfType === null) return null;
	const isPublic = hasMark(exported, 'isPublic');
	if (!isPublic && !hasMark(exported, 'isInternal')) return null;
	return {
		name,
		udfType,
		visibility: { kind: isPublic ? 'public' : 'internal' },
		args: textOf(callMethod(exported, 'exportArgs')),
		returns: textOf(callMethod(exported, 'exportReturns'))
	};
}

/** Validator JSON; the text `null` means that there is none. */
function textOf(exported: unknown): string | null {
	return typeof exported === 'string' && exported !== 'null' ? exported : null;
}

function routesOf(router: unknown): AnalyzedModule['httpRoutes'] {
	if (!hasMark(router, 'isRouter')) {
		throw new AnalysisRefusal(
			'InvalidModules',
			'The default export of `convex/http.ts` must be a Router: `export default httpRouter()`.'
		);
	}
	const routes = callMethod(router, 'getRoutes');
	if (!Array.isArray(routes)) return [];
	return routes.map((entry: unknown) => {
		const [path, method]: readonly unknown[] = Array.isArray(entry) ? entry : [];
		return { route: { path: String(path), method: String(method) } };
	});
}

function cronsOf(crons: unknown): AnalyzedModule['cronSpecs'] {
	if (!hasMark(crons, 'isCrons')) {
		throw new AnalysisRefusal(
			'InvalidModules',
			'The default export of `convex/crons.ts` must be crons: `export default cronJobs()`.'
		);
	}
	return analyzedCrons(parseJson(String(callMethod(crons, 'export'))));
}

async function evaluateSchema(module: ModuleSource, environment: ReadonlyMap<string, string>): Promise<unknown> {
	return evaluate(module, {
		host: importHost(environment),
		code: 'InvalidSchema',
		explanation: 'Hit an error while evaluating your schema',
		read: (exports) => parseJson(String(callMethod(exportOf(exports, 'default'), 'export')))
	});
}

async function evaluateAuth(
	module: ModuleSource,
	environment: ReadonlyMap<string, string>
): Promise<readonly unknown[]> {
	const missing: string[] = [];
	const host = importHost(environment, (name) => {
		const value = environment.get(name);
		if (value !== undefined) return value;
		missing.push(name);
		throw new Error(missingVariable(name));
	});
	try {
		return await evaluate(module, {
			host,
			code: 'InvalidAuthConfig',
			explanation: 'Hit an error while evaluating the auth config',
			read: (exports) => providersOf(exportOf(exports, 'default'))
		});
	} catch (error) {
		const [name] = missing;
		if (name !== undefined) throw new AnalysisRefusal('AuthConfigMissingEnvironmentVariable', missingVariable(name));
		throw error;
	}
}

function missingVariable(name: string): string {
	return `Environment variable ${name} is used in auth config file but its value was not set`;
}

function providersOf(config: unknown): readonly unknown[] {
	const parsed = parseJson(JSON.stringify(config) ?? 'null');
	const providers =
		typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed.providers : undefined;
	if (!Array.isArray(providers)) throw new Error('auth.config.ts must export {providers: [...]} as its default.');
	return providers.map((provider) => {
		const isCustom =
			typeof provider === 'object' && provider !== null && !Array.isArray(provider) && provider.type === 'customJwt';
		return isCustom ? { applicationID: null, ...provider } : provider;
	});
}
