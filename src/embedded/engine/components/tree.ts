/** The tree of mounted components that the definitions of a push describe, in the CLI's own JSON. */
import { compileValidator } from '../../values/validate.ts';
import { valueFromJson } from '../../values/value.ts';
import { parseJson } from '../json.ts';
import { canonicalPath } from '../paths.ts';
import type { DefinitionAnalysis } from '../analysis.ts';
import type { ComponentDefinition } from './definition.ts';
import { bindingFault, declarationFault, declarationsOf, missingBinding, resolveBindings } from './environment.ts';
import type { ExportTree, HttpRoute, MountedComponent } from './mount.ts';

/** The definitions do not fit together: the sentence is for the person who pushes. */
export class TreeFault extends Error {
	override readonly name = 'TreeFault';
}

export type Definitions = ReadonlyMap<string, DefinitionAnalysis>;

const CHILD = '_reference/childComponent/';

/**
 * Mounts the app ('' in `definitions`) with everything that it uses. `lenient` forgives required variables without a
 * binding: types are then generated for a component by itself, which no app has mounted. Throws a TreeFault.
 */
export function mountApp(definitions: Definitions, lenient = false): MountedComponent {
	for (const [path, { definition }] of definitions) {
		const fault = declarationFault(path, declarationsOf(definition));
		if (fault !== null) throw new TreeFault(fault);
	}
	const { httpPrefix } = find(definitions, '').definition;
	return mount(definitions, lenient, {
		definitionPath: '',
		componentPath: '',
		httpPrefix: httpPrefix ?? null,
		args: {},
		env: {}
	});
}

/** Every component of the tree, parents before their children. */
export function* mounted(component: MountedComponent): Generator<MountedComponent> {
	yield component;
	for (const child of Object.values(component.childComponents)) yield* mounted(child);
}

type Place = Pick<MountedComponent, 'definitionPath' | 'componentPath' | 'httpPrefix' | 'args' | 'env'>;

function mount(definitions: Definitions, lenient: boolean, place: Place): MountedComponent {
	const { definition, modules } = find(definitions, place.definitionPath);
	checkArguments(place, definition);
	const missing = place.componentPath === '' || lenient ? null : missingBinding(declarationsOf(definition), place.env);
	if (missing !== null)
		throw new TreeFault(`Component "${place.componentPath}" is missing required env var "${missing}"`);
	const childComponents: Record<string, MountedComponent> = {};
	for (const child of definition.childComponents) {
		if (Object.hasOwn(childComponents, child.name)) {
			throw new TreeFault(
				`Component "${place.definitionPath}" has multiple child components with the same name: "${child.name}"`
			);
		}
		childComponents[child.name] = mount(definitions, lenient, placeOf(definitions, place, definition, child));
	}
	const httpModuleRoutes = modules['http.js']?.httpRoutes?.map(({ route }) => route) ?? null;
	const mounts = Object.keys(definition.httpMounts).sort();
	for (const [path, reference] of Object.entries(definition.httpMounts)) {
		const fault = mountFault(path, childComponents[reference.slice(CHILD.length)], httpModuleRoutes ?? []);
		if (fault !== null) throw new TreeFault(`HTTP mount "${path}" is invalid: ${fault}`);
	}
	return {
		...place,
		childComponents,
		httpRoutes: { httpModuleRoutes, mounts },
		exports: exportTree(place.componentPath, modules)
	};
}

function placeOf(
	definitions: Definitions,
	parent: Place,
	definition: ComponentDefinition,
	child: ComponentDefinition['childComponents'][number]
): Place {
	const componentPath = parent.componentPath === '' ? child.name : `${parent.componentPath}/${child.name}`;
	const bindings = Object.fromEntries(child.env ?? []);
	const declared = declarationsOf(find(definitions, child.path).definition);
	const fault = bindingFault(componentPath, declared, bindings, declarationsOf(definition));
	if (fault !== null) throw new TreeFault(fault);
	const path = Object.entries(definition.httpMounts).find(([, reference]) => reference === CHILD + child.name)?.[0];
	// The app's own prefix holds for its own routes; what it mounts is named from the root.
	const above = parent.componentPath === '' ? '' : (parent.httpPrefix?.replace(/\/$/, '') ?? '');
	return {
		definitionPath: child.path,
		componentPath,
		httpPrefix: path === undefined ? null : above + path,
		args: Object.fromEntries(child.args ?? []),
		env: resolveBindings(bindings, parent.componentPath === '', parent.env)
	};
}

function checkArguments({ componentPath, args }: Place, { definitionType }: ComponentDefinition): void {
	const declared = new Map(definitionType.type === 'app' ? [] : definitionType.args);
	for (const [name, resource] of Object.entries(args)) {
		const validator = declared.get(name);
		if (validator === undefined) throw new TreeFault(`Component "${componentPath}" has no argument named "${name}"`);
		if (resource.type === 'function') throw new TreeFault('Function references are not supported');
		const fault = compileValidator(parseJson(validator.value), () => null).check(
			valueFromJson(parseJson(resource.value))
		);
		if (fault !== null) {
			throw new TreeFault(`Component "${componentPath}" has an invalid value for argument "${name}": ${fault.message}`);
		}
	}
}

function mountFault(path: string, child: MountedComponent | undefined, ownRoutes: readonly HttpRoute[]): string | null {
	if (child === undefined) return 'Child component not found.';
	const { httpModuleRoutes, mounts } = child.httpRoutes;
	if ((httpModuleRoutes ?? []).length + mounts.length === 0)
		return `Child component "${child.componentPath}" doesn't have any HTTP routes.`;
	const overlaps = ownRoutes.some((route) => route.path === `${path}*` || (route.path === '*' && path === '/'));
	return overlaps ? 'Overlap with existing prefix route' : null;
}

/** The public functions of a component, by the parts of their modules' paths: what its parent may call. */
export function exportTree(component: string, modules: DefinitionAnalysis['modules']): Record<string, ExportTree> {
	const root: Branch = {};
	for (const [module, { functions }] of Object.entries(modules)) {
		for (const { name, visibility } of functions) {
			if (visibility.kind !== 'public') continue;
			const conflict = new TreeFault(`Path ${module}:${name} conflicts with existing export`);
			let branch = root;
			for (const part of module.slice(0, -3).split('/')) {
				const known = Object.hasOwn(branch, part) ? branch[part] : undefined;
				if (known?.type === 'leaf') throw conflict;
				const children = known?.children ?? {};
				branch[part] = { type: 'branch', children };
				branch = children;
			}
			if (Object.hasOwn(branch, name)) throw conflict;
			const udfPath = canonicalPath({ component, module, name });
			branch[name] = { type: 'leaf', resource: { type: 'function', path: { component, udfPath } } };
		}
	}
	return root;
}

type Branch = { [name: string]: Tree };
type Tree = { readonly type: 'branch'; readonly children: Branch } | Extract<ExportTree, { readonly type: 'leaf' }>;

function find(definitions: Definitions, path: string): DefinitionAnalysis {
	const found = definitions.get(path);
	if (found === undefined) throw new TreeFault(`Component definition not found: "${path}"`);
	return found;
}
