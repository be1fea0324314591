import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModuleSource } from '../engine/types.ts';

/**
 * The "use node" modules of one push: written to a folder and imported from it as ordinary ES modules. Packages that
 * the bundle leaves out are looked up from the app's own folder.
 */
export class NodeModules {
	readonly #directory: string;
	readonly #prefix: string;

	constructor(directory: string, modules: readonly ModuleSource[], appDir: string) {
		this.#directory = directory;
		this.#prefix = pathToFileURL(`${directory}/`).href;
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
		for (const module of modules) {
			if (module.environment !== 'node') continue;
			const path = this.#path(module.path);
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, module.source, { mode: 0o600 });
		}
		const app = pathToFileURL(join(appDir, 'package.json')).href;
		// Bundled CommonJS packages reach Node's own modules through a global `require`, which the backend gives them too.
		Object.assign(globalThis, { require: createRequire(app) });
		registerHooks({
			resolve: (specifier, context, next) => {
				const isBare = !specifier.startsWith('.') && !specifier.startsWith('/') && !/^[a-z]+:/.test(specifier);
				const fromHere = context.parentURL?.startsWith(this.#prefix) ?? false;
				return next(specifier, isBare && fromHere ? { ...context, parentURL: app } : context);
			}
		});
	}

	/** The exports of a module. Throws what its top level throws. */
	async load(path: string): Promise<object> {
		const namespace: unknown = await import(pathToFileURL(this.#path(path)).href);
		if (typeof namespace !== 'object' || namespace === null) throw new Error(`${path} has no exports.`);
		return namespace;
	}

	/** The module's path when a stack frame lies in it, or null. */
	locate(file: string): string | null {
		return file.startsWith(this.#prefix) ? file.slice(this.#prefix.length) : null;
	}

	#path(module: string): string {
		const path = join(this.#directory, module);
		if (!path.startsWith(join(this.#directory, '/'))) throw new Error(`The module path ${module} leaves its folder.`);
		return path;
	}
}
