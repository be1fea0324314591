import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import { patchFromJson } from '../../values/value.ts';
import { DeveloperError } from '../../values/errors.ts';
import { readArgument } from './queries.ts';

export function insert(call: Call, args: JsonFields): string {
	const id = writer(call).insert(call.component, args.text('table'), patchFromJson(args.json('value')));
	return `{"_id":"${id}"}`;
}

/** `ctx.db.patch`: a field whose value is undefined is removed. */
export function shallowMerge(call: Call, args: JsonFields): string {
	const id = target(call, args, 'db.patch');
	return readArgument('db.patch', () => writer(call).patch(call.component, id, patchFromJson(args.json('value')))).json;
}

export function replace(call: Call, args: JsonFields): string {
	const id = target(call, args, 'db.replace');
	return readArgument('db.replace', () => writer(call).replace(call.component, id, patchFromJson(args.json('value'))))
		.json;
}

export function remove(call: Call, args: JsonFields): string {
	const id = target(call, args, 'db.delete');
	return readArgument('db.delete', () => writer(call).remove(call.component, id)).json;
}

/** The transaction, when the function may write. */
export function writer(call: Call): Call['request']['transaction'] {
	if (call.kind !== 'Mutation') throw new DeveloperError('InvalidValue', 'Queries cannot write to the database.');
	return call.request.transaction;
}

function target(call: Call, args: JsonFields, operation: string): string {
	const id = args.text('id');
	const table = args.optionalText('table');
	const { transaction } = call.request;
	// A malformed id is left to the write itself, which says what is wrong with it.
	if (
		table !== null &&
		readArgument(operation, () => transaction.get(call.component, id)) !== null &&
		transaction.normalizeId(call.component, table, id) === null
	) {
		throw new DeveloperError(
			'InvalidId',
			`Invalid argument \`id\` for \`${operation}\`: expected to be an Id<"${table}">, but it is an id of another table: ${id}`
		);
	}
	return id;
}
