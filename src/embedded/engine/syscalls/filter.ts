import type { JSONValue, Value } from 'convex/values';
import { compareValues } from '../../values/compare.ts';
import { displayValue } from '../../values/display.ts';
import { DeveloperError } from '../../values/errors.ts';
import { valueAtPath, valueOrUndefinedFromJson } from '../../values/value.ts';
import type { ConvexObject } from '../../values/value.ts';

/** A filter expression of `ctx.db.query(…).filter(…)`, ready to be applied to documents. */
export type Expression = (document: ConvexObject) => Value | undefined;

type Compare = (order: number) => boolean;

const COMPARISONS: { readonly [operator: string]: Compare | undefined } = {
	$eq: (order) => order === 0,
	$neq: (order) => order !== 0,
	$lt: (order) => order < 0,
	$lte: (order) => order <= 0,
	$gt: (order) => order > 0,
	$gte: (order) => order >= 0
};

interface Arithmetic {
	readonly number: (a: number, b: number) => number;
	readonly bigint: (a: bigint, b: bigint) => bigint;
}

const ARITHMETIC: { readonly [operator: string]: Arithmetic | undefined } = {
	$add: { number: (a, b) => a + b, bigint: (a, b) => BigInt.asIntN(64, a + b) },
	$sub: { number: (a, b) => a - b, bigint: (a, b) => BigInt.asIntN(64, a - b) },
	$mul: { number: (a, b) => a * b, bigint: (a, b) => BigInt.asIntN(64, a * b) },
	$div: { number: (a, b) => a / b, bigint: (a, b) => a / nonZero(b) },
	$mod: { number: (a, b) => a % b, bigint: (a, b) => a % nonZero(b) }
};

/** Compiles the JSON of an expression. Comparisons follow Convex's total order over all values. */
export function compileExpression(json: JSONValue): Expression {
	if (typeof json !== 'object' || json === null || Array.isArray(json)) return literal(json);
	const [operator, operand] = Object.entries(json)[0] ?? [];
	if (operator === undefined || operand === undefined || Object.keys(json).length !== 1) return literal(json);
	const compare = COMPARISONS[operator];
	if (compare !== undefined) {
		const [left, right] = pair(operator, operand);
		return (document) => compare(compareValues(left(document), right(document)));
	}
	const arithmetic = ARITHMETIC[operator];
	if (arithmetic !== undefined) {
		const [left, right] = pair(operator, operand);
		return (document) => calculate(operator, arithmetic, left(document), right(document));
	}
	switch (operator) {
		case '$literal':
			return literal(operand);
		case '$field':
			return field(operand);
		case '$and': {
			const all = list(operator, operand);
			return (document) => all.every((expression) => isTrue(expression(document)));
		}
		case '$or': {
			const any = list(operator, operand);
			return (document) => any.some((expression) => isTrue(expression(document)));
		}
		case '$not': {
			const inner = compileExpression(operand);
			return (document) => !isTrue(inner(document));
		}
		case '$neg': {
			const inner = compileExpression(operand);
			return (document) => negate(inner(document));
		}
		default:
			throw new DeveloperError('InvalidValue', `Unknown operator ${operator} in a filter.`);
	}
}

/** Whether a filter keeps a document. Convex has no truthiness: anything but a boolean is refused. */
export function isTrue(value: Value | undefined): boolean {
	if (typeof value !== 'boolean')
		throw new DeveloperError('InvalidValue', `Cannot use value ${displayValue(value)} as a Boolean`);
	return value;
}

function literal(json: JSONValue): Expression {
	const value = valueOrUndefinedFromJson(json);
	return () => value;
}

function field(json: JSONValue): Expression {
	if (typeof json !== 'string') throw new DeveloperError('InvalidValue', 'A field of a filter must be named by text.');
	const path = json.split('.');
	return (document) => valueAtPath(document, path);
}

function list(operator: string, json: JSONValue): Expression[] {
	if (!Array.isArray(json)) throw new DeveloperError('InvalidValue', `The filter operator ${operator} needs a list.`);
	return json.map(compileExpression);
}

function pair(operator: string, json: JSONValue): [Expression, Expression] {
	const [left, right, ...rest] = list(operator, json);
	if (left === undefined || right === undefined || rest.length > 0) {
		throw new DeveloperError('InvalidValue', `The filter operator ${operator} needs two operands.`);
	}
	return [left, right];
}

function calculate(operator: string, arithmetic: Arithmetic, a: Value | undefined, b: Value | undefined): Value {
	if (typeof a === 'number' && typeof b === 'number') return arithmetic.number(a, b);
	if (typeof a === 'bigint' && typeof b === 'bigint') return arithmetic.bigint(a, b);
	throw new DeveloperError('InvalidValue', `The filter operator ${operator} needs two numbers of the same type.`);
}

function negate(value: Value | undefined): Value {
	if (typeof value === 'number') return -value;
	if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
	throw new DeveloperError('InvalidValue', 'The filter operator $neg needs a number.');
}

function nonZero(value: bigint): bigint {
	if (value === 0n) throw new DeveloperError('InvalidValue', 'Division by zero in a filter.');
	return value;
}
