/** The shape of what is mounted, in the CLI's own JSON. */
import type { Bindings } from './environment.ts';

/** An argument of a component, or something that it exports. */
type Resource =
	| { readonly type: 'value'; readonly value: string }
	| { readonly type: 'function'; readonly path: { readonly component: string; readonly udfPath: string } };

export type ExportTree =
	| { readonly type: 'branch'; readonly children: Readonly<Record<string, ExportTree>> }
	| { readonly type: 'leaf'; readonly resource: Resource };

export interface HttpRoute {
	readonly path: string;
	readonly method: string;
}

/** One mounted component: an instance of a definition, with tables of its own. */
export interface MountedComponent {
	readonly definitionPath: string;
	readonly componentPath: string;
	/** Where its HTTP routes are served, from the root of the site; null where they are not. */
	readonly httpPrefix: string | null;
	readonly args: Readonly<Record<string, Resource>>;
	/** What it finds in `process.env`: values, or variables of the app. */
	readonly env: Bindings;
	readonly childComponents: Readonly<Record<string, MountedComponent>>;
	readonly httpRoutes: { readonly httpModuleRoutes: readonly HttpRoute[] | null; readonly mounts: readonly string[] };
	readonly exports: Readonly<Record<string, ExportTree>>;
}
