/** What evaluating the code of a push has shown. */
import type { ComponentDefinition } from './components/definition.ts';
import type { MountedComponent } from './components/mount.ts';

/** Per module, what the CLI and the runtime need to know; JSON as the CLI expects it in `analysis[""].functions`. */
export interface AnalyzedFunction {
	readonly name: string;
	readonly udfType: 'Query' | 'Mutation' | 'Action';
	readonly visibility: { readonly kind: 'public' | 'internal' };
	readonly args: string | null;
	readonly returns: string | null;
}

export interface AnalyzedModule {
	readonly functions: readonly AnalyzedFunction[];
	readonly httpRoutes: readonly { readonly route: { readonly path: string; readonly method: string } }[] | null;
	/** Cron specs as the CLI expects them: `[{identifier, cronSpec: {udfPath, udfArgs, cronSchedule}}]`. */
	readonly cronSpecs: readonly { readonly identifier: string; readonly cronSpec: unknown }[] | null;
}

/** What the code of one definition was found to export. */
export interface DefinitionAnalysis {
	readonly modules: Readonly<Record<string, AnalyzedModule>>;
	/** The exported schema, parsed, in the CLI's JSON form; null without a schema module. */
	readonly schema: unknown;
	readonly definition: ComponentDefinition;
}

/** The app's own analysis, and that of the components that it uses. */
export interface Analysis extends DefinitionAnalysis {
	/** The providers of auth.config, in the CLI's JSON form. */
	readonly authProviders: readonly unknown[];
	/** By definition path, without the app. */
	readonly components: Readonly<Record<string, DefinitionAnalysis>>;
	/** The app with everything mounted in it. */
	readonly app: MountedComponent;
}
