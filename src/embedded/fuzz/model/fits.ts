import type { Value } from 'convex/values';
import { isObject, order } from './order.ts';

/** Whether a value is what validator JSON (`schema.export()`) asks for. `tableOf` gives the table of an id, or null. */
export function fits(validator: Value, value: Value | undefined, tableOf: (id: string) => string | null): boolean {
	if (!isObject(validator) || value === undefined) return false;
	const inner = (part: Value | undefined, given: Value | undefined) => fits(part ?? null, given, tableOf);
	const shape = validator.value;
	switch (validator.type) {
		case 'any':
			return true;
		case 'null':
			return value === null;
		case 'number':
		case 'bigint':
		case 'boolean':
		case 'string':
			return typeof value === validator.type;
		case 'bytes':
			return value instanceof ArrayBuffer;
		case 'literal':
			return order(value, shape) === 0;
		case 'id':
			return typeof value === 'string' && tableOf(value) === validator.tableName;
		case 'array':
			return Array.isArray(value) && value.every((item) => inner(shape, item));
		case 'union':
			return Array.isArray(shape) && shape.some((member) => inner(member, value));
		case 'record': {
			const { keys, values } = validator;
			const type = isObject(values) ? values.fieldType : null;
			return isObject(value) && Object.entries(value).every(([name, field]) => inner(keys, name) && inner(type, field));
		}
		case 'object': {
			if (!isObject(value) || !isObject(shape)) return false;
			const known = Object.entries(shape).every(([name, field]) => {
				if (!isObject(field)) return false;
				return value[name] === undefined ? field.optional === true : inner(field.fieldType, value[name]);
			});
			return known && Object.keys(value).every((name) => Object.hasOwn(shape, name));
		}
		default:
			throw new Error(`unknown validator ${String(validator.type)}`);
	}
}
