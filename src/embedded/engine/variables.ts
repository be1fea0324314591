/** The deployment's environment variables: their bounds, which are constants of the backend's, and what the app declares. */
import { compileValidator } from '../values/validate.ts';
import { declarationsOf } from './components/environment.ts';
import type { ComponentDefinition } from './components/definition.ts';
import { parseJson } from './json.ts';
import type { Limits } from './limits.ts';
import type { PushRefusal } from './pushChanges.ts';
import type { EnvironmentVariable } from './types.ts';

/** `value` is null where the variable is removed. */
export interface VariableChange {
	readonly name: string;
	readonly value: string | null;
}

export const CLOUD_URL = 'CONVEX_CLOUD_URL';
export const SITE_URL = 'CONVEX_SITE_URL';

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const MAX_NAME_BYTES = 256;
const MAX_VALUE_BYTES = 8 * 1024;

export function changedEnvironment(
	environment: readonly EnvironmentVariable[],
	changes: readonly VariableChange[]
): EnvironmentVariable[] {
	const variables = new Map(environment.map(({ name, value }) => [name, value]));
	for (const { name, value } of changes) {
		if (value === null) variables.delete(name);
		else variables.set(name, value);
	}
	return [...variables].map(([name, value]) => ({ name, value })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Why changes of an environment are refused, or null. `app` is what is deployed. */
export function changeRefusal(
	environment: readonly EnvironmentVariable[],
	changes: readonly VariableChange[],
	app: ComponentDefinition,
	limits: Pick<Limits, 'environmentVariables' | 'environmentBytes'>
): PushRefusal | null {
	for (const change of changes) {
		const refusal = boundsRefusal(change);
		if (refusal !== null) return refusal;
	}
	const required = requiredNames(app);
	const removed = changes.flatMap(({ name, value }) => (value === null && required.includes(name) ? [name] : []));
	if (removed.length > 0) {
		return {
			code: 'RequiredEnvironmentVariable',
			message: `Cannot delete required environment variables: ${removed.join(', ')}. These are declared as required in the app definition.`
		};
	}
	const set = changes.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
	return valueRefusal(set, app) ?? sizeRefusal(changedEnvironment(environment, changes), limits);
}

/** Why an app cannot be pushed with this environment, or null. */
export function missingRefusal(
	environment: readonly EnvironmentVariable[],
	app: ComponentDefinition
): PushRefusal | null {
	const missing = requiredNames(app).filter((required) => !environment.some(({ name }) => name === required));
	if (missing.length > 0) {
		return {
			code: 'MissingEnvironmentVariables',
			message: `Required environment variables are not set: ${missing.join(', ')}. Set them in the Convex dashboard or CLI before pushing.`
		};
	}
	return valueRefusal(environment, app);
}

function boundsRefusal({ name, value }: VariableChange): PushRefusal | null {
	if (!NAME.test(name)) {
		return {
			code: 'EnvironmentVariableNameInvalid',
			message: `The environment variable name ${name} is invalid. Environment variable names must begin with a letter and may only include characters a-z, A-Z, 0-9, and underscores.`
		};
	}
	if (name.length > MAX_NAME_BYTES) {
		return {
			code: 'EnvironmentVariableNameTooLong',
			message: `The environment variable name ${name} is too long. Environment variable names must be less than ${MAX_NAME_BYTES}.`
		};
	}
	if (value === null) return null;
	const bytes = Buffer.byteLength(value);
	if (bytes > MAX_VALUE_BYTES) {
		return {
			code: 'EnvironmentVariableValueTooLarge',
			message: `The environment variable value is ${bytes} bytes, which is too large. (max size: ${MAX_VALUE_BYTES})`
		};
	}
	if (name !== CLOUD_URL && name !== SITE_URL) return null;
	return {
		code: 'EnvVarNameForbidden',
		message: `Environment variable with name "${name}" is built-in and cannot be overridden`
	};
}

function sizeRefusal(
	environment: readonly EnvironmentVariable[],
	{ environmentVariables, environmentBytes }: Parameters<typeof changeRefusal>[3]
): PushRefusal | null {
	if (environment.length > environmentVariables) {
		return {
			code: 'EnvVarLimitMet',
			message: `The environment variable limit (${environmentVariables}) has been met.`
		};
	}
	const bytes = environment.reduce((sum, { name, value }) => sum + name.length + Buffer.byteLength(value), 0);
	if (bytes <= environmentBytes) return null;
	return {
		code: 'EnvVarTotalSizeLimitMet',
		message: `The total size of all environment variables (${bytes} bytes) exceeds the limit (${environmentBytes} bytes).`
	};
}

function valueRefusal(variables: readonly EnvironmentVariable[], app: ComponentDefinition): PushRefusal | null {
	const declared = declarationsOf(app);
	for (const { name, value } of variables) {
		const declaration = declared.get(name);
		const fault = declaration && compileValidator(parseJson(declaration.value), () => null).check(value);
		if (!fault) continue;
		return {
			code: 'InvalidEnvironmentVariable',
			message: `Environment variable ${name} does not match its declared validator: ${fault.message}`
		};
	}
	return null;
}

function requiredNames(app: ComponentDefinition): string[] {
	return [...declarationsOf(app)].flatMap(([name, { optional }]) => (optional === true ? [] : [name]));
}
