/**
 * The JSON of exports: readable and without loss. Whole floats have a decimal point (`5.0`), int64s have none (`5`), and
 * what JSON cannot say stands as in Convex JSON (`{"$bytes": …}`, `{"$float": …}` for NaN and the infinities).
 */
import type { JSONValue } from 'convex/values';

const WHOLE = /^-?\d+$/;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** One line of an export, from the Convex JSON text of a document. */
export function exportLine(json: string): string {
	const value: JSONValue = JSON.parse(json);
	return written(value);
}

function written(value: JSONValue): string {
	if (typeof value === 'number') return floatText(value);
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
	const entries = Object.entries(value);
	const [first] = entries;
	if (entries.length === 1 && typeof first?.[1] === 'string') {
		const bytes = Buffer.from(first[1], 'base64');
		if (first[0] === '$integer') return String(bytes.readBigInt64LE());
		if (first[0] === '$float' && Object.is(bytes.readDoubleLE(), -0)) return '-0.0';
		if (first[0].startsWith('$')) return JSON.stringify(value);
	}
	return `{${entries.map(([name, field]) => `${JSON.stringify(name)}:${written(field ?? null)}`).join(',')}}`;
}

function floatText(value: number): string {
	const text = String(value);
	return WHOLE.test(text) ? `${text}.0` : text;
}

/**
 * Convex JSON text of a line. `exact`: numbers without a decimal point are int64s, as exports write them; otherwise every
 * number is a float, as in JSON that people write. Throws a SyntaxError for what is no JSON.
 */
export function importLine(line: string, exact: boolean): string {
	const read = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
		typeof value === 'number' ? numberJson(value, context?.source ?? '', exact) : value;
	return JSON.stringify(JSON.parse(line, read));
}

function numberJson(value: number, source: string, exact: boolean): unknown {
	if (Object.is(value, -0)) return encoded('$float', (bytes) => bytes.writeDoubleLE(-0));
	if (!exact || !WHOLE.test(source)) return value;
	const integer = BigInt(source);
	if (integer > MAX_INT64 || integer < MIN_INT64) return value;
	return encoded('$integer', (bytes) => bytes.writeBigInt64LE(integer));
}

function encoded(tag: '$float' | '$integer', write: (bytes: Buffer) => void): Record<string, string> {
	const bytes = Buffer.alloc(8);
	write(bytes);
	return { [tag]: bytes.toString('base64') };
}
