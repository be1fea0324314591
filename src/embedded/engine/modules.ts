import vm from 'node:vm';
import type { ModuleSource } from './bundle.ts';

/** Where a person's module lies, as stack traces name it. */
export const MODULE_PREFIX = 'convex:/';

export type Namespace = object;

/** V8's code by module path, which graphs of the same sources may share: parsing is most of what a fresh graph costs. */
export type CompiledModules = Map<string, Buffer>;

declare module 'vm' {
	// Missing from Node's types.
	interface SourceTextModule {
		createCachedData(): Buffer;
	}
}

/** The default-runtime modules of one push in one sandbox. Modules are evaluated when first asked for, once. */
export class ModuleGraph {
	readonly #sources: ReadonlyMap<string, ModuleSource>;
	readonly #context: vm.Context;
	readonly #compiled: CompiledModules | null;
	readonly #modules = new Map<string, vm.SourceTextModule>();
	readonly #ready = new Map<string, Namespace>();

	constructor(sources: readonly ModuleSource[], context: vm.Context, compiled: CompiledModules | null = null) {
		this.#compiled = compiled;
		this.#sources = new Map(sources.map((source) => [source.path, source]));
		this.#context = context;
	}

	/** The exports of a module that has been evaluated, or null. */
	loaded(path: string): Namespace | null {
		return this.#ready.get(path) ?? null;
	}

	/** Links and evaluates a module with what it imports. Throws what its top level throws. */
	async load(path: string): Promise<Namespace> {
		const module = this.#module(path);
		if (module.status === 'unlinked')
			await module.link((specifier, referrer) => this.#resolve(specifier, referrer.identifier));
		await module.evaluate();
		this.#ready.set(path, module.namespace);
		return module.namespace;
	}

	#resolve(specifier: string, referrer: string): vm.SourceTextModule {
		if (!specifier.startsWith('.') && !specifier.startsWith(MODULE_PREFIX)) {
			throw new Error(
				`Cannot import "${specifier}" in Convex's default runtime: it is no part of the bundle. A file that needs it starts with "use node".`
			);
		}
		return this.#module(new URL(specifier, referrer).href.slice(MODULE_PREFIX.length));
	}

	#module(path: string): vm.SourceTextModule {
		const known = this.#modules.get(path);
		if (known !== undefined) return known;
		const source = this.#sources.get(path);
		if (source === undefined) throw new Error(`Cannot find the module "${path}".`);
		const module = new vm.SourceTextModule(source.source, {
			context: this.#context,
			identifier: `${MODULE_PREFIX}${path}`,
			cachedData: this.#compiled?.get(path),
			importModuleDynamically: async (specifier: string) => {
				const target = this.#resolve(specifier, `${MODULE_PREFIX}${path}`);
				await this.load(target.identifier.slice(MODULE_PREFIX.length));
				return target;
			}
		});
		this.#modules.set(path, module);
		if (this.#compiled?.has(path) === false) this.#compiled.set(path, module.createCachedData());
		return module;
	}
}

/** What a module imports, as it names it. Throws a SyntaxError. */
export function importsOf({ source }: ModuleSource): string[] {
	return new vm.SourceTextModule(source).moduleRequests.map(({ specifier }) => specifier);
}

/** An export of a module by name, or undefined. */
export function exportOf(namespace: Namespace, name: string): unknown {
	return Object.hasOwn(namespace, name) ? Reflect.get(namespace, name) : undefined;
}

/** Calls a method of something that user code exported. Throws when there is no such method. */
export function callMethod(target: unknown, name: string, ...args: unknown[]): unknown {
	const isObject = (typeof target === 'object' && target !== null) || typeof target === 'function';
	const method: unknown = isObject ? Reflect.get(target, name) : undefined;
	if (typeof method !== 'function') throw new Error(`the export has no method ${name}`);
	const result: unknown = Reflect.apply(method, target, args);
	return result;
}

/** True when something that user code exported carries the mark (`isQuery`, `isRouter`, …). */
export function hasMark(target: unknown, mark: string): boolean {
	const isObject = (typeof target === 'object' && target !== null) || typeof target === 'function';
	return isObject && Reflect.get(target, mark) === true;
}
