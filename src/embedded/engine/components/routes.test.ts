import { describe, expect, it } from 'vitest';
import type { AnalyzedModule, DefinitionAnalysis } from '../analysis.ts';
import type { PushBundle } from '../bundle.ts';
import { PLAIN_APP } from './definition.ts';
import type { ComponentDefinition } from './definition.ts';
import { DeployedComponents } from './deployed.ts';
import { routeHttp } from './routes.ts';
import { mountApp } from './tree.ts';

function part(definition: ComponentDefinition, ...routes: readonly string[]): DefinitionAnalysis {
	const http: AnalyzedModule = {
		functions: [],
		httpRoutes: routes.map((each) => {
			const [method = '', path = ''] = each.split(' ');
			return { route: { method, path } };
		}),
		cronSpecs: null
	};
	return { modules: routes.length === 0 ? {} : { 'http.js': http }, schema: null, definition };
}

/** An app with `shop` below /shop/ and, inside of it, `pay` below /pay/. */
function deployed(app: { readonly httpPrefix?: string; readonly routes: readonly string[] }): DeployedComponents {
	const child = (name: string) => ({ name, path: name, args: [], env: [] });
	const isComponent = (name: string): ComponentDefinition => ({
		...PLAIN_APP,
		path: name,
		definitionType: { type: 'childComponent', name, args: [] }
	});
	const root = part(
		{
			...PLAIN_APP,
			httpPrefix: app.httpPrefix,
			childComponents: [child('shop')],
			httpMounts: { '/shop/': '_reference/childComponent/shop' }
		},
		...app.routes
	);
	const shop = part(
		{
			...isComponent('shop'),
			childComponents: [child('pay')],
			httpMounts: { '/pay/': '_reference/childComponent/pay' }
		},
		'GET /list',
		'POST /*'
	);
	const pay = part(isComponent('pay'), 'POST /card');
	const bundle: PushBundle = {
		path: '',
		functions: [],
		schema: null,
		definition: null,
		udfServerVersion: '',
		auth: null,
		components: ['shop', 'pay'].map((path) => ({
			path,
			functions: [],
			schema: null,
			definition: null,
			udfServerVersion: ''
		}))
	};
	const tree = mountApp(new Map(Object.entries({ '': root, shop, pay })));
	return new DeployedComponents(bundle, { ...root, authProviders: [], components: { shop, pay }, app: tree });
}

describe('an HTTP request', () => {
	const app = deployed({ routes: ['GET /list', 'GET /shop/list', 'GET /files/*', 'GET /*'] });

	it.each([
		['GET', '/list', '', '/list'],
		['HEAD', '/list', '', '/list'],
		['GET', '/files/a/b', '', '/files/a/b'],
		// An exact route is nearer than a mount, a mount nearer than a shorter prefix.
		['GET', '/shop/list', '', '/shop/list'],
		['GET', '/shop/other', 'shop', '/other'],
		['POST', '/shop/anything', 'shop', '/anything'],
		['POST', '/shop/pay/card', 'shop/pay', '/card'],
		// Below a mount, its router says that there is nothing.
		['GET', '/shop/pay/nothing', 'shop/pay', '/nothing'],
		['POST', '/nowhere', '', '/nowhere'],
		['GET', '/shop', '', '/shop']
	])('%s %s goes to "%s" as %s', (method, path, component, routed) => {
		expect(routeHttp(app, method, path)).toEqual({ component, path: routed });
	});

	it('finds the app’s own routes below its prefix, and the mounts beside it', () => {
		const prefixed = deployed({ httpPrefix: '/api/', routes: ['GET /list'] });
		expect(routeHttp(prefixed, 'GET', '/api/list')).toEqual({ component: '', path: '/list' });
		expect(routeHttp(prefixed, 'GET', '/shop/list')).toEqual({ component: 'shop', path: '/list' });
		expect(routeHttp(prefixed, 'GET', '/list')).toBeNull();
	});

	it('has nowhere to go in an app without routes', () => {
		expect(routeHttp(deployed({ routes: [] }), 'GET', '/list')).toBeNull();
	});
});
