import { describe, expect, it } from 'vitest';
import type { JSONValue } from 'convex/values';
import type { AnalyzedModule, DefinitionAnalysis } from '../analysis.ts';
import { parseDefinition } from './definition.ts';
import { mountApp, mounted } from './tree.ts';

const TEXT = JSON.stringify({ type: 'string' });

interface Shape {
	readonly [field: string]: JSONValue;
}

/** What evaluating a definition gives: `shape` is laid over one that says nothing. */
function analyzed(path: string, shape: Shape = {}, modules: Record<string, AnalyzedModule> = {}): DefinitionAnalysis {
	const definitionType: JSONValue = path === '' ? { type: 'app' } : { type: 'childComponent', name: path, args: [] };
	const plain = { definitionType, childComponents: [], httpMounts: {}, exports: { type: 'branch', branch: [] } };
	return { modules, schema: null, definition: parseDefinition(path, { ...plain, ...shape }) };
}

function uses(path: string, more: Shape = {}): JSONValue {
	return { name: path, path, args: [], env: [], ...more };
}

function functions(...names: readonly (readonly [string, 'public' | 'internal'])[]): AnalyzedModule {
	return {
		functions: names.map(([name, kind]) => ({
			name,
			udfType: 'Query',
			visibility: { kind },
			args: null,
			returns: null
		})),
		httpRoutes: null,
		cronSpecs: null
	};
}

const routes = (...paths: string[]): AnalyzedModule => ({
	functions: [],
	httpRoutes: paths.map((path) => ({ route: { path, method: 'GET' } })),
	cronSpecs: null
});

function mount(parts: Readonly<Record<string, DefinitionAnalysis>>, lenient = false) {
	return mountApp(new Map(Object.entries(parts)), lenient);
}

