/** What the model finds in a state: queries, searches and pages. */
import type { Value } from 'convex/values';
import type { Operation, Selection } from '../program.ts';
import { Refused } from './failure.ts';
import { at, order } from './order.ts';
import type { ObjectValue } from './order.ts';
import { checkRange, compareBy, finds, isWithin, keeps } from './selection.ts';
import type { Literal } from './selection.ts';
import { defined } from './state.ts';
import type { State } from './state.ts';

/** Where a page ended: the document last read, or the end of the selection. */
export type Position = ObjectValue | 'end';

export interface Page {
	readonly page: Value[];
	readonly position: Position;
}

export function readQuery(
	state: State,
	{ selection, end }: Extract<Operation, { op: 'query' }>,
	literal: Literal
): Value {
	const limit = end === 'first' ? 1 : end === 'unique' ? 2 : end === 'collect' ? Infinity : end;
	const found: Value[] = [];
	for (const document of rows(state, selection, literal)) {
		if (found.length >= limit) break;
		if (keeps(document, selection.filters, literal)) found.push(defined(document));
	}
	if (end === 'unique' && found.length > 1) throw new Refused('unique');
	return end === 'unique' || end === 'first' ? (found[0] ?? null) : found;
}

/** The oldest first. */
export function readSearch(
	state: State,
	{ table, words, filters }: Extract<Operation, { op: 'search' }>,
	literal: Literal
): Value {
	const index = state.searchIndex(table);
	if (filters.some(({ field }) => !index.filterFields.includes(field))) throw new Refused('filter');
	return state
		.documents(table)
		.filter((document) => finds(words, at(document, index.searchField)))
		.filter((document) => filters.every(({ field, value }) => order(at(document, field), literal(value)) === 0))
		.sort(compareBy(['_creationTime'], 'asc'))
		.map(defined);
}

/** `from` is where an earlier page ended, `to` where this one must end whatever `numItems` says. */
export function readPage(
	state: State,
	selection: Selection,
	literal: Literal,
	numItems: number,
	from: Position | null,
	to: Position | null
): Page {
	if (numItems < 1) throw new Refused('page');
	const compare = compareBy(state.indexFields(selection.table, selection.index), selection.order);
	const isAfter = (document: ObjectValue, position: Position) => position !== 'end' && compare(document, position) > 0;
	const page: Value[] = [];
	for (const document of rows(state, selection, literal)) {
		if (from !== null && !isAfter(document, from)) continue;
		if (to !== null && isAfter(document, to)) break;
		if (keeps(document, selection.filters, literal)) page.push(defined(document));
		if (to === null && page.length === numItems) return { page, position: document };
	}
	return { page, position: to ?? 'end' };
}

/** What an index scan reads, before filters. */
function rows(state: State, { table, index, range, order: direction }: Selection, literal: Literal): ObjectValue[] {
	const fields = state.indexFields(table, index);
	if (index !== null) checkRange(fields, range);
	return state
		.documents(table)
		.filter((document) => index === null || isWithin(document, range, literal))
		.sort(compareBy(fields, direction));
}
