import type { JSONValue } from 'convex/values';
import { displayBytes } from '../values/bounds.ts';
import { DeveloperError } from '../values/errors.ts';
import { measureJson } from '../values/measure.ts';
import { compileValidator } from '../values/validate.ts';
import type { TableResolver, Validator } from '../values/validate.ts';
import { valueFromJson } from '../values/value.ts';
import { FunctionRefusal } from './failure.ts';
import { parseJson } from './json.ts';
import type { Limits } from './limits.ts';
import type { AnalyzedFunction } from './analysis.ts';

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

/** Checks the argument array of a call of `name` (`items.js:list`). Throws a FunctionRefusal in Convex's words. */
export function checkArguments(
	name: string,
	args: string,
	checks: FunctionChecks,
	limits: Pick<Limits, 'argumentBytes'>
): void {
	const list = parseJson(args);
	if (!Array.isArray(list)) throw new FunctionRefusal('ArgumentValidationError: the arguments must be an array.');
	// Whatever spelling the text came in: measured is what JSON.stringify would write.
	const size = sizeOf(JSON.stringify(list), `Invalid arguments for ${name}`);
	if (size > limits.argumentBytes) {
		throw new FunctionRefusal(
			`Arguments for ${name} are too large (actual: ${displayBytes(size)}, limit: ${displayBytes(limits.argumentBytes)})`
		);
	}
	if (checks.args === null) return;
	if (list.length > 1)
		throw new FunctionRefusal(`ArgumentValidationError: Expected 1 argument, received ${list.length}.`);
	const fault = checks.args.check(valueFromJson(list[0] ?? {}));
	if (fault !== null) throw new FunctionRefusal(`ArgumentValidationError: ${fault.message}`);
}

/** Checks what the function `name` returned. Throws a FunctionRefusal in Convex's words. */
export function checkReturn(
	name: string,
	value: string,
	checks: FunctionChecks,
	limits: Pick<Limits, 'resultBytes'>
): void {
	const size = sizeOf(value, `Function ${name} return value invalid`);
	if (size > limits.resultBytes) {
		throw new FunctionRefusal(
			`Function ${name} return value is too large (actual: ${displayBytes(size)}, limit: ${displayBytes(limits.resultBytes)})`
		);
	}
	const fault = checks.returns?.check(valueFromJson(parseJson(value))) ?? null;
	if (fault !== null) throw new FunctionRefusal(`ReturnsValidationError: ${fault.message}`);
}

function sizeOf(json: string, complaint: string): number {
	try {
		return measureJson(json).size;
	} catch (error) {
		if (error instanceof DeveloperError) throw new FunctionRefusal(`${complaint}: ${error.message}`);
		throw error;
	}
}
