import type { JSONValue } from 'convex/values';
import type { KeyRange, Scan, ScanEntry, StoredDocument } from '../../store/types.ts';
import { DeveloperError } from '../../values/errors.ts';
import { prefixRange } from '../../values/keys.ts';
import { parseRange, rangeFromExpressions } from '../../values/ranges.ts';
import { isConvexObject, parseValue } from '../../values/value.ts';
import type { ConvexObject } from '../../values/value.ts';
import type { Call } from '../call.ts';
import { JsonFields } from '../json.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { compileExpression, isTrue } from './filter.ts';
import type { Expression } from './filter.ts';

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
}

/** Tables of the system that functions may read through `ctx.db.system`. */
const READABLE_SYSTEM_TABLES = new Set(['_storage', '_scheduled_functions']);

export function planQuery(call: Call, json: JSONValue): QueryPlan {
	const query = new JsonFields(json, 'query');
	const source = query.fields('source');
	const operators = query.list('operators').map(parseOperator);
	const order = source.optionalText('order') === 'desc' ? 'desc' : 'asc';
	switch (source.text('type')) {
		case 'FullTableScan':
			return {
				table: readable(source.text('tableName')),
				index: 'by_creation_time',
				range: prefixRange([]),
				order,
				operators
			};
		case 'IndexRange': {
			const name = source.text('indexName');
			const dot = name.indexOf('.');
			const table = readable(name.slice(0, dot));
			const index = name.slice(dot + 1);
			const fields = call.request.transaction.indexFields(call.component, table, index);
			return {
				table,
				index,
				range: rangeFromExpressions(name, fields, parseRange(source.json('range'))),
				order,
				operators
			};
		}
		default:
			throw new DeveloperError(
				'IndexNotFound',
				'Search indexes are not supported by the embedded deployment. Use Convex Cloud or a self-hosted Convex for them.'
			);
	}
}

function readable(table: string): string {
	if (table.startsWith('_') && !READABLE_SYSTEM_TABLES.has(table))
		throw new DeveloperError('TableNotFound', `Table ${table} not found.`);
	return table;
}

function parseOperator(json: JSONValue): Operator {
	const operator = new JsonFields(json, 'query operator');
	if (operator.has('filter')) return { kind: 'filter', keep: compileExpression(operator.json('filter')) };
	return { kind: 'limit', max: operator.number('limit'), seen: 0 };
}

/** Documents of a plan, one at a time. What is not asked for is not read, so it does not widen the read set. */
export class QueryStream {
	readonly #call: Call;
	readonly #scan: Scan;
	readonly #operators: readonly Operator[];
	/** Key of the last row read from the index, kept or not. */
	lastKey: Uint8Array | null = null;

	constructor(call: Call, plan: QueryPlan) {
		this.#call = call;
		this.#operators = plan.operators;
		this.#scan = call.request.transaction.scan(call.component, plan.table, plan.index, plan.range, plan.order);
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
		if (entry === null) return this.#end();
		this.lastKey = entry.key;
		countRead(this.#call, entry.document);
		return { entry, kept: this.#keeps(entry.document) };
	}

	close(): void {
		this.#scan.close();
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

function objectOf(document: StoredDocument): ConvexObject {
	const value = parseValue(document.json);
	if (!isConvexObject(value)) throw new TypeError('a stored document is no object');
	return value;
}

/** Counts a document against what one function may read. */
export function countRead(call: Call, document: StoredDocument): void {
	const { request } = call;
	request.rowsRead++;
	request.bytesRead += document.json.length;
	if (request.rowsRead > DEFAULT_LIMITS.readRows) {
		throw new DeveloperError(
			'InvalidValue',
			`Too many documents read in a single function execution (limit: ${DEFAULT_LIMITS.readRows}). ${CONSIDER}`
		);
	}
	if (request.bytesRead > DEFAULT_LIMITS.readBytes) {
		throw new DeveloperError(
			'InvalidValue',
			`Too many bytes read in a single function execution (limit: ${DEFAULT_LIMITS.readBytes} bytes). ${CONSIDER}`
		);
	}
}

const CONSIDER =
	'Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.';
