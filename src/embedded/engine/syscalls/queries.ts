import { DeveloperError } from '../../values/errors.ts';
import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import { planQuery, QueryStream } from './stream.ts';
import type { StoredDocument } from '../../store/types.ts';

let lastQueryId = 0;

/** `ctx.db.query(…)` begins to be read. */
export function queryStream(call: Call, args: JsonFields): string {
	const stream = new QueryStream(call, planQuery(call, args.json('query')));
	const queryId = ++lastQueryId;
	call.streams.set(queryId, stream);
	return `{"queryId":${queryId}}`;
}

export function queryStreamNext(call: Call, args: JsonFields): string {
	const stream = call.streams.get(args.number('queryId'));
	if (stream === undefined) throw new DeveloperError('InvalidValue', 'in-progress query not found');
	const document = stream.next();
	return document === null ? '{"value":null,"done":true}' : `{"value":${document.json},"done":false}`;
}

export function queryCleanup(call: Call, args: JsonFields): string {
	const queryId = args.number('queryId');
	call.streams.get(queryId)?.close();
	return String(call.streams.delete(queryId));
}

/** `ctx.db.get` and `ctx.db.system.get`. */
export function get(call: Call, args: JsonFields): string {
	const id = args.text('id');
	const isSystem = args.has('isSystem') && args.json('isSystem') === true;
	const operation = isSystem ? 'db.system.get' : 'db.get';
	const { transaction } = call.request;
	const document = readArgument(operation, () => readDocument(call, id));
	const table = transaction.tableOf(call.component, id);
	// Whether there is a document says nothing about a table that may not be read so.
	if (table === null) return 'null';
	checkSystem(table, isSystem);
	const expected = args.optionalText('table');
	if (expected !== null && expected !== table) {
		throw new DeveloperError(
			'InvalidId',
			`Invalid argument \`id\` for \`${operation}\`: expected to be an Id<"${expected}">, but it is an id of another table: ${id}`
		);
	}
	if (document === null) return 'null';
	return document.json;
}

export function normalizeId(call: Call, args: JsonFields): string {
	const id = call.request.transaction.normalizeId(call.component, args.text('table'), args.text('idString'));
	return JSON.stringify({ id });
}

export function count(call: Call, args: JsonFields): string {
	return String(call.request.transaction.count(call.component, args.text('table')));
}

/** The document of an id, counted against what the function may read. */
export function readDocument(call: Call, id: string): StoredDocument | null {
	const { transaction, usage } = call.request;
	const document = transaction.get(call.component, id);
	usage.readId(id, call.limits);
	// Tables of the system are not counted, as they are not at Convex.
	if (document !== null && transaction.tableOf(call.component, id)?.startsWith('_') === false)
		usage.readDocument(document.json, call.limits);
	return document;
}

/** Adds the operation to the words about a malformed id, as the backend does. */
export function readArgument<T>(operation: string, read: () => T): T {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof DeveloperError) || error.code !== 'InvalidId') throw error;
		throw new DeveloperError('InvalidId', `Invalid argument \`id\` for \`${operation}\`: ${error.message}`);
	}
}

function checkSystem(table: string, isSystem: boolean): void {
	const inSystem = table.startsWith('_');
	if (isSystem && !inSystem) throw new DeveloperError('InvalidId', 'User tables cannot be accessed with db.system.');
	if (!isSystem && inSystem)
		throw new DeveloperError('InvalidId', 'System tables can only be accessed with db.system.');
}
