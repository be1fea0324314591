import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModuleSource } from '../engine/bundle.ts';

/** Writes the "use node" modules of one push to a folder, so that threads import them as ordinary ES modules. */
export function writeNodeModules(directory: string, modules: readonly ModuleSource[]): void {
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
	for (const module of modules) {
		if (module.environment !== 'node') continue;
		const path = pathIn(directory, module.path);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, module.source, { mode: 0o600 });
	}
}

/** The module's path when a stack frame lies in the folder, or null. */
export function locateNodeModule(directory: string, file: string): string | null {
	const prefix = prefixOf(directory);
	return file.startsWith(prefix) ? file.slice(prefix.length) : null;
}

/** Imports what `writeNodeModules` wrote. Packages that the bundle leaves out are looked up from the app's own folder. */
export class NodeModules {
	readonly #directory: string;

	constructor(directory: string, appDir: string) {
		this.#directory = directory;
		const prefix = prefixOf(directory);
		const app = pathToFileURL(join(appDir, 'package.json')).href;
		// Bundled CommonJS packages reach Node's own modules through a global `require`, which the backend gives them too.
		Object.assign(globalThis, { require: createRequire(app) });
		registerHooks({
			resolve: (specifier, context, next) => {
				const isBare = !specifier.startsWith('.') && !specifier.startsWith('/') && !/^[a-z]+:/.test(specifier);
				const fromHere = context.parentURL?.startsWith(prefix) ?? false;
				return next(specifier, isBare && fromHere ? { ...context, parentURL: app } : context);
			}
		});
	}

	/** The exports of a module. Throws what its top level throws. */
	async load(path: string): Promise<object> {
		const namespace: unknown = await import(pathToFileURL(pathIn(this.#directory, path)).href);
		if (typeof namespace !== 'object' || namespace === null) throw new Error(`${path} has no exports.`);
		return namespace;
	}

	/** As `locateNodeModule`, of these modules. */
	locate(file: string): string | null {
		return locateNodeModule(this.#directory, file);
	}
}

function prefixOf(directory: string): string {
	return pathToFileURL(`${directory}/`).href;
}

function pathIn(directory: string, module: string): string {
	const path = join(directory, module);
	if (!path.startsWith(join(directory, '/'))) throw new Error(`The module path ${module} leaves its folder.`);
	return path;
}
