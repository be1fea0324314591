import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { frozenLayout } from '../store/layouts.testing.ts';
import { SqliteStore } from '../store/store.ts';
import { withFile } from '../store/testStore.ts';
import { PLAIN_APP } from './components/definition.ts';
import type { ComponentDefinition } from './components/definition.ts';
import { mountApp } from './components/tree.ts';
import { loadDeployment, saveBundle, saveMounts } from './deployment.ts';
import type { Analysis, DefinitionAnalysis } from './analysis.ts';
import type { DefinitionBundle, ModuleSource, PushBundle } from './bundle.ts';

function source(path: string): ModuleSource {
	return { path, source: `// ${path}`, sourceMap: null, environment: 'isolate', hash: `hash of ${path}` };
}

/** An app that has mounted the definition `part` under these names. */
function push(...names: readonly string[]): { readonly bundle: PushBundle; readonly analysis: Analysis } {
	const code = (path: string): DefinitionBundle => ({
		path,
		functions: [source('file.js')],
		schema: source('schema.js'),
		definition: source('convex.config.js'),
		udfServerVersion: ''
	});
	const found = (definition: ComponentDefinition): DefinitionAnalysis => ({
		modules: { 'file.js': { functions: [], httpRoutes: null, cronSpecs: null } },
		schema: { tables: [], schemaValidation: true },
		definition
	});
	const app = found({
		...PLAIN_APP,
		childComponents: names.map((name) => ({ name, path: 'part', args: [], env: [] }))
	});
	const part = found({
		...PLAIN_APP,
		path: 'part',
		definitionType: { type: 'childComponent', name: 'part', args: [] }
	});
	const components: Record<string, DefinitionAnalysis> = names.length === 0 ? {} : { part };
	return {
		bundle: { ...code(''), auth: source('auth.config.js'), components: names.length === 0 ? [] : [code('part')] },
		analysis: {
			...app,
			authProviders: [{ domain: 'https://issuer.example' }],
			components,
			app: mountApp(new Map(Object.entries({ '': app, ...components })))
		}
	};
}

describe('a deployment', () => {
	it('is loaded as it was saved', () => {
		withFile((path) => {
			const store = SqliteStore.open(path);
			const { bundle, analysis } = push('one', 'two');
			saveBundle(store.database, bundle, analysis);
			saveMounts(store.database, analysis);
			expect(loadDeployment(store.database, [])).toEqual({ bundle, analysis, environment: [], unmounted: [] });
			store.close();
		});
	});

	it('of a file of layout 1 is that of an app without components', () => {
		withFile((path) => {
			const old = new DatabaseSync(path);
			const analysis = JSON.stringify({ functions: [], httpRoutes: null, cronSpecs: null });
			old.exec(`${frozenLayout(1)}
				INSERT INTO modules VALUES ('file.js', 'isolate', '// file.js', NULL, 'hash of file.js', '${analysis}');
				INSERT INTO crons VALUES ('hourly', '{}', NULL, 5);
				INSERT INTO jobs (id, component, path, args, due, state, kind) VALUES ('id', '', 'file.js:f', '[]', 1, 'pending', 'mutation');`);
			old.close();
			const store = SqliteStore.open(path);
			const { bundle, analysis: loaded } = loadDeployment(store.database, []);
			expect(bundle).toMatchObject({ functions: [source('file.js')], components: [], definition: null });
			expect(loaded.app).toMatchObject({ componentPath: '', childComponents: {} });
			expect(store.database.rows('SELECT component, name, next_run FROM crons')).toEqual([['', 'hourly', 5]]);
			expect(store.database.rows('SELECT component, target FROM jobs')).toEqual([['', '']]);
			store.close();
		});
	});
});

describe('a component', () => {
	it('is created, kept, unmounted, and mounted again', () => {
		withFile((path) => {
			const store = SqliteStore.open(path);
			const mount = (...names: string[]) => Object.fromEntries(saveMounts(store.database, push(...names).analysis));
			expect(mount()).toEqual({ '': 'modify' });
			expect(mount('one', 'two')).toEqual({ '': 'modify', one: 'create', two: 'create' });
			expect(mount('one')).toEqual({ '': 'modify', one: 'modify', two: 'unmount' });
			expect(loadDeployment(store.database, []).unmounted).toEqual(['two']);
			// What has been unmounted is no change any more.
			expect(mount('one')).toEqual({ '': 'modify', one: 'modify' });
			expect(mount('one', 'two')).toEqual({ '': 'modify', one: 'modify', two: 'remount' });
			expect(loadDeployment(store.database, []).unmounted).toEqual([]);
			store.close();
		});
	});
});
