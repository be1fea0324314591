import { MAX_DOCUMENT_NESTING } from '../../values/bounds.ts';
import { DeveloperError } from '../../values/errors.ts';
import { measureJson } from '../../values/measure.ts';
import type { Measure } from '../../values/measure.ts';
import { isConvexObject, patchFromJson } from '../../values/value.ts';
import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import { readArgument, readDocument } from './queries.ts';

/** `_id` and `_creationTime`, which every document has, beside the characters of the id: names, separators, values. */
const SYSTEM_FIELDS_BYTES = '_id'.length + 1 + 2 + ('_creationTime'.length + 1 + 9);

export function insert(call: Call, args: JsonFields): string {
	const value = args.json('value');
	const text = JSON.stringify(value);
	const measure = measureJson(text);
	checkDocumentNesting(measure);
	const table = args.text('table');
	const id =
		measure.plain && isConvexObject(value) && isVerbatim(args.source, table, text)
			? writer(call).insert(call.component, table, value, text)
			: writer(call).insert(call.component, table, patchFromJson(value));
	const { size, nesting } = measure;
	call.request.usage.wroteDocument(id, { size: size + SYSTEM_FIELDS_BYTES + id.length, nesting }, call.limits);
	return `{"_id":"${id}"}`;
}

/**
 * Whether the arguments say the document word for word so, as `convex/server` writes them. Text that was made by hand may
 * say what JSON.stringify loses (-0, 1e999).
 */
function isVerbatim(source: string, table: string, text: string): boolean {
	const start = '{"table":"'.length + table.length + '","value":'.length;
	return source.length === start + text.length + '}'.length && source.startsWith(text, start);
}

/** `ctx.db.patch`: a field whose value is undefined is removed. */
export function shallowMerge(call: Call, args: JsonFields): string {
	const id = target(call, args, 'db.patch');
	const patch = patchFromJson(args.json('value'));
	return rewritten(call, id, () => writer(call).patch(call.component, id, patch).json);
}

export function replace(call: Call, args: JsonFields): string {
	const id = target(call, args, 'db.replace');
	const fields = patchFromJson(args.json('value'));
	return rewritten(call, id, () => writer(call).replace(call.component, id, fields).json);
}

export function remove(call: Call, args: JsonFields): string {
	const id = target(call, args, 'db.delete');
	const { json } = writer(call).remove(call.component, id);
	call.request.usage.wroteDocument(id, null, call.limits);
	return json;
}

/** The transaction, when the function may write. */
export function writer(call: Call): Call['request']['transaction'] {
	if (call.kind !== 'Mutation') throw new DeveloperError('InvalidValue', 'Queries cannot write to the database.');
	return call.request.transaction;
}

function rewritten(call: Call, id: string, write: () => string): string {
	const json = write();
	const measure = measureJson(json);
	checkDocumentNesting(measure);
	call.request.usage.wroteDocument(id, measure, call.limits);
	return json;
}

function checkDocumentNesting({ nesting }: Pick<Measure, 'nesting'>): void {
	if (nesting <= MAX_DOCUMENT_NESTING) return;
	throw new DeveloperError(
		'InvalidDocument',
		`Document is too nested (nested ${nesting} levels deep > maximum nesting ${MAX_DOCUMENT_NESTING})`
	);
}

/** The document to change is read first, and counts as such. */
function target(call: Call, args: JsonFields, operation: string): string {
	const id = args.text('id');
	const table = args.optionalText('table');
	const transaction = writer(call);
	const found = readArgument(operation, () => readDocument(call, id));
	if (table !== null && found !== null && transaction.normalizeId(call.component, table, id) === null) {
		throw new DeveloperError(
			'InvalidId',
			`Invalid argument \`id\` for \`${operation}\`: expected to be an Id<"${table}">, but it is an id of another table: ${id}`
		);
	}
	return id;
}
