/** Evaluates the `convex.config.js` of the app and of the components that it uses, those that are imported first. */
import { parseJson } from '../json.ts';
import { AnalysisRefusal, evaluate, importHost } from '../evaluate.ts';
import { callMethod, exportOf, importsOf } from '../modules.ts';
import type { DefinitionBundle, ModuleSource, PushBundle } from '../bundle.ts';
import { parseDefinition, PLAIN_APP } from './definition.ts';
import type { ComponentDefinition } from './definition.ts';

/** How the bundled definition of a component is imported by one that uses it. */
const DEPENDENCY = './_componentDeps/';

/** The definitions of a push by path; the app's is always among them. Throws an AnalysisRefusal. */
export async function evaluateDefinitions(
	bundle: PushBundle,
	environment: ReadonlyMap<string, string>
): Promise<ReadonlyMap<string, ComponentDefinition>> {
	const bundles = new Map([bundle, ...bundle.components].map((part) => [part.path, part]));
	const evaluated = new Map<string, ComponentDefinition>();
	const underWay = new Set<string>();
	const visit = async (path: string): Promise<ComponentDefinition> => {
		const known = evaluated.get(path);
		if (known !== undefined) return known;
		if (underWay.has(path)) throw new AnalysisRefusal('CyclicImport', 'Found cyclic definition dependency');
		const part = bundles.get(path);
		if (part === undefined)
			throw new AnalysisRefusal('InvalidConvexConfig', `The component definition "${path}" was not pushed.`);
		underWay.add(path);
		const imports: ModuleSource[] = [];
		for (const specifier of part.definition === null ? [] : importsOf(part.definition)) {
			if (!specifier.startsWith(DEPENDENCY)) continue;
			const dependency = Buffer.from(specifier.slice(DEPENDENCY.length), 'base64url').toString();
			imports.push(importedDefinition(specifier, await visit(dependency)));
		}
		const definition = await evaluateDefinition(part, imports, environment);
		underWay.delete(path);
		evaluated.set(path, definition);
		return definition;
	};
	await visit('');
	for (const path of bundles.keys()) await visit(path);
	return evaluated;
}

async function evaluateDefinition(
	{ path, definition: module }: DefinitionBundle,
	imports: readonly ModuleSource[],
	environment: ReadonlyMap<string, string>
): Promise<ComponentDefinition> {
	if (module === null) return PLAIN_APP;
	const host =
		path === ''
			? importHost(environment)
			: importHost(new Map(), () => {
					throw new Error("Environment variables are only supported in the app's convex.config.ts.");
				});
	return evaluate(module, {
		host,
		imports,
		code: 'InvalidConvexConfig',
		explanation: `Hit an error while evaluating convex.config.ts${path === '' ? '' : ` of component "${path}"`}`,
		read(exports) {
			const main = exportOf(exports, 'default');
			if (Object.keys(exports).length !== 1 || main === undefined)
				throw invalid(path, 'it must have a default export only');
			const exported = parseJson(JSON.stringify(callMethod(main, 'export')) ?? 'null');
			try {
				return parseDefinition(path, exported);
			} catch (error) {
				throw invalid(path, error instanceof Error ? error.message : String(error));
			}
		}
	});
}

function invalid(path: string, why: string): AnalysisRefusal {
	const [whose, maker] = path === '' ? ['your app', 'defineApp'] : [`component \`${path}\``, 'defineComponent'];
	return new AnalysisRefusal(
		'InvalidDefinition',
		`The default export of \`convex.config.ts\` in ${whose} has an invalid value (${why}). Please make sure that it exports the return value of \`${maker}()\` of 'convex/server'.`
	);
}

/** What `app.use` is given: the names of a definition that has been evaluated already. */
function importedDefinition(specifier: string, definition: ComponentDefinition): ModuleSource {
	const { path, definitionType } = definition;
	if (definitionType.type === 'app')
		throw new AnalysisRefusal('InvalidConvexConfig', 'An app cannot be used as a component.');
	const imported = { componentDefinitionPath: path, defaultName: definitionType.name };
	return {
		path: specifier.slice('./'.length),
		source: `export default { ...${JSON.stringify(imported)}, export: () => (${JSON.stringify(definition)}) };`,
		sourceMap: null,
		environment: 'isolate',
		hash: ''
	};
}
