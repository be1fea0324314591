import type { Value } from 'convex/values';
import type { Bound, Expression, Selection } from '../program.ts';
import { Refused } from './failure.ts';
import { at, order } from './order.ts';
import type { ObjectValue } from './order.ts';

/** A literal of a selection with ids and times filled in. */
export type Literal = (given: readonly [] | readonly [Value]) => Value | undefined;

/** Refuses a range that does not follow the fields of its index: equalities on a prefix, then bounds on one field. */
export function checkRange(fields: readonly string[], range: readonly Bound[]): void {
	const equal = range.filter(({ type }) => type === 'eq').map(({ field }) => field);
	const lower = range.filter(({ type }) => type.startsWith('g'));
	const upper = range.filter(({ type }) => type.startsWith('l'));
	const bounded = new Set([...lower, ...upper].map(({ field }) => field));
	const used = new Set([...equal, ...bounded]);
	const follows =
		new Set(equal).size === equal.length &&
		lower.length <= 1 &&
		upper.length <= 1 &&
		bounded.size <= 1 &&
		used.size === equal.length + bounded.size &&
		[...equal].every((field) => fields.slice(0, equal.length).includes(field)) &&
		[...bounded].every((field) => fields[equal.length] === field);
	if (!follows) throw new Refused('range');
}

/** Whether a document is within every bound. */
export function isWithin(document: ObjectValue, range: readonly Bound[], literal: Literal): boolean {
	return range.every(({ type, field, value }) => holds(type, order(at(document, field), literal(value))));
}

/** The order that an index gives two documents. */
export function compareBy(fields: readonly string[], direction: Selection['order']) {
	return (a: ObjectValue, b: ObjectValue): number => {
		const sign = fields.map((field) => order(at(a, field), at(b, field))).find((each) => each !== 0) ?? 0;
		return direction === 'desc' ? -sign : sign;
	};
}

/** Whether a text has one of the words, the last of which also stands for every word that begins with it. */
export function finds(words: string, text: Value | undefined): boolean {
	if (typeof text !== 'string') return false;
	const asked = wordsOf(words);
	return wordsOf(text).some((word) =>
		asked.some((one, i) => word === one || (i === asked.length - 1 && word.startsWith(one)))
	);
}

function wordsOf(text: string): string[] {
	return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Whether every filter keeps the document, the first that does not deciding. */
export function keeps(document: ObjectValue, filters: readonly Expression[], literal: Literal): boolean {
	return filters.every((filter) => isTrue(evaluate(filter, document, literal)));
}

function evaluate(expression: Expression, document: ObjectValue, literal: Literal): Value | undefined {
	const inner = (part: Expression) => evaluate(part, document, literal);
	switch (expression.is) {
		case 'field':
			return at(document, expression.path);
		case 'literal':
			return literal(expression.value);
		case 'and':
			return expression.of.every((part) => isTrue(inner(part)));
		case 'or':
			return expression.of.some((part) => isTrue(inner(part)));
		case 'not':
			return !isTrue(inner(expression.of));
		case 'neg': {
			const value = inner(expression.of);
			if (typeof value === 'number') return -value;
			return typeof value === 'bigint' ? int64(-value) : refuse();
		}
		case 'add':
		case 'sub':
		case 'mul':
		case 'div':
		case 'mod':
			return calculate(expression.is, inner(expression.left), inner(expression.right));
		default:
			return holds(expression.is, order(inner(expression.left), inner(expression.right)));
	}
}

function calculate(operator: 'add' | 'sub' | 'mul' | 'div' | 'mod', a: Value | undefined, b: Value | undefined): Value {
	if (typeof a === 'number' && typeof b === 'number')
		return { add: a + b, sub: a - b, mul: a * b, div: a / b, mod: a % b }[operator];
	if (typeof a !== 'bigint' || typeof b !== 'bigint') return refuse();
	if (operator === 'add') return int64(a + b);
	if (operator === 'sub') return int64(a - b);
	if (operator === 'mul') return int64(a * b);
	if (b === 0n) return refuse();
	// The least int64 by -1 has no remainder that fits: the quotient does not.
	int64(a / b);
	return operator === 'div' ? a / b : a % b;
}

function int64(value: bigint): bigint {
	return BigInt.asIntN(64, value) === value ? value : refuse();
}

function isTrue(value: Value | undefined): boolean {
	return typeof value === 'boolean' ? value : refuse();
}

function refuse(): never {
	throw new Refused('eval');
}

function holds(comparison: 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte', sign: number): boolean {
	switch (comparison) {
		case 'eq':
			return sign === 0;
		case 'neq':
			return sign !== 0;
		case 'lt':
			return sign < 0;
		case 'lte':
			return sign <= 0;
		case 'gt':
			return sign > 0;
		case 'gte':
			return sign >= 0;
	}
}
