import type { JSONValue } from 'convex/values';
import { DeveloperError } from '../values/errors.ts';

/** Parses JSON text that this program or `convex/server` wrote. */
export function parseJson(text: string): JSONValue {
	const value: JSONValue = JSON.parse(text);
	return value;
}

/** Fields of a JSON object with their types checked; the fault names the field and the operation. */
export class JsonFields {
	readonly #fields: { readonly [name: string]: JSONValue | undefined };
	readonly #where: string;
	/** The text that the fields were parsed from, or nothing. */
	readonly source: string;

	constructor(json: JSONValue | undefined, where: string, source = '') {
		if (typeof json !== 'object' || json === null || Array.isArray(json))
			throw new DeveloperError('InvalidValue', `${where}: expected an object`);
		this.#fields = json;
		this.#where = where;
		this.source = source;
	}

	has(name: string): boolean {
		return this.#fields[name] !== undefined && this.#fields[name] !== null;
	}

	json(name: string): JSONValue {
		const value = this.#fields[name];
		if (value === undefined) throw this.#fault(name, 'a value');
		return value;
	}

	text(name: string): string {
		const value = this.#fields[name];
		return typeof value === 'string' ? value : this.#fail(name, 'text');
	}

	number(name: string): number {
		const value = this.#fields[name];
		return typeof value === 'number' ? value : this.#fail(name, 'a number');
	}

	/** A number of things: a whole number, not negative. */
	count(name: string): number {
		const value = this.number(name);
		return Number.isSafeInteger(value) && value >= 0 ? value : this.#fail(name, 'a whole number that is not negative');
	}

	optionalText(name: string): string | null {
		return this.has(name) ? this.text(name) : null;
	}

	optionalNumber(name: string): number | null {
		return this.has(name) ? this.number(name) : null;
	}

	optionalCount(name: string): number | null {
		return this.has(name) ? this.count(name) : null;
	}

	fields(name: string): JsonFields {
		return new JsonFields(this.#fields[name], `${this.#where}.${name}`);
	}

	list(name: string): readonly JSONValue[] {
		const value = this.#fields[name];
		return Array.isArray(value) ? value : this.#fail(name, 'a list');
	}

	#fault(name: string, expected: string): DeveloperError {
		return new DeveloperError(
			'InvalidValue',
			`Invalid argument \`${name}\` for \`${this.#where}\`: expected ${expected}`
		);
	}

	#fail(name: string, expected: string): never {
		throw this.#fault(name, expected);
	}
}
