import type { JSONValue, Value } from 'convex/values';
import { compareValues } from '../../values/compare.ts';
import { displayValue, typeName } from '../../values/display.ts';
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
	readonly verb: string;
	readonly number: (a: number, b: number) => number;
	/** Not called with a divisor of zero. */
	readonly bigint: (a: bigint, b: bigint) => bigint;
}

const ARITHMETIC: { readonly [operator: string]: Arithmetic | undefined } = {
	$add: { verb: 'add', number: (a, b) => a + b, bigint: (a, b) => a + b },
	$sub: { verb: 'subtract', number: (a, b) => a - b, bigint: (a, b) => a - b },
	$mul: { verb: 'multiply', number: (a, b) => a * b, bigint: (a, b) => a * b },
	$div: { verb: 'divide', number: (a, b) => a / b, bigint: (a, b) => a / b },
	// The quotient of the least integer and -1 is out of range, and so is its remainder.
	$mod: { verb: 'mod', number: (a, b) => a % b, bigint: (a, b) => (isInt64(a / b) ? a % b : a / b) }
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
		return (document) => calculate(arithmetic, left(document), right(document));
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
	if (typeof value !== 'boolean') throw evalError(`Cannot use value ${described(value)} as a Boolean`);
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

function calculate({ verb, number, bigint }: Arithmetic, a: Value | undefined, b: Value | undefined): Value {
	if (typeof a === 'number' && typeof b === 'number') return number(a, b);
	if (typeof a !== 'bigint' || typeof b !== 'bigint')
		throw evalError(`Cannot ${verb} ${described(a)} and ${described(b)}`);
	if (b === 0n && (verb === 'divide' || verb === 'mod')) throw evalError(`Cannot ${verb} ${a} by zero`);
	const result = bigint(a, b);
	if (isInt64(result)) return result;
	throw evalError(`Cannot ${verb} ${a} and ${b}: the result is out of range for Int64`);
}

function negate(value: Value | undefined): Value {
	if (typeof value === 'number') return -value;
	if (typeof value !== 'bigint') throw evalError(`Cannot negate ${described(value)}`);
	if (isInt64(-value)) return -value;
	throw evalError(`Cannot negate ${value}: the result is out of range for Int64`);
}

function isInt64(value: bigint): boolean {
	return BigInt.asIntN(64, value) === value;
}

function described(value: Value | undefined): string {
	return `${displayValue(value)} (type ${typeName(value)})`;
}

function evalError(message: string): DeveloperError {
	return new DeveloperError('InvalidValue', message);
}
