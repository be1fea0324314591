import { DeveloperError } from '../values/errors.ts';

/** Guards for what `schema.export()` gives. Each throws a DeveloperError that names what is wrong. */
export function record(value: unknown, what: string): Record<string, unknown> {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw invalid(`The ${what} must be an object.`);
	return Object.fromEntries(Object.entries(value));
}

export function list(value: unknown, what: string): unknown[] {
	if (!Array.isArray(value)) throw invalid(`The ${what} must be a list.`);
	return value;
}

export function text(value: unknown, what: string): string {
	if (typeof value !== 'string') throw invalid(`The ${what} must be text.`);
	return value;
}

export function invalid(message: string): DeveloperError {
	return new DeveloperError('InvalidSchema', message);
}
