import type { JSONValue } from 'convex/values';
import { filterKey } from '../../store/filterKeys.ts';
import type { KeyFilter } from '../../store/filterKeys.ts';
import type { StoreTransaction } from '../../store/transaction.ts';
import { DeveloperError } from '../../values/errors.ts';
import { valueOrUndefinedFromJson } from '../../values/value.ts';
import { JsonFields } from '../json.ts';

/** The backend's figures: results when no limit is given, results at most, and values to compare filter fields with. */
const DEFAULT_RESULTS = 10;
const MAX_RESULTS = 256;
const MAX_CONDITIONS = 64;

/**
 * `ctx.vectorSearch(table, index, …)` of an action: `{"results":[{_id,_score}]}`, nearest first. Throws a DeveloperError in
 * the backend's words.
 */
export function vectorSearch(transaction: StoreTransaction, component: string, json: JSONValue): string {
	const query = new JsonFields(json, 'vectorSearch');
	const name = query.text('indexName');
	const dot = name.indexOf('.');
	const table = name.slice(0, dot);
	const { fields, dimensions } = transaction.searches.index(component, table, name.slice(dot + 1), 'vector');
	const limit = query.optionalCount('limit') ?? DEFAULT_RESULTS;
	if (limit > MAX_RESULTS)
		throw invalid(`Vector queries can fetch at most ${MAX_RESULTS} results, requested ${limit}.`);
	const filters = query.has('expressions') ? filtersOf(name, fields, query.json('expressions')) : [];
	const vector = query.list('vector').map((element) => {
		if (typeof element === 'number') return element;
		throw invalid('A vector must be a list of numbers.');
	});
	if (vector.length !== dimensions)
		throw invalid(`Expected a vector with dimensions ${dimensions}, received ${vector.length}.`);
	const matches = transaction.searches.vectors(component, table, name.slice(dot + 1), { vector, limit, filters });
	return JSON.stringify({ results: matches.map(({ id, score }) => ({ _id: id, _score: score })) });
}

function filtersOf(name: string, fields: readonly string[], expression: JSONValue): KeyFilter[] {
	const conditions: { readonly path: string; readonly key: Uint8Array }[] = [];
	collect(expression, conditions);
	const distinct = new Set(conditions.map(({ path, key }) => `${path}\n${Buffer.from(key).toString('hex')}`)).size;
	if (distinct > MAX_CONDITIONS) {
		throw invalid(`Vector query against ${name} has too many conditions. Max: ${MAX_CONDITIONS} Actual: ${distinct}`);
	}
	return conditions.map(({ path, key }) => {
		const field = fields.indexOf(path, 1) - 1;
		if (field >= 0) return { field, anyOf: [key] };
		throw invalid(
			`Vector query against ${name} contains a filter on ${JSON.stringify(path)} but that field isn't indexed for filtering in \`filterFields\`.`
		);
	});
}

/** Every `q.eq` of an expression of `q.eq` and `q.or`. */
function collect(expression: JSONValue, conditions: { readonly path: string; readonly key: Uint8Array }[]): void {
	const { $or: any, $eq: pair } = objectOf(expression);
	if (Array.isArray(any)) {
		for (const one of any) collect(one, conditions);
		return;
	}
	if (!Array.isArray(pair)) throw invalid('Filters should be a combination of `q.eq` and `q.or`.');
	const { $field: path } = objectOf(pair[0]);
	const { $literal: literal } = objectOf(pair[1]);
	if (typeof path !== 'string' || literal === undefined)
		throw invalid('`q.eq` must take a field path as its first argument and a value as its second');
	conditions.push({ path, key: filterKey(valueOrUndefinedFromJson(literal)) });
}

function objectOf(json: JSONValue | undefined): { readonly [name: string]: JSONValue | undefined } {
	return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

function invalid(message: string): DeveloperError {
	return new DeveloperError('InvalidSearch', message);
}
