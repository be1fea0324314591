/** What Convex bounds in single values. Constants of the backend (`crates/value`, `crates/common/src/document.rs`). */
import { DeveloperError } from './errors.ts';

/** Arrays and objects inside each other. */
const MAX_NESTING = 64;
/** The same in a document, which is an object itself. */
export const MAX_DOCUMENT_NESTING = 16;
/** Bytes of a document, its system fields included. */
export const MAX_DOCUMENT_BYTES = 1 << 20;
const MAX_ARRAY_LENGTH = 8_192;
const MAX_OBJECT_FIELDS = 1_024;
export const MAX_FIELD_NAME = 1_024;

/** Throws a DeveloperError when arrays and objects lie deeper inside each other than Convex allows. */
export function checkNesting(nesting: number): void {
	if (nesting <= MAX_NESTING) return;
	throw new DeveloperError(
		'InvalidValue',
		`Value is too nested (nested ${nesting} levels deep > maximum nesting ${MAX_NESTING})`
	);
}

/** Throws a DeveloperError when an array is longer than Convex allows. */
export function checkArrayLength(length: number): void {
	if (length <= MAX_ARRAY_LENGTH) return;
	throw new DeveloperError('InvalidValue', `Array length is too long (${length} > maximum length ${MAX_ARRAY_LENGTH})`);
}

/** Throws a DeveloperError when an object has more fields than Convex allows. */
export function checkFieldCount(count: number): void {
	if (count <= MAX_OBJECT_FIELDS) return;
	throw new DeveloperError(
		'InvalidValue',
		`Object has too many fields (${count} > maximum number ${MAX_OBJECT_FIELDS})`
	);
}

/** A limit in bytes as Convex prints it where it need not be exact in a unit: `16 MiB`, `1.5 KiB`, `20000 bytes`. */
export function displayLimit(bytes: number): string {
	for (const [unit, name] of [
		[1 << 30, 'GiB'],
		[1 << 20, 'MiB'],
		[1 << 10, 'KiB']
	] as const) {
		if (bytes >= unit && (bytes * 10) % unit === 0) return `${bytes / unit} ${name}`;
	}
	return `${bytes} bytes`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];

/** A number of bytes as Convex prints it: `16 MiB`, `1.25 KiB`. */
export function displayBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 1024 && unit < UNITS.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${Number.isInteger(value) ? value : value.toFixed(2)} ${UNITS[unit]}`;
}
