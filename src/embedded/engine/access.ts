import { canonicalPath, displayPath, inComponent, parseFunctionPath } from './paths.ts';
import type { DeployedComponents } from './components/deployed.ts';
import { FunctionRefusal } from './failure.ts';
import type { FunctionPath } from './paths.ts';
import type { AnalyzedFunction } from './analysis.ts';
import type { FunctionCall } from './types.ts';

/**
 * The function that a call names, when the caller may run it as this type. Throws a FunctionRefusal otherwise; to a
 * client, a function that is internal, one of a component, and one that is absent look the same.
 */
export function resolveFunction(
	call: FunctionCall,
	type: AnalyzedFunction['udfType'],
	components: DeployedComponents
): { path: FunctionPath; found: AnalyzedFunction } {
	if (components.get(call.componentPath) === null)
		throw new FunctionRefusal(`Component path '${call.componentPath}' not found`);
	const path = parseFunctionPath(call.path, call.componentPath);
	const found = components.find(path);
	const mayRunAny = call.identity.kind === 'admin' || call.caller !== 'client';
	const isForClients = found?.visibility.kind === 'public' && path.component === '';
	if (found === null || !(isForClients || mayRunAny)) {
		const kind = mayRunAny ? 'function' : 'public function';
		throw new FunctionRefusal(
			`Could not find ${kind} for '${displayPath(path)}'${inComponent(path.component)}. Did you forget to run \`npx convex dev\` or \`npx convex deploy\`?`
		);
	}
	if (found.udfType !== type) {
		throw new FunctionRefusal(
			`Trying to execute ${canonicalPath(path)}${inComponent(path.component)} as ${type}, but it is defined as ${found.udfType}.`
		);
	}
	return { path, found };
}
