import type { TableResolver } from '../values/validate.ts';
import { compileChecks } from './checks.ts';
import type { FunctionChecks } from './checks.ts';
import { DeployedComponents } from './components/deployed.ts';
import type { DeployedComponent } from './components/deployed.ts';
import type { MountedComponent } from './components/mount.ts';
import { faultOf, FunctionRefusal } from './failure.ts';
import type { Fault } from './failure.ts';
import { exportOf, ModuleGraph } from './modules.ts';
import { displayPath } from './paths.ts';
import type { FunctionPath } from './paths.ts';
import type { DeploymentState, EngineSettings } from './protocol.ts';
import { createSandbox } from './sandbox.ts';
import type { SandboxHost } from './sandbox.ts';
import { StackMapper } from './stack.ts';
import type { AnalyzedFunction } from './analysis.ts';
import type { ModuleSource } from './bundle.ts';
import { CLOUD_URL, SITE_URL } from './variables.ts';

/** The code of one mounted component, ready to run: a sandbox of its own, dropped with the next push. */
export class Runtime {
	readonly stacks: StackMapper;
	readonly #graph: ModuleGraph;
	readonly #checks = new Map<string, FunctionChecks>();
	readonly #find: (path: FunctionPath) => AnalyzedFunction | null;
	readonly #resolve: TableResolver;

	constructor(
		functions: readonly ModuleSource[],
		host: SandboxHost,
		find: (path: FunctionPath) => AnalyzedFunction | null,
		resolve: TableResolver
	) {
		this.#graph = new ModuleGraph(functions, createSandbox(host));
		this.#find = find;
		this.#resolve = resolve;
		this.stacks = new StackMapper(sourceMaps(functions));
	}

	checks(path: FunctionPath): FunctionChecks {
		const key = displayPath(path);
		let checks = this.#checks.get(key);
		if (checks === undefined) {
			const found = this.#find(path);
			checks = found === null ? { args: null, returns: null } : compileChecks(found, this.#resolve);
			this.#checks.set(key, checks);
		}
		return checks;
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

/** One runtime for each mounted component, made when it is first asked for. */
export class Runtimes {
	readonly components: DeployedComponents;
	readonly #runtimes = new Map<string, Runtime>();
	readonly #make: (component: DeployedComponent, environment: ReadonlyMap<string, string>) => Runtime;
	readonly #deployment: DeploymentState;
	readonly #settings: EngineSettings;

	constructor(
		deployment: DeploymentState,
		settings: EngineSettings,
		make: (component: DeployedComponent, environment: ReadonlyMap<string, string>) => Runtime
	) {
		this.components = new DeployedComponents(deployment.bundle, deployment.analysis);
		this.#deployment = deployment;
		this.#settings = settings;
		this.#make = make;
	}

	/** What a component finds in `process.env`. Throws when nothing is mounted there. */
	environment(component: string): ReadonlyMap<string, string> {
		return environmentOf(this.#deployment, this.#settings, this.#mounted(component).mounted);
	}

	/** Throws when nothing is mounted there. */
	of(component: string): Runtime {
		let runtime = this.#runtimes.get(component);
		if (runtime === undefined) {
			runtime = this.#make(this.#mounted(component), this.environment(component));
			this.#runtimes.set(component, runtime);
		}
		return runtime;
	}

	#mounted(component: string): DeployedComponent {
		const deployed = this.components.get(component);
		if (deployed === null) throw new FunctionRefusal(`Component path '${component}' not found`);
		return deployed;
	}

	/** What user code of this component threw, its stack at the places of its sources. */
	fault(thrown: unknown, component: string): Fault {
		return faultOf(thrown, this.of(this.components.get(component) === null ? '' : component).stacks);
	}
}

export function sourceMaps(modules: readonly ModuleSource[]): (module: string) => string | null {
	const maps = new Map(modules.map((module) => [module.path, module.sourceMap]));
	return (module) => maps.get(module) ?? null;
}

/**
 * What user code finds in `process.env`. The app: the deployment's variables and its two addresses. A component: what its
 * parent gives it, and the addresses, the site's with the prefix under which its own routes are served.
 */
export function environmentOf(
	{ environment }: Pick<DeploymentState, 'environment'>,
	{ cloudUrl, siteUrl }: Pick<EngineSettings, 'cloudUrl' | 'siteUrl'>,
	component: Pick<MountedComponent, 'componentPath' | 'httpPrefix' | 'env'> = APP
): Map<string, string> {
	const deployed = new Map(environment.map(({ name, value }) => [name, value]));
	if (component.componentPath === '') return deployed.set(CLOUD_URL, cloudUrl).set(SITE_URL, siteUrl);
	const variables = new Map([
		[CLOUD_URL, cloudUrl],
		[SITE_URL, `${siteUrl}${component.httpPrefix?.replace(/\/$/, '') ?? ''}`]
	]);
	for (const [name, binding] of Object.entries(component.env)) {
		const value = binding.type === 'value' ? binding.value : deployed.get(binding.name);
		if (value === undefined) variables.delete(name);
		else variables.set(name, value);
	}
	return variables;
}

const APP = { componentPath: '', httpPrefix: null, env: {} };

/** Of the variables that the app sees, those that every component sees. */
export function systemVariables(environment: ReadonlyMap<string, string>): Map<string, string> {
	return new Map([...environment].filter(([name]) => name === CLOUD_URL || name === SITE_URL));
}
