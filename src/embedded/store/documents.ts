import type { Value } from 'convex/values';
import { getDocumentSize } from 'convex/values';
import { checkFieldName, encodeFields, isConvexObject, parseValue } from '../values/value.ts';
import type { ConvexObject } from '../values/value.ts';
import { displayBytes, MAX_DOCUMENT_BYTES } from '../values/bounds.ts';
import { DeveloperError } from '../values/errors.ts';
import { displayValue } from '../values/display.ts';
import { idLength } from '../values/ids.ts';
import type { TableEntry } from './tableEntry.ts';
import type { DocumentFields, StoredDocument } from './types.ts';

/** A document taken apart: the person's fields, and the two that the system adds. */
export interface ParsedDocument {
	readonly fields: Record<string, Value>;
	readonly creationTime: number;
}

export function storedDocument(table: TableEntry, json: string): StoredDocument {
	// Every document text ends with `"_id":"…"}`.
	return { id: json.slice(-2 - idLength(table.number), -2), json };
}

export function parseDocument(json: string): ParsedDocument {
	const value = parseValue(json);
	if (!isConvexObject(value)) throw new TypeError('a stored document is no object');
	const fields: Record<string, Value> = {};
	for (const [name, field] of Object.entries(value)) {
		if (field !== undefined && name !== '_id' && name !== '_creationTime') fields[name] = field;
	}
	return { fields, creationTime: Number(value._creationTime) };
}

/** Checked fields as they will be read again, and their text. */
export interface EncodedFields {
	readonly fields: ConvexObject;
	readonly json: string;
}

/** Checked fields that the table takes. */
export interface EncodedDocument extends EncodedFields {
	/** What the schema of a push under way has against it, or null. */
	readonly misfit: string | null;
}

/** Checks fields against the rules of documents, and writes their text. Throws a DeveloperError in Convex's words. */
export function encodeDocumentFields(given: ConvexObject, commitTs: () => bigint): EncodedFields {
	for (const name in given) {
		if (name.startsWith('_')) {
			throw new DeveloperError(
				'InvalidDocument',
				`Field '${name}' starts with an underscore, which is only allowed for system fields like '_id'`
			);
		}
	}
	return encodeFields(given, commitTs);
}

/** Checks fields against the table's schema. Throws a DeveloperError in Convex's words. */
export function checkDocument(table: TableEntry, { fields, json }: EncodedFields): EncodedDocument {
	const fault = table.validator?.check(fields);
	if (fault) {
		throw new DeveloperError(
			'SchemaEnforcement',
			`Failed to insert or update a document in table "${table.name}" because it does not match the schema: ${fault.message}`
		);
	}
	// Text is never shorter than a quarter of what Convex counts, so small texts need no exact measure.
	if (json.length > MAX_DOCUMENT_BYTES / 4 && !table.name.startsWith('_')) checkSize(fields);
	return { fields, json, misfit: table.pendingValidator?.check(fields)?.message ?? null };
}

/** What follows the fields in a document's text, in the place of their closing brace. */
export function systemFields(fields: string, creationTime: number, id: string): string {
	return `${fields === '{}' ? '' : ','}"_creationTime":${creationTime},"_id":"${id}"}`;
}

/** Fields for `insert`: system fields are the system's to give. */
export function withoutSystemFields(fields: DocumentFields): ConvexObject {
	for (const name of ['_id', '_creationTime']) {
		if (fields[name] !== undefined) {
			throw new DeveloperError(
				'InvalidDocument',
				`Provided document contains the system field '${name}', which is set by the system when a document is inserted.`
			);
		}
	}
	return fields;
}

/** Fields for `patch` and `replace`: system fields may be given when they equal the document's own. */
export function withoutEqualSystemFields(fields: DocumentFields, id: string, creationTime: number): DocumentFields {
	if (!('_id' in fields) && !('_creationTime' in fields)) return fields;
	const { _id, _creationTime, ...rest } = fields;
	if ('_id' in fields && _id !== id) {
		throw new DeveloperError(
			'InvalidDocument',
			`Provided document ID "${id}" doesn't match '_id' field ${displayValue(_id)}`
		);
	}
	if ('_creationTime' in fields && _creationTime !== creationTime) {
		throw new DeveloperError(
			'InvalidDocument',
			`Provided creation time ${creationTime} doesn't match '_creationTime' field in ${displayValue(rest)}`
		);
	}
	return rest;
}

/** The fields after a shallow merge; an undefined field is removed. */
export function mergeFields(old: Record<string, Value>, patch: DocumentFields): Record<string, Value> {
	const merged = { ...old };
	for (const [name, value] of Object.entries(patch)) {
		checkFieldName(name);
		if (value === undefined) delete merged[name];
		else merged[name] = value;
	}
	return merged;
}

function checkSize(fields: ConvexObject): void {
	const defined: Record<string, Value> = {};
	for (const [name, value] of Object.entries(fields)) if (value !== undefined) defined[name] = value;
	const size = getDocumentSize(defined);
	if (size <= MAX_DOCUMENT_BYTES) return;
	throw new DeveloperError(
		'DocumentTooLarge',
		`Value is too large (${displayBytes(size)} > maximum size ${displayBytes(MAX_DOCUMENT_BYTES)})`
	);
}
