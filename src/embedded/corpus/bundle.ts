/** Bundles the corpus as the CLI does: ES modules, one entry a file, shared chunks, "use node" files apart. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import type { ModuleSource, PushBundle } from '../engine/bundle.ts';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const CONVEX = join(ROOT, 'convex');

const NOT_FUNCTIONS = ['_generated', 'schema.ts', 'tsconfig.json'];

/** Everything that a push of the corpus carries. */
export async function bundleCorpus(): Promise<PushBundle> {
	const entries = readdirSync(CONVEX, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.filter((path) => !NOT_FUNCTIONS.some((name) => path.startsWith(join(CONVEX, name))));
	const isNode = (path: string): boolean => /^['"]use node['"]/.test(readFileSync(path, 'utf8'));
	const isolate = await modules('isolate', { entryPoints: entries.filter((path) => !isNode(path)), splitting: true });
	const node = await modules('node', { entryPoints: entries.filter(isNode), splitting: true });
	const [schema] = await modules('isolate', { entryPoints: [join(CONVEX, 'schema.ts')] });
	return {
		path: '',
		functions: [...isolate, ...node],
		schema: schema ?? null,
		auth: null,
		definition: null,
		udfServerVersion: '1.48.0',
		components: []
	};
}

/** One module from source text, such as another schema. */
export async function bundleText(
	path: string,
	contents: string,
	environment: ModuleSource['environment'] = 'isolate'
): Promise<ModuleSource> {
	const stdin = { contents, resolveDir: CONVEX, sourcefile: path.replace(/\.js$/, '.ts'), loader: 'ts' } as const;
	const [module] = await modules(environment, { stdin });
	if (module === undefined) throw new Error('esbuild made nothing');
	return { ...module, path };
}

async function modules(environment: ModuleSource['environment'], options: BuildOptions): Promise<ModuleSource[]> {
	const { outputFiles = [] } = await build({
		...options,
		absWorkingDir: ROOT,
		bundle: true,
		platform: environment === 'node' ? 'node' : 'browser',
		format: 'esm',
		target: 'esnext',
		outdir: 'out',
		outbase: CONVEX,
		conditions: ['convex', 'module'],
		write: false,
		sourcemap: true,
		sourcesContent: false,
		chunkNames: environment === 'node' ? '_deps/node/[hash]' : '_deps/[hash]',
		treeShaking: true,
		minifySyntax: true,
		minifyIdentifiers: true,
		keepNames: true,
		define: { 'process.env.NODE_ENV': '"production"' },
		logLevel: 'silent'
	});
	const maps = new Map(
		outputFiles.filter(({ path }) => path.endsWith('.map')).map(({ path, text }) => [path.slice(0, -4), text])
	);
	return outputFiles
		.filter(({ path }) => path.endsWith('.js'))
		.map(({ path, text }) => {
			const sourceMap = maps.get(path) ?? null;
			const hash = createHash('sha256')
				.update(text + (sourceMap ?? ''))
				.digest('hex');
			return { path: path.slice(join(ROOT, 'out/').length), source: text, sourceMap, environment, hash };
		});
}
