/** From what user code calls a function by (a name, a reference, a handle) to the function, and back to a handle. */
import { DeveloperError } from '../../values/errors.ts';
import type { JsonFields } from '../json.ts';
import { displayPath, parseFunctionPath } from '../paths.ts';
import type { FunctionPath } from '../paths.ts';
import type { DeployedComponents } from './deployed.ts';

const HANDLE = 'function://';
const REFERENCE = '_reference';

/**
 * The function that a syscall of the given component names by `name`, `reference` or `functionHandle`. Whether a function
 * of the component's own exists is not checked here. Throws a DeveloperError; `notFunction` says what an argument of a
 * component, which is a value, cannot be used for.
 */
export function resolveAddress(
	components: DeployedComponents,
	component: string,
	args: JsonFields,
	notFunction: (value: string) => string
): FunctionPath {
	const handle = args.optionalText('functionHandle');
	if (handle !== null) return resolveHandle(components, handle);
	const name = args.optionalText('name');
	if (name !== null) return parseFunctionPath(name, component);
	return resolveReference(components, component, args.text('reference'), notFunction);
}

/**
 * A handle that names the function for as long as one is deployed under this name: `function://<component>;<path>`.
 * Throws a DeveloperError when there is none.
 */
export function functionHandle(components: DeployedComponents, path: FunctionPath): string {
	if (components.get(path.component) === null) throw invalidReference('Component not found');
	if (components.find(path) === null) throw handleNotFound();
	return `${HANDLE}${path.component};${displayPath(path)}`;
}

function resolveHandle(components: DeployedComponents, handle: string): FunctionPath {
	const separator = handle.indexOf(';');
	if (!handle.startsWith(HANDLE) || separator < 0)
		throw new DeveloperError('InvalidValue', `Invalid function handle ${handle}`);
	const path = parseFunctionPath(handle.slice(separator + 1), handle.slice(HANDLE.length, separator));
	if (components.find(path) === null) throw handleNotFound();
	return path;
}

function resolveReference(
	components: DeployedComponents,
	component: string,
	reference: string,
	notFunction: (value: string) => string
): FunctionPath {
	const [head, kind, ...steps] = reference.split('/');
	const [first = '', ...rest] = steps;
	if (head !== REFERENCE || first === '') throw invalidReference(`Invalid reference ${reference}`);
	switch (kind) {
		case 'function':
			return parseFunctionPath(steps.join('/'), component);
		case 'childComponent':
			return exportedFunction(components, component, first, rest);
		case 'componentArgument':
			throw invalidReference(notFunction(argumentOf(components, component, first)));
		case 'currentSystemUdfInComponent':
			throw invalidReference(
				component === ''
					? 'CurrentSystemUdfInComponent must be called from a system UDF'
					: 'CurrentSystemUdfInComponent only available in root component'
			);
		default:
			throw invalidReference(`Invalid reference ${reference}`);
	}
}

/** A public function of a component that this one has mounted. */
function exportedFunction(
	components: DeployedComponents,
	parent: string,
	name: string,
	steps: readonly string[]
): FunctionPath {
	const component = parent === '' ? name : `${parent}/${name}`;
	if (components.get(component) === null) throw invalidReference(`Child component ${JSON.stringify(name)} not found`);
	const path = parseFunctionPath(nameOf(steps), component);
	if (components.find(path)?.visibility.kind === 'public') return path;
	throw invalidReference(`Child component ${JSON.stringify(name)} does not export ${JSON.stringify(steps)}`);
}

/** Convex JSON text of an argument that a component was mounted with. */
function argumentOf(components: DeployedComponents, component: string, name: string): string {
	if (component === '') throw invalidReference("Can't use an argument reference in the app");
	const resource = components.get(component)?.mounted.args[name];
	if (resource?.type !== 'value') throw invalidReference(`Component argument '${name}' not found`);
	return resource.value;
}

function nameOf(steps: readonly string[]): string {
	return `${steps.slice(0, -1).join('/')}:${steps.at(-1) ?? ''}`;
}

function handleNotFound(): DeveloperError {
	return new DeveloperError('InvalidValue', 'Function handle not found');
}

function invalidReference(message: string): DeveloperError {
	return new DeveloperError('InvalidValue', message);
}
