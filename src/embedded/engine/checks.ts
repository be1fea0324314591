import type { JSONValue } from 'convex/values';
import { compileValidator } from '../values/validate.ts';
import type { TableResolver, Validator } from '../values/validate.ts';
import { valueFromJson } from '../values/value.ts';
import { FunctionRefusal } from './failure.ts';
import { parseJson } from './json.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { AnalyzedFunction } from './types.ts';

/** Compiled validators of one function; null where anything goes. */
export interface FunctionChecks {
	readonly args: Validator | null;
	readonly returns: Validator | null;
}

export function compileChecks(found: AnalyzedFunction, resolve: TableResolver): FunctionChecks {
	return { args: compile(found.args, resolve), returns: compile(found.returns, resolve) };
}

function compile(json: string | null, resolve: TableResolver): Validator | null {
	const parsed: JSONValue = json === null ? null : parseJson(json);
	if (parsed === null || (typeof parsed === 'object' && !Array.isArray(parsed) && parsed.type === 'any')) return null;
	return compileValidator(parsed, resolve);
}

/** Checks the argument array of a call. Throws a FunctionRefusal in Convex's words. */
export function checkArguments(args: string, checks: FunctionChecks): void {
	if (args.length > DEFAULT_LIMITS.argumentBytes) {
		throw new FunctionRefusal(
			`Arguments are too large (${args.length} bytes, maximum size is ${DEFAULT_LIMITS.argumentBytes} bytes)`
		);
	}
	const list = parseJson(args);
	if (!Array.isArray(list)) throw new FunctionRefusal('ArgumentValidationError: the arguments must be an array.');
	if (checks.args === null) return;
	if (list.length > 1)
		throw new FunctionRefusal(`ArgumentValidationError: Expected 1 argument, received ${list.length}.`);
	const fault = checks.args.check(valueFromJson(list[0] ?? {}));
	if (fault !== null) throw new FunctionRefusal(`ArgumentValidationError: ${fault.message}`);
}

/** Checks what a function returned. Throws a FunctionRefusal in Convex's words. */
export function checkReturn(value: string, checks: FunctionChecks): void {
	const fault = checks.returns?.check(valueFromJson(parseJson(value))) ?? null;
	if (fault !== null) throw new FunctionRefusal(`ReturnsValidationError: ${fault.message}`);
}