describe('the tree of components', () => {
	it('has a node for every mount, named from the app down', () => {
		const app = mount({
			'': analyzed('', { childComponents: [uses('a'), uses('a', { name: 'again' }), uses('b')] }),
			a: analyzed('a', { childComponents: [uses('b')] }),
			b: analyzed('b')
		});
		expect([...mounted(app)].map(({ componentPath, definitionPath }) => [componentPath, definitionPath])).toEqual([
			['', ''],
			['a', 'a'],
			['a/b', 'b'],
			['again', 'a'],
			['again/b', 'b'],
			['b', 'b']
		]);
	});

	it('lets a parent call what is public, by module and name', () => {
		const modules = { 'folder/file.js': functions(['seen', 'public'], ['hidden', 'internal']) };
		const app = mount({ '': analyzed('', { childComponents: [uses('a')] }), a: analyzed('a', {}, modules) });
		const leaf = {
			type: 'leaf',
			resource: { type: 'function', path: { component: 'a', udfPath: 'folder/file.js:seen' } }
		};
		expect(app.childComponents.a?.exports).toEqual({
			folder: { type: 'branch', children: { file: { type: 'branch', children: { seen: leaf } } } }
		});
	});

	it('serves HTTP below the prefixes of all mounts on the way', () => {
		const app = mount({
			'': analyzed('', {
				httpPrefix: '/api/',
				childComponents: [uses('a'), uses('c')],
				httpMounts: { '/a/': '_reference/childComponent/a' }
			}),
			a: analyzed('a', { childComponents: [uses('b')], httpMounts: { '/b/': '_reference/childComponent/b' } }),
			b: analyzed('b', {}, { 'http.js': routes('/x') }),
			c: analyzed('c', {}, { 'http.js': routes('/x') })
		});
		expect([...mounted(app)].map(({ httpPrefix }) => httpPrefix)).toEqual(['/api/', '/a/', '/a/b/', null]);
	});

	it('follows variables up to the app', () => {
		const declares = (...names: string[]): Shape => ({
			envVars: names.map((name) => [name, { type: 'value', value: TEXT }])
		});
		const env = [
			['HERE', { type: 'envVar', name: 'THERE' }],
			['FIXED', { type: 'value', value: 'text' }]
		];
		const app = mount({
			'': analyzed('', {
				...declares('TOP'),
				childComponents: [uses('a', { env: [['THERE', { type: 'envVar', name: 'TOP' }]] })]
			}),
			a: analyzed('a', { ...declares('THERE'), childComponents: [uses('b', { env })] }),
			b: analyzed('b', declares('HERE', 'FIXED'))
		});
		expect(app.childComponents.a?.childComponents.b?.env).toEqual({
			HERE: { type: 'envVar', name: 'TOP' },
			FIXED: { type: 'value', value: 'text' }
		});
	});

	const withEnv = (declared: JSONValue, env: JSONValue, ofApp: JSONValue = []) => ({
		'': analyzed('', { envVars: ofApp, childComponents: [uses('a', { env })] }),
		a: analyzed('a', { envVars: declared })
	});
	const text = { type: 'value', value: TEXT };
	const optional = { ...text, optional: true };
	const colours = {
		type: 'value',
		value: JSON.stringify({ type: 'union', value: ['red', 'blue'].map((value) => ({ type: 'literal', value })) })
	};

	it.each([
		['lacks a required variable', withEnv([['X', text]], []), 'Component "a" is missing required env var "X"'],
		[
			'is given one that it does not declare',
			withEnv([], [['X', { type: 'value', value: '' }]]),
			'has no env var named "X"'
		],
		[
			'is given a value that does not fit',
			withEnv([['X', colours]], [['X', { type: 'value', value: 'green' }]]),
			'invalid value for env var "X"'
		],
		[
			'refers to what the parent does not declare',
			withEnv([['X', text]], [['X', { type: 'envVar', name: 'Y' }]]),
			'undeclared parent env var Y'
		],
		[
			'needs what the parent may lack',
			withEnv([['X', text]], [['X', { type: 'envVar', name: 'Y' }]], [['Y', optional]]),
			'parent env var Y is optional'
		],
		[
			'takes less than the parent may have',
			withEnv([['X', colours]], [['X', { type: 'envVar', name: 'Y' }]], [['Y', text]]),
			'not satisfied by parent env var Y'
		],
		[
			'declares a variable that is no text',
			withEnv([['X', { type: 'value', value: JSON.stringify({ type: 'number' }) }]], []),
			'Env var `X` on component a has a non-string validator.'
		],
		[
			'is mounted twice under one name',
			{ '': analyzed('', { childComponents: [uses('a'), uses('a')] }), a: analyzed('a') },
			'multiple child components with the same name'
		],
		['was not pushed', { '': analyzed('', { childComponents: [uses('a')] }) }, 'Component definition not found: "a"'],
		[
			'has no routes to be served',
			{
				'': analyzed('', { childComponents: [uses('a')], httpMounts: { '/a/': '_reference/childComponent/a' } }),
				a: analyzed('a')
			},
			"doesn't have any HTTP routes"
		],
		[
			'is served where a route is',
			{
				'': analyzed(
					'',
					{ childComponents: [uses('a')], httpMounts: { '/a/': '_reference/childComponent/a' } },
					{ 'http.js': routes('/a/*') }
				),
				a: analyzed('a', {}, { 'http.js': routes('/x') })
			},
			'Overlap with existing prefix route'
		],
		[
			'is given an argument that it does not take',
			{
				'': analyzed('', { childComponents: [uses('a', { args: [['n', { type: 'value', value: '1' }]] })] }),
				a: analyzed('a')
			},
			'has no argument named "n"'
		]
	])('refuses a component that %s', (_what, parts, sentence) => {
		expect(() => mount(parts)).toThrow(sentence);
	});

	it('forgives missing variables when types are generated', () => {
		expect(mount(withEnv([['X', text]], []), true).childComponents.a?.env).toEqual({});
	});
});
