import { freshSeed, seededRandom } from './random.ts';
import type { NodeModules } from '../actions/nodeModules.ts';
import { analyzedCrons } from '../scheduler/crons.ts';
import { faultOf } from './failure.ts';
import { parseJson } from './json.ts';
import { callMethod, exportOf, hasMark, ModuleGraph } from './modules.ts';
import type { Namespace } from './modules.ts';
import { createSandbox } from './sandbox.ts';
import type { SandboxHost } from './sandbox.ts';
import { StackMapper } from './stack.ts';
import { sourceMaps } from './runtime.ts';
import type { Analysis, AnalyzedFunction, AnalyzedModule, ModuleSource, PushBundle, PushRefusal } from './types.ts';

/** A push that was refused while its modules were evaluated. */
export class AnalysisRefusal extends Error {
	readonly refusal: PushRefusal;

	constructor(code: string, message: string) {
		super(message);
		this.refusal = { code, message };
	}
}

/**
 * Evaluates a bundle and says what it exports: functions, routes, crons, the schema, the auth providers. Throws an
 * AnalysisRefusal in words for the person who pushes.
 */
export async function analyzeBundle(
	bundle: PushBundle,
	environment: ReadonlyMap<string, string>,
	node: NodeModules
): Promise<Analysis> {
	const authProviders = bundle.auth === null ? [] : await evaluateAuth(bundle.auth, environment);
	const schema = bundle.schema === null ? null : await evaluateSchema(bundle.schema, environment);
	const graph = new ModuleGraph(
		bundle.functions,
		createSandbox(importHost((name) => environment.get(name), environment))
	);
	const maps = sourceMaps({ modules: bundle.functions });
	const modules: Record<string, AnalyzedModule> = {};
	for (const module of bundle.functions) {
		if (module.path.startsWith('_deps/')) continue;
		const isNode = module.environment === 'node';
		try {
			const namespace = isNode ? await node.load(module.path) : await graph.load(module.path);
			modules[module.path] = analyzeModule(module, namespace);
		} catch (error) {
			if (error instanceof AnalysisRefusal) throw error;
			const stacks = new StackMapper(maps, isNode ? (file) => node.locate(file) : undefined);
			throw new AnalysisRefusal(
				'InvalidModules',
				`Loading the pushed modules encountered the following error:\nFailed to analyze ${module.path}: ${faultOf(error, stacks).message}`
			);
		}
	}
	return { modules, schema, authProviders };
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
	return evaluate(
		module,
		importHost((name) => environment.get(name), environment),
		'InvalidSchema',
		'Hit an error while evaluating your schema',
		(schema) => parseJson(String(callMethod(schema, 'export')))
	);
}

async function evaluateAuth(
	module: ModuleSource,
	environment: ReadonlyMap<string, string>
): Promise<readonly unknown[]> {
	const missing: string[] = [];
	const host = importHost((name) => {
		const value = environment.get(name);
		if (value !== undefined) return value;
		missing.push(name);
		throw new Error(missingVariable(name));
	}, environment);
	const explanation = 'Hit an error while evaluating the auth config';
	try {
		return await evaluate(module, host, 'InvalidAuthConfig', explanation, providersOf);
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

async function evaluate<T>(
	module: ModuleSource,
	host: SandboxHost,
	code: string,
	explanation: string,
	read: (exported: unknown) => T
): Promise<T> {
	const graph = new ModuleGraph([module], createSandbox(host));
	try {
		return read(exportOf(await graph.load(module.path), 'default'));
	} catch (error) {
		const fault = faultOf(error, new StackMapper(sourceMaps({ modules: [module] })));
		throw new AnalysisRefusal(code, `${explanation}: ${fault.message}`);
	}
}

/** While modules are evaluated there is no call, so nothing of a call can be reached. */
function importHost(
	variable: (name: string) => string | undefined,
	environment: ReadonlyMap<string, string>
): SandboxHost {
	const now = Date.now();
	const refuse = (): never => {
		throw new Error("Can't use database at import time");
	};
	return {
		syscall: refuse,
		asyncSyscall: refuse,
		jsSyscall: refuse,
		now: () => now,
		random: seededRandom(freshSeed()),
		performanceNow: () => 0,
		environment: variable,
		environmentNames: () => [...environment.keys()],
		log: () => undefined,
		allow: (what) => {
			throw new Error(`Can't use ${what} at import time`);
		}
	};
}
