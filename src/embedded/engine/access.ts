import { canonicalPath, displayPath, parseFunctionPath } from './paths.ts';
import { FunctionRefusal } from './failure.ts';
import type { FunctionPath } from './paths.ts';
import type { AnalyzedFunction, FunctionCall } from './types.ts';

type Find = (path: FunctionPath) => AnalyzedFunction | null;

/**
 * The function that a call names, when the caller may run it as this type. Throws a FunctionRefusal otherwise; to a
 * client, a function that is internal and one that is absent look the same.
 */
export function resolveFunction(
	call: FunctionCall,
	type: AnalyzedFunction['udfType'],
	find: Find
): { path: FunctionPath; found: AnalyzedFunction } {
	if (call.componentPath !== '')
		throw new FunctionRefusal(
			`Could not find component '${call.componentPath}': components are not supported by the embedded deployment.`
		);
	const path = parseFunctionPath(call.path);
	const found = find(path);
	const isAdmin = call.identity.kind === 'admin';
	const mayRunInternal = isAdmin || call.caller !== 'client';
	if (found === null || (found.visibility.kind === 'internal' && !mayRunInternal)) {
		const kind = mayRunInternal ? 'function' : 'public function';
		throw new FunctionRefusal(
			`Could not find ${kind} for '${displayPath(path)}'. Did you forget to run \`npx convex dev\` or \`npx convex deploy\`?`
		);
	}
	if (found.udfType !== type) {
		throw new FunctionRefusal(
			`Trying to execute ${canonicalPath(path)} as ${type}, but it is defined as ${found.udfType}.`
		);
	}
	return { path, found };
}
