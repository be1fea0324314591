/** Conditions as Better Auth states them: what they mean, and which index answers them. */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';

export const scalar = v.union(v.string(), v.number(), v.boolean(), v.null());
export type Scalar = Infer<typeof scalar>;

const operator = v.union(
	v.literal('eq'),
	v.literal('ne'),
	v.literal('lt'),
	v.literal('lte'),
	v.literal('gt'),
	v.literal('gte'),
	v.literal('in'),
	v.literal('not_in'),
	v.literal('contains'),
	v.literal('starts_with'),
	v.literal('ends_with')
);

/** All conditions that are not `alternative` must hold and, where there are such, one of those that are. */
export const condition = v.object({
	field: v.string(),
	operator,
	value: v.union(scalar, v.array(scalar)),
	alternative: v.boolean(),
	ignoreCase: v.boolean()
});
export type Condition = Infer<typeof condition>;

/** A row as Better Auth sees it; an absent field is null. */
export type Row = Record<string, Scalar>;

/** Whether a row meets the conditions. Null is equal to null only, and neither less nor greater than anything. */
export function meets(row: Row, conditions: readonly Condition[]): boolean {
	const alternatives = conditions.filter((one) => one.alternative);
	return (
		conditions.every((one) => one.alternative || holds(row, one)) &&
		(alternatives.length === 0 || alternatives.some((one) => holds(row, one)))
	);
}

function holds(row: Row, { field, operator, value, ignoreCase }: Condition): boolean {
	const fold = (one: Scalar): Scalar => (ignoreCase && typeof one === 'string' ? one.toLowerCase() : one);
	const held = fold(row[field] ?? null);
	if (Array.isArray(value)) {
		const listed = value.some((one) => fold(one) === held);
		return operator === 'not_in' ? !listed : operator === 'in' && listed;
	}
	const wanted = fold(value);
	switch (operator) {
		case 'eq':
			return held === wanted;
		case 'ne':
			return held !== wanted;
		case 'in':
		case 'not_in':
			throw new Error(`${operator} takes a list.`);
		case 'lt':
		case 'lte':
		case 'gt':
		case 'gte':
			return held !== null && wanted !== null && ordered(operator, held, wanted);
	}
	if (typeof held !== 'string' || typeof wanted !== 'string') return false;
	if (operator === 'contains') return held.includes(wanted);
	return operator === 'starts_with' ? held.startsWith(wanted) : held.endsWith(wanted);
}

/** Values of two kinds are not ordered, as in an index. */
function ordered(operator: 'lt' | 'lte' | 'gt' | 'gte', held: Scalar & {}, wanted: Scalar & {}): boolean {
	if (typeof held !== typeof wanted) return false;
	if (operator === 'lt') return held < wanted;
	if (operator === 'lte') return held <= wanted;
	return operator === 'gt' ? held > wanted : held >= wanted;
}

/** Orders rows by a field as Better Auth asks: null first, then by kind and value; `descending` turns it round. */
export function sorted<Kind extends Row>(
	rows: readonly Kind[],
	{ field, descending }: { field: string; descending: boolean }
): Kind[] {
	return rows.toSorted((a, b) => {
		const order = compare(a[field] ?? null, b[field] ?? null);
		return descending ? -order : order;
	});
}

function compare(a: Scalar, b: Scalar): number {
	if (a === b) return 0;
	if (a === null) return -1;
	if (b === null) return 1;
	const [first, second] = typeof a === typeof b ? [a, b] : [typeof a, typeof b];
	return first < second ? -1 : 1;
}

export interface TableIndex {
	readonly name: string;
	readonly fields: readonly string[];
}

/** How the rows that may meet the conditions are found: one read for each of `prefixes`. */
export interface Plan {
	readonly index: string;
	/** Values of the index's first fields. */
	readonly prefixes: readonly (readonly { field: string; value: Scalar }[])[];
	/** Bounds of the field behind them. */
	readonly bounds: readonly { field: string; operator: 'lt' | 'lte' | 'gt' | 'gte'; value: Scalar }[];
}

/** The index that narrows most; null when only reading the whole table would do. */
export function planFor(indexes: readonly TableIndex[], conditions: readonly Condition[]): Plan | null {
	const usable = conditions.filter((one) => !one.alternative && !one.ignoreCase);
	let best: { plan: Plan; worth: number } | null = null;
	for (const { name, fields } of indexes) {
		let prefixes: { field: string; value: Scalar }[][] = [[]];
		let worth = 0;
		for (const field of fields) {
			const exact = usable.find((one) => one.field === field && (one.operator === 'eq' || one.operator === 'in'));
			if (!exact) break;
			const values = Array.isArray(exact.value) ? [...new Set(exact.value)] : [exact.value];
			prefixes = prefixes.flatMap((prefix) => values.map((value) => [...prefix, { field, value }]));
			worth += 2;
		}
		const next = fields[worth / 2];
		// A range of an index has one end on each side; what else is asked is looked at row by row.
		const bounds = [boundOf(usable, next, 'gt', 'gte'), boundOf(usable, next, 'lt', 'lte')].flat();
		if (bounds.length > 0) worth += 1;
		if (worth > (best?.worth ?? 0)) best = { plan: { index: name, prefixes, bounds }, worth };
	}
	return best?.plan ?? null;
}

function boundOf(
	conditions: readonly Condition[],
	next: string | undefined,
	...wanted: Plan['bounds'][number]['operator'][]
) {
	for (const { field, operator: given, value } of conditions) {
		const operator = wanted.find((one) => one === given);
		if (field === next && operator && !Array.isArray(value) && value !== null) return [{ field, operator, value }];
	}
	return [];
}
