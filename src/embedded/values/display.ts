import type { Value } from 'convex/values';
import { isConvexObject } from './value.ts';

/** A value as Convex writes it in error texts: `{name: "x", n: 1.0, big: 1}`. Undefined is `undefined`. */
export function displayValue(value: Value | undefined): string {
	if (value === undefined) return 'undefined';
	if (value === null) return 'null';
	switch (typeof value) {
		case 'string':
			return JSON.stringify(value);
		case 'number':
			return displayFloat(value);
		case 'bigint':
		case 'boolean':
			return String(value);
		default:
			break;
	}
	if (value instanceof ArrayBuffer) {
		const bytes = [...new Uint8Array(value)].map((byte) => byte.toString(16).padStart(2, '0'));
		return `b"${bytes.join('')}"`;
	}
	if (Array.isArray(value)) return `[${value.map(displayValue).join(', ')}]`;
	if (!isConvexObject(value)) return 'commitTs';
	const fields = Object.entries(value)
		.filter(([, field]) => field !== undefined)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, field]) => `${name}: ${displayValue(field)}`);
	return `{${fields.join(', ')}}`;
}

/** What Convex calls a value's type in error texts. */
export function typeName(value: Value | undefined): string {
	if (value === undefined) return 'undefined';
	if (value === null) return 'Null';
	switch (typeof value) {
		case 'string':
			return 'String';
		case 'number':
			return 'Float64';
		case 'bigint':
			return 'Int64';
		case 'boolean':
			return 'Boolean';
		default:
			if (value instanceof ArrayBuffer) return 'Bytes';
			if (Array.isArray(value)) return 'Array';
			return isConvexObject(value) ? 'Object' : 'Int64';
	}
}

function displayFloat(value: number): string {
	if (Number.isNaN(value)) return 'NaN';
	if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
	if (Object.is(value, -0)) return '-0.0';
	return Number.isInteger(value) ? `${value}.0` : String(value);
}
