import type { TableResolver } from '../values/validate.ts';
import { compileChecks } from './checks.ts';
import type { FunctionChecks } from './checks.ts';
import { exportOf, ModuleGraph } from './modules.ts';
import { displayPath } from './paths.ts';
import type { FunctionPath } from './paths.ts';
import type { DeploymentState, EngineSettings } from './protocol.ts';
import { createSandbox } from './sandbox.ts';
import type { SandboxHost } from './sandbox.ts';
import { StackMapper } from './stack.ts';
import type { AnalyzedFunction } from './types.ts';

/** One pushed bundle, ready to run: a sandbox of its own, dropped with the next push. */
export class Runtime {
	readonly stacks: StackMapper;
	readonly #graph: ModuleGraph;
	readonly #functions = new Map<string, { readonly found: AnalyzedFunction; checks: FunctionChecks | null }>();
	readonly #resolve: TableResolver;

	constructor(deployment: DeploymentState, host: SandboxHost, resolve: TableResolver) {
		this.#graph = new ModuleGraph(deployment.modules, createSandbox(host));
		this.#resolve = resolve;
		this.stacks = new StackMapper(sourceMaps(deployment));
		for (const [module, { functions }] of Object.entries(deployment.analysis.modules)) {
			for (const found of functions)
				this.#functions.set(displayPath({ module, name: found.name }), { found, checks: null });
		}
	}

	find(path: FunctionPath): AnalyzedFunction | null {
		return this.#functions.get(displayPath(path))?.found ?? null;
	}

	checks(path: FunctionPath): FunctionChecks {
		const entry = this.#functions.get(displayPath(path));
		if (entry === undefined) return { args: null, returns: null };
		return (entry.checks ??= compileChecks(entry.found, this.#resolve));
	}

	/** The exported function. Ready at once after the first call of a module. */
	export(path: FunctionPath): unknown {
		const namespace = this.#graph.loaded(path.module);
		return namespace === null
			? this.#graph.load(path.module).then((loaded) => exportOf(loaded, path.name))
			: exportOf(namespace, path.name);
	}

	/** The default export of a module, such as the router of `http.js`; undefined when there is no such module. */
	async defaultExport(module: string): Promise<unknown> {
		return exportOf(await this.#graph.load(module), 'default');
	}
}

export function sourceMaps(deployment: Pick<DeploymentState, 'modules'>): (module: string) => string | null {
	const maps = new Map(deployment.modules.map((module) => [module.path, module.sourceMap]));
	return (module) => maps.get(module) ?? null;
}

/** What user code finds in `process.env`: the deployment's variables and its two addresses. */
export function environmentOf(
	deployment: Pick<DeploymentState, 'environment'>,
	settings: Pick<EngineSettings, 'cloudUrl' | 'siteUrl'>
): Map<string, string> {
	const variables = new Map(deployment.environment.map(({ name, value }) => [name, value]));
	variables.set('CONVEX_CLOUD_URL', settings.cloudUrl);
	variables.set('CONVEX_SITE_URL', settings.siteUrl);
	return variables;
}
