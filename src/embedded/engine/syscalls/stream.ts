import type { JSONValue } from 'convex/values';
import type { TextQuery } from '../../store/textSearch.ts';
import type { KeyRange, Scan, ScanEntry, StoredDocument } from '../../store/types.ts';
import { DeveloperError } from '../../values/errors.ts';
import { EVERYTHING, isEmptyRange, keyAfter, prefixRange } from '../../values/keys.ts';
import { parseRange, rangeFromExpressions } from '../../values/ranges.ts';
import { isConvexObject, parseValue } from '../../values/value.ts';
import type { ConvexObject } from '../../values/value.ts';
import type { Call } from '../call.ts';
import { JsonFields } from '../json.ts';
import { compileExpression, isTrue } from './filter.ts';
import type { Expression } from './filter.ts';
import { compileSearch, SearchScan } from './search.ts';

type Operator =
	| { readonly kind: 'filter'; readonly keep: Expression }
	| { readonly kind: 'limit'; readonly max: number; seen: number };

/** A query as `convex/server` builds it: which keys of which index, in which order, and what is done with each document. */
export interface QueryPlan {
	readonly table: string;
	readonly index: string;
	readonly range: KeyRange;
	readonly order: 'asc' | 'desc';
	readonly operators: readonly Operator[];
	/** Of a text search; its keys are those of the matches, best first. */
	readonly search: TextQuery | null;
	/** Fields that decide the order of the documents, for cursors. */
	readonly fields: readonly string[];
}

/** The backend's bound on filters and limits of one query. */
const MAX_OPERATORS = 256;

/** Tables of the system that functions may read through `ctx.db.system`. */
const READABLE_SYSTEM_TABLES = new Set(['_storage', '_scheduled_functions']);

export function planQuery(call: Call, json: JSONValue): QueryPlan {
	const query = new JsonFields(json, 'query');
	const source = query.fields('source');
	const list = query.list('operators');
	if (list.length > MAX_OPERATORS)
		throw new DeveloperError('InvalidValue', `Query has too many operators: ${list.length}`);
	const operators = list.map(parseOperator);
	const order = source.optionalText('order') ?? 'asc';
	if (order !== 'asc' && order !== 'desc') throw new DeveloperError('InvalidValue', 'expected "asc" or "desc"');
	switch (source.text('type')) {
		case 'FullTableScan':
			return {
				table: readable(source.text('tableName')),
				index: 'by_creation_time',
				range: prefixRange([]),
				order,
				operators,
				search: null,
				fields: ['_creationTime']
			};
		case 'IndexRange': {
			const { name, table, index } = indexName(source);
			const fields = call.request.transaction.indexFields(call.component, table, index);
			return {
				table,
				index,
				range: rangeFromExpressions(name, fields, parseRange(source.json('range'))),
				order,
				operators,
				search: null,
				fields
			};
		}
		case 'Search': {
			const { table, index } = indexName(source);
			const search = compileSearch(call, table, index, source.list('filters'));
			return { table, index, range: EVERYTHING, order: 'asc', operators, search, fields: [] };
		}
		default:
			throw new DeveloperError('InvalidValue', `Unknown query source ${source.text('type')}`);
	}
}

function indexName(source: JsonFields): { readonly name: string; readonly table: string; readonly index: string } {
	const name = source.text('indexName');
	const dot = name.indexOf('.');
	return { name, table: readable(name.slice(0, dot)), index: name.slice(dot + 1) };
}

function readable(table: string): string {
	if (table.startsWith('_') && !READABLE_SYSTEM_TABLES.has(table))
		throw new DeveloperError('TableNotFound', `Table ${table} not found.`);
	return table;
}

function parseOperator(json: JSONValue): Operator {
	const operator = new JsonFields(json, 'query operator');
	if (operator.has('filter')) return { kind: 'filter', keep: compileExpression(operator.json('filter')) };
	return { kind: 'limit', max: operator.count('limit'), seen: 0 };
}

/** Documents of a plan, one at a time. What is not asked for is not read, so it does not widen the read set. */
export class QueryStream {
	readonly #call: Call;
	readonly #scan: Scan;
	readonly #plan: QueryPlan;
	readonly #operators: readonly Operator[];
	#last: ScanEntry | null = null;
	#exhausted = false;

	constructor(call: Call, plan: QueryPlan) {
		this.#call = call;
		this.#plan = plan;
		this.#operators = plan.operators;
		const { table, index, range, order, search } = plan;
		this.#scan =
			search === null
				? call.request.transaction.scan(call.component, table, index, range, order, wantedOf(plan.operators))
				: new SearchScan(call, table, index, search, range);
	}

	/** Key of the last row read from the index, kept or not. */
	get lastKey(): Uint8Array | null {
		return this.#last?.key ?? null;
	}

	next(): StoredDocument | null {
		for (;;) {
			const row = this.nextRow();
			if (row === null) return null;
			if (row.kept) return row.entry.document;
		}
	}

	/** The next row of the index and whether the operators keep it; null at the end or once a limit is reached. */
	nextRow(): { readonly entry: ScanEntry; readonly kept: boolean } | null {
		for (const operator of this.#operators) {
			if (operator.kind === 'limit' && operator.seen >= operator.max) return this.#end();
		}
		const entry = this.#scan.next();
		const { usage } = this.#call.request;
		if (entry === null) {
			this.#exhausted = true;
			this.#countRange(this.#last === null);
			return this.#end();
		}
		const isFirst = this.#last === null;
		this.#last = entry;
		// Tables of the system are not counted, as they are not at Convex.
		if (!this.#plan.table.startsWith('_')) usage.readDocument(entry.document.json, this.#call.limits);
		if (isFirst) this.#countRange(true);
		return { entry, kept: this.#keeps(entry.document) };
	}

	close(): void {
		if (this.#last !== null && !this.#exhausted) this.#countRange(false);
		this.#scan.close();
	}

	/** What was read of the index so far counts as one range, which grows with every row. */
	#countRange(isNew: boolean): void {
		const { table, index, order, range } = this.#plan;
		const whole = this.#exhausted || this.#last === null;
		const { lower, upper } = range;
		const read = whole
			? range
			: order === 'asc'
				? { lower, upper: keyAfter(this.#last?.key ?? lower) }
				: { lower: this.#last?.key ?? lower, upper };
		if (isEmptyRange(read)) return;
		const { component, limits, request } = this.#call;
		request.usage.readRange(`${component}/${table}.${index}`, read, isNew ? limits : null);
	}

	/** Operators apply in the order in which they were chained: a limit before a filter limits what is filtered. */
	#keeps(document: StoredDocument): boolean {
		let fields: ConvexObject | null = null;
		for (const operator of this.#operators) {
			if (operator.kind === 'limit') {
				operator.seen++;
				continue;
			}
			fields ??= objectOf(document);
			if (!isTrue(operator.keep(fields))) return false;
		}
		return true;
	}

	#end(): null {
		this.#scan.close();
		return null;
	}
}

/** How many rows a query takes at most; undefined when that depends on what is in them. */
function wantedOf(operators: readonly Operator[]): number | undefined {
	const limits = operators.flatMap((operator) => (operator.kind === 'limit' ? operator.max : []));
	return limits.length > 0 && limits.length === operators.length ? Math.min(...limits) : undefined;
}

function objectOf(document: StoredDocument): ConvexObject {
	const value = parseValue(document.json);
	if (!isConvexObject(value)) throw new TypeError('a stored document is no object');
	return value;
}
