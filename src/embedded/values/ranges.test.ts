import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from 'convex/values';
import { compareValues } from './compare.ts';
import { encodeKey, rangeContains } from './keys.ts';
import { parseRange, rangeFromExpressions } from './ranges.ts';
import type { RangeExpression } from './ranges.ts';
import { valueOrUndefined } from './testValues.ts';

const fields = ['a', 'b', '_creationTime'];
const range = (expressions: readonly RangeExpression[]) => rangeFromExpressions('t.by_ab', fields, expressions);

const holds: Record<RangeExpression['type'], (order: number) => boolean> = {
	Eq: (order) => order === 0,
	Gt: (order) => order > 0,
	Gte: (order) => order >= 0,
	Lt: (order) => order < 0,
	Lte: (order) => order <= 0
};

describe('ranges of index expressions', () => {
	test('a key is in the range exactly when its fields satisfy the expressions', () => {
		const lower = fc.option(fc.constantFrom('Gt' as const, 'Gte' as const), { nil: null });
		const upper = fc.option(fc.constantFrom('Lt' as const, 'Lte' as const), { nil: null });
		fc.assert(
			fc.property(
				valueOrUndefined,
				valueOrUndefined,
				valueOrUndefined,
				lower,
				upper,
				fc.boolean(),
				valueOrUndefined,
				valueOrUndefined,
				(eq, low, high, lowType, highType, onFirst, a, b) => {
					const field = onFirst ? 'a' : 'b';
					const expressions: RangeExpression[] = onFirst ? [] : [{ type: 'Eq', fieldPath: 'a', value: eq }];
					if (lowType) expressions.push({ type: lowType, fieldPath: field, value: low });
					if (highType) expressions.push({ type: highType, fieldPath: field, value: high });
					for (const first of [a, eq]) {
						const document: Record<string, Value | undefined> = { a: first, b };
						const expected = expressions.every(({ type, fieldPath, value }) =>
							holds[type](compareValues(document[fieldPath], value))
						);
						expect(rangeContains(range(expressions), encodeKey([first, b, 1]))).toBe(expected);
					}
				}
			),
			{ numRuns: 3000 }
		);
	});

	test.each<[string, RangeExpression[], string]>([
		['an unknown field', [{ type: 'Eq', fieldPath: 'z', value: 1 }], `doesn't index this field`],
		['a gap', [{ type: 'Eq', fieldPath: 'b', value: 1 }], `didn't use the index fields in order`],
		[
			'a bound before an equality',
			[
				{ type: 'Gt', fieldPath: 'a', value: 1 },
				{ type: 'Eq', fieldPath: 'b', value: 1 }
			],
			`didn't use the index fields in order`
		],
		[
			'two equalities',
			[
				{ type: 'Eq', fieldPath: 'a', value: 1 },
				{ type: 'Eq', fieldPath: 'a', value: 2 }
			],
			'Already defined equality bound'
		],
		[
			'two lower bounds',
			[
				{ type: 'Gt', fieldPath: 'a', value: 1 },
				{ type: 'Gte', fieldPath: 'a', value: 2 }
			],
			`Already defined lower bound in index range. Can't add "a" >= 2.0.`
		],
		[
			'bounds on two fields',
			[
				{ type: 'Gt', fieldPath: 'a', value: 1 },
				{ type: 'Lt', fieldPath: 'b', value: 2 }
			],
			'a single index field'
		],
		[
			'equality and bound',
			[
				{ type: 'Eq', fieldPath: 'a', value: 1 },
				{ type: 'Lt', fieldPath: 'a', value: 2 }
			],
			'Already defined inequality bound'
		]
	])('refuses %s', (_, expressions, words) => {
		expect(() => range(expressions)).toThrow(words);
	});

	test('reads what convex/server sends', () => {
		const parsed = parseRange([
			{ type: 'Eq', fieldPath: 'a', value: { $undefined: null } },
			{ type: 'Gt', fieldPath: 'b', value: { $integer: 'AQAAAAAAAAA=' } }
		]);
		expect(parsed).toEqual([
			{ type: 'Eq', fieldPath: 'a', value: undefined },
			{ type: 'Gt', fieldPath: 'b', value: 1n }
		]);
		expect(() => parseRange([{ type: 'Near', fieldPath: 'a', value: 1 }])).toThrow('needs a type');
	});
});
