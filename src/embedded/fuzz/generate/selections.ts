/** Random selections of documents: an index with its range, an order, and filters. */
import fc from 'fast-check';
import type { Value } from 'convex/values';
import type { Bound, Expression, Selection } from '../program.ts';
import { INDEXES, table } from './schemas.ts';
import { id, maybe, time } from './values.ts';
import type { Values } from './values.ts';

const PATHS = ['a', 'b', 'c', 'o', 'o.x', 'o.y', 'o.y.z', 'ref'];

export function selections({ value }: Values): fc.Arbitrary<Selection> {
	/** A range that mostly follows its index. */
	const indexed: fc.Arbitrary<Pick<Selection, 'index' | 'range'>> = fc
		.record({
			index: fc.constantFrom(...INDEXES, { indexDescriptor: 'by_creation_time', fields: [] }),
			equals: fc.nat(2),
			values: fc.array(maybe(value), { minLength: 4, maxLength: 4 }),
			times: fc.array(maybe(time), { minLength: 2, maxLength: 2 }),
			lower: fc.constantFrom(null, 'gt' as const, 'gte' as const),
			upper: fc.constantFrom(null, 'lt' as const, 'lte' as const),
			stray: fc.option(
				fc.record<Bound>({
					type: fc.constantFrom('eq', 'gt', 'lte'),
					field: fc.constantFrom(...PATHS),
					value: maybe(value)
				}),
				{
					freq: 12
				}
			)
		})
		.map(({ index, equals, values, times, lower, upper, stray }) => {
			const paths = [...index.fields, '_creationTime'];
			const at = Math.min(equals, paths.length - 1);
			const range: Bound[] = paths.slice(0, at).map((path, i) => ({ type: 'eq', field: path, value: values[i] ?? [] }));
			const next = paths[at] ?? '';
			const literals = next === '_creationTime' ? times : values.slice(2);
			if (lower !== null) range.push({ type: lower, field: next, value: literals[0] ?? [] });
			if (upper !== null) range.push({ type: upper, field: next, value: literals[1] ?? [] });
			if (stray !== null) range.push(stray);
			return { index: index.indexDescriptor, range };
		});

	const operand: fc.Arbitrary<Expression> = fc.oneof(
		fc.record({ is: fc.constant('field' as const), path: fc.constantFrom(...PATHS) }),
		fc.record({ is: fc.constant('literal' as const), value: maybe(value) })
	);
	const boolean: fc.Arbitrary<Expression> = fc.letrec<{ boolean: Expression; number: Expression }>((tie) => ({
		boolean: fc.oneof(
			{ maxDepth: 3, depthIdentifier: 'expression' },
			{
				weight: 6,
				arbitrary: fc.record({
					is: fc.constantFrom('eq', 'neq', 'lt', 'lte', 'gt', 'gte'),
					left: operand,
					right: operand
				})
			},
			{
				weight: 1,
				arbitrary: fc.record({ is: fc.constantFrom('and', 'or'), of: fc.array(tie('boolean'), { maxLength: 3 }) })
			},
			{ weight: 1, arbitrary: fc.record({ is: fc.constant('not' as const), of: tie('boolean') }) },
			{
				weight: 1,
				arbitrary: fc.record({ is: fc.constantFrom('eq', 'lt', 'gte'), left: tie('number'), right: operand })
			},
			{ weight: 1, arbitrary: operand }
		),
		number: fc.oneof(
			{ maxDepth: 2, depthIdentifier: 'expression' },
			{ weight: 2, arbitrary: operand },
			{
				weight: 1,
				arbitrary: fc.record({
					is: fc.constantFrom('add', 'sub', 'mul', 'div', 'mod'),
					left: tie('number'),
					right: tie('number')
				})
			},
			{ weight: 1, arbitrary: fc.record({ is: fc.constant('neg' as const), of: tie('number') }) }
		)
	})).boolean;

	return fc
		.record({
			table,
			source: fc.oneof(
				{ weight: 2, arbitrary: fc.constant<Pick<Selection, 'index' | 'range'>>({ index: null, range: [] }) },
				{ weight: 6, arbitrary: indexed },
				{
					weight: 1,
					arbitrary: id.map((one) => ({
						index: 'by_id',
						range: [{ type: 'eq' as const, field: '_id', value: [one] as [Value] }]
					}))
				}
			),
			order: fc.constantFrom(null, 'asc' as const, 'desc' as const),
			filters: fc.oneof(
				{ weight: 3, arbitrary: fc.constant<Expression[]>([]) },
				{ weight: 2, arbitrary: fc.array(boolean, { maxLength: 2 }) }
			)
		})
		.map(({ table: from, source, order, filters }) => ({ table: from, ...source, order, filters }));
}
