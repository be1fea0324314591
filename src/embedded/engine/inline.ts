/** Modules that are run once and never deployed: the source that somebody typed, and what it may import. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModuleSource } from './bundle.ts';

const LIBRARY = resolve(dirname(fileURLToPath(import.meta.resolve('convex/server'))), '..');
const IMPORT = /(?:from|import)\s*["'](\.{1,2}\/[^"']+)["']/g;

let modules: readonly ModuleSource[] | null = null;

/** What `convex:/_system/repl/wrappers.js` and the official library behind it consist of. */
export function replModules(): readonly ModuleSource[] {
	modules ??= [
		sourceModule(
			'_system/repl/wrappers.js',
			"export { queryGeneric as query, internalQueryGeneric as internalQuery } from '../../_convex/server/index.js';"
		),
		...libraryModules(resolve(LIBRARY, 'server/index.js'))
	];
	return modules;
}

/** A module of which only path and source matter. */
export function sourceModule(path: string, source: string): ModuleSource {
	const hash = createHash('sha256').update(source).digest('hex');
	return { path, source, sourceMap: null, environment: 'isolate', hash };
}

function libraryModules(entry: string): ModuleSource[] {
	const found = new Map<string, ModuleSource>();
	const visit = (file: string): void => {
		if (found.has(file)) return;
		const source = readFileSync(file, 'utf8');
		found.set(file, sourceModule(`_convex/${relative(LIBRARY, file).replaceAll('\\', '/')}`, source));
		for (const [, specifier = ''] of source.matchAll(IMPORT)) visit(resolve(dirname(file), specifier));
	};
	visit(entry);
	return [...found.values()];
}
