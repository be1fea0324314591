import { DeveloperError } from '../../values/errors.ts';
import type { JsonFields } from '../json.ts';
import { displayPath, parseFunctionPath } from '../paths.ts';
import type { FunctionPath } from '../paths.ts';

const HANDLE = 'function://';
const REFERENCE = '_reference/function/';

/** The function that a syscall names by `name`, `reference` or `functionHandle`. */
export function readAddress(args: JsonFields): FunctionPath {
	const name = args.optionalText('name');
	if (name !== null) return parseFunctionPath(name);
	const handle = args.optionalText('functionHandle');
	if (handle !== null) return parseHandle(handle);
	const reference = args.text('reference');
	if (!reference.startsWith(REFERENCE)) {
		throw new DeveloperError(
			'InvalidValue',
			`Cannot resolve ${reference}: components are not supported by the embedded deployment.`
		);
	}
	const steps = reference.slice(REFERENCE.length).split('/');
	return parseFunctionPath(`${steps.slice(0, -1).join('/')}:${steps.at(-1) ?? ''}`);
}

/** A handle that names the function for as long as it is deployed under this name: `function://<component>;<path>`. */
export function functionHandle(path: FunctionPath): string {
	return `${HANDLE};${displayPath(path)}`;
}

function parseHandle(handle: string): FunctionPath {
	const path = handle.startsWith(`${HANDLE};`) ? handle.slice(HANDLE.length + 1) : '';
	if (path === '') throw new DeveloperError('InvalidValue', `Invalid function handle: ${handle}`);
	return parseFunctionPath(path);
}
