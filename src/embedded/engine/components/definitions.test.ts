import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus } from '../../corpus/harness.ts';
import type { DefinitionBundle, ModuleSource, PushBundle } from '../bundle.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

function source(path: string, text: string, environment: 'isolate' | 'node' = 'isolate'): ModuleSource {
	return { path, source: text, sourceMap: null, environment, hash: text };
}

/** A definition as the CLI bundles it: what it uses is imported by its path in base64. */
function definition(type: string, uses: readonly string[] = [], before = ''): ModuleSource {
	const imports = uses.map(
		(path, i) => `import d${i} from './_componentDeps/${Buffer.from(path).toString('base64url')}';`
	);
	const children = uses.map(
		(_, i) => `{ name: d${i}.defaultName, path: d${i}.componentDefinitionPath, args: [], env: [] }`
	);
	const exported = `{ definitionType: ${type}, childComponents: [${children.join(', ')}], httpMounts: {}, exports: { type: 'branch', branch: [] } }`;
	return source('convex.config.js', `${imports.join('')} ${before} export default { export: () => (${exported}) };`);
}

function component(
	path: string,
	options: Partial<DefinitionBundle> & { readonly uses?: readonly string[] } = {}
): DefinitionBundle {
	const { uses = [], ...rest } = options;
	const type = `{ type: 'childComponent', name: '${path}', args: [] }`;
	return { path, functions: [], schema: null, definition: definition(type, uses), udfServerVersion: '1.48.0', ...rest };
}

function app(uses: readonly string[], ...components: readonly DefinitionBundle[]): PushBundle {
	return { ...corpus.bundle, definition: definition(`{ type: 'app' }`, uses), components };
}

describe('definitions', () => {
	it('are evaluated with those that they use, each once', async () => {
		const bundle = app(['a', 'b'], component('a', { uses: ['c'] }), component('b', { uses: ['c'] }), component('c'));
		const prepared = await corpus.engine.preparePush(bundle);
		if ('code' in prepared) throw new Error(prepared.message);
		const { app: tree, components } = prepared.analysis;
		expect(Object.keys(components).sort()).toEqual(['a', 'b', 'c']);
		expect(tree.childComponents).toMatchObject({
			a: { componentPath: 'a', childComponents: { c: { componentPath: 'a/c', definitionPath: 'c' } } },
			b: { componentPath: 'b', childComponents: { c: { componentPath: 'b/c', definitionPath: 'c' } } }
		});
		expect(Object.keys(prepared.indexDiffs).sort()).toEqual(['', 'a', 'a/c', 'b', 'b/c']);
	});

	it.each([
		[
			'use each other',
			() => app(['a'], component('a', { uses: ['b'] }), component('b', { uses: ['a'] })),
			{ code: 'CyclicImport', message: 'Found cyclic definition dependency' }
		],
		[
			'use what was not pushed',
			() => app(['a']),
			{ code: 'InvalidConvexConfig', message: expect.stringContaining('"a" was not pushed') }
		],
		[
			'throw',
			() =>
				app(
					['a'],
					component('a', {
						definition: source('convex.config.js', 'export const x = 1; throw new Error("not today");')
					})
				),
			{ code: 'InvalidConvexConfig', message: expect.stringMatching(/of component "a": Uncaught Error: not today/) }
		],
		[
			'export something else',
			() =>
				app(
					['a'],
					component('a', { definition: source('convex.config.js', 'export default 1; export const more = 2;') })
				),
			{ code: 'InvalidDefinition', message: expect.stringContaining('in component `a` has an invalid value') }
		],
		[
			'read environment variables, which are the app’s',
			() =>
				app(
					['a'],
					component('a', { definition: definition(`{ type: 'childComponent', name: process.env.NAME, args: [] }`) })
				),
			{ code: 'InvalidConvexConfig', message: expect.stringContaining("only supported in the app's convex.config.ts") }
		],
		[
			'have a name that is none',
			() => app(['a'], component('a', { definition: definition(`{ type: 'childComponent', name: '1a', args: [] }`) })),
			{ code: 'InvalidDefinition', message: expect.stringContaining('must start with a letter') }
		],
		[
			'have "use node" modules',
			() => app(['a'], component('a', { functions: [source('x.js', 'export const x = 1;', 'node')] })),
			{ code: 'NodeActionsNotSupported', message: expect.stringContaining('x.js') }
		],
		[
			'have modules that cannot be loaded',
			() => app(['a'], component('a', { functions: [source('x.js', 'throw new Error("at the top");')] })),
			{
				code: 'InvalidModules',
				message: expect.stringMatching(/Failed to analyze x\.js of component "a": Uncaught Error: at the top/)
			}
		]
	])('that %s are refused', async (_what, bundle, refusal) => {
		expect(await corpus.engine.preparePush(bundle())).toEqual(refusal);
	});

	it('of the app may depend on the environment, as it is when they are pushed', async () => {
		const config = source(
			'convex.config.js',
			`import a from './_componentDeps/${Buffer.from('a').toString('base64url')}';
			const child = { name: process.env.NAME ?? 'plain', path: a.componentDefinitionPath, args: [], env: [] };
			export default { export: () => ({ definitionType: { type: 'app' }, childComponents: [child], httpMounts: {}, exports: { type: 'branch', branch: [] } }) };`
		);
		const bundle = { ...app([], component('a')), definition: config };
		const paths = async () => (await corpus.engine.components()).map(({ path, state }) => `${path} ${state}`);
		await corpus.push(bundle);
		expect(await paths()).toEqual([' active', 'plain active']);
		await corpus.engine.setEnvironment([{ name: 'NAME', value: 'fancy' }]);
		expect(await paths()).toEqual([' active', 'plain active']);
		await corpus.push(bundle);
		expect(await paths()).toEqual([' active', 'fancy active', 'plain unmounted']);
	});
});
