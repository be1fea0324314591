import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ModuleSource, PushBundle } from '../../src/embedded/engine/bundle.ts';

/** The app of this folder as a push carries it. */
export async function benchApp(): Promise<PushBundle> {
	const [items, schema] = await Promise.all([bundled('items'), bundled('schema')]);
	return {
		path: '',
		functions: [items],
		schema,
		auth: null,
		definition: null,
		udfServerVersion: '1.48.0',
		components: []
	};
}

async function bundled(name: string): Promise<ModuleSource> {
	const { outputFiles } = await build({
		entryPoints: [join(import.meta.dirname, `convex/${name}.ts`)],
		bundle: true,
		format: 'esm',
		target: 'esnext',
		conditions: ['convex', 'module'],
		define: { 'process.env.NODE_ENV': '"production"' },
		write: false,
		logLevel: 'silent'
	});
	const source = outputFiles[0]?.text ?? '';
	return {
		path: `${name}.js`,
		source,
		sourceMap: null,
		environment: 'isolate',
		hash: createHash('sha256').update(source).digest('hex')
	};
}
