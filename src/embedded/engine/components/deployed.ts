import type { FunctionPath } from '../paths.ts';
import type { Analysis, AnalyzedFunction, DefinitionAnalysis } from '../analysis.ts';
import type { DefinitionBundle, PushBundle } from '../bundle.ts';
import { mounted } from './tree.ts';
import type { MountedComponent } from './mount.ts';

/** What the code of a definition was found to export; the app is ''. */
export function analysisOf(analysis: Analysis, definitionPath: string): DefinitionAnalysis | undefined {
	return definitionPath === '' ? analysis : analysis.components[definitionPath];
}

/** One mounted component with the code of its definition. */
export interface DeployedComponent {
	readonly mounted: MountedComponent;
	readonly bundle: DefinitionBundle;
	readonly analysis: DefinitionAnalysis;
}

/** The components of a deployment by their paths; the app is ''. */
export class DeployedComponents {
	readonly #byPath = new Map<string, DeployedComponent>();
	readonly #functions = new Map<string, AnalyzedFunction>();

	constructor(bundle: PushBundle, analysis: Analysis) {
		const bundles = new Map(bundle.components.map((part) => [part.path, part]));
		for (const component of mounted(analysis.app)) {
			const path = component.definitionPath;
			const code = path === '' ? bundle : bundles.get(path);
			const found = analysisOf(analysis, path);
			if (code === undefined || found === undefined)
				throw new Error(`the definition "${path}" of a mounted component is missing`);
			this.#byPath.set(component.componentPath, { mounted: component, bundle: code, analysis: found });
			for (const [module, { functions }] of Object.entries(found.modules)) {
				for (const each of functions)
					this.#functions.set(keyOf({ component: component.componentPath, module, name: each.name }), each);
			}
		}
	}

	paths(): string[] {
		return [...this.#byPath.keys()];
	}

	/** Null when nothing is mounted there. */
	get(component: string): DeployedComponent | null {
		return this.#byPath.get(component) ?? null;
	}

	find(path: FunctionPath): AnalyzedFunction | null {
		return this.#functions.get(keyOf(path)) ?? null;
	}
}

function keyOf({ component, module, name }: FunctionPath): string {
	return `${component}\0${module}\0${name}`;
}
