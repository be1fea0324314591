/** The code that a push carries. */

export interface ModuleSource {
	/** `items.js`, `_deps/ABCD.js`, `schema.js`, `auth.config.js`, `convex.config.js`. */
	readonly path: string;
	readonly source: string;
	readonly sourceMap: string | null;
	readonly environment: 'isolate' | 'node';
	/** Hex sha256 of source + sourceMap. */
	readonly hash: string;
}

/** The code of one component, however often it is mounted; the app is one too. */
export interface DefinitionBundle {
	/** Where it lies, relative to the app's functions folder; '' is the app itself. */
	readonly path: string;
	readonly functions: readonly ModuleSource[];
	readonly schema: ModuleSource | null;
	/** `convex.config.js`. It imports the definitions that it uses as `./_componentDeps/<base64url of their path>`. */
	readonly definition: ModuleSource | null;
	readonly udfServerVersion: string;
}

/** What a push carries once the unchanged modules have been filled in: the app, and the components that it uses. */
export interface PushBundle extends DefinitionBundle {
	readonly auth: ModuleSource | null;
	readonly components: readonly DefinitionBundle[];
}
