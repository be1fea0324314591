/** A model of the store, and arbitrary programs and queries for both. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Value } from 'convex/values';
import { compareValues } from '../values/compare.ts';
import { rangeFromExpressions } from '../values/ranges.ts';
import type { RangeExpression } from '../values/ranges.ts';
import { anyValue } from '../values/testValues.ts';
import { parseValue } from '../values/value.ts';
import { drain, exportedSchema } from './testStore.ts';
import type { StoreTransaction } from './transaction.ts';
import type { StoredDocument } from './types.ts';

type Fields = Record<string, Value | undefined>;
/** Documents by id, in order of creation. */
export type Model = Map<string, { created: number; fields: Record<string, Value> }>;

export const schema = exportedSchema({ items: { indexes: { by_a: ['a'], by_ab: ['a', 'b'], by_bc: ['b', 'c.d'] } } });
const INDEXES: Record<string, readonly string[]> = {
	by_a: ['a'],
	by_ab: ['a', 'b'],
	by_bc: ['b', 'c.d'],
	by_creation_time: []
};

/** Few values, so that documents collide and ranges hit; sometimes any value at all. */
const value: fc.Arbitrary<Value> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.constantFrom<Value[]>(null, 0, -0, 1, 1n, 2n, false, true, '', 'a', 'b', '\0', [1], { d: 1 })
	},
	{ weight: 1, arbitrary: anyValue }
);
const field = fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(undefined) });
const fields: fc.Arbitrary<Fields> = fc.record({ a: field, b: field, c: field }, { requiredKeys: [] });

export type Step =
	| { type: 'insert' | 'patch' | 'replace'; at: number; fields: Fields }
	| { type: 'remove'; at: number }
	| { type: 'savepoint' | 'release' | 'rollback' | 'commit' | 'abort' };

export const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ type: fc.constant('insert' as const), at: fc.nat(), fields }) },
	{
		weight: 4,
		arbitrary: fc.record({ type: fc.constantFrom('patch' as const, 'replace' as const), at: fc.nat(), fields })
	},
	{ weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), at: fc.nat() }) },
	{
		weight: 3,
		arbitrary: fc.record({
			type: fc.constantFrom(
				'savepoint' as const,
				'release' as const,
				'rollback' as const,
				'commit' as const,
				'abort' as const
			)
		})
	}
);

interface Query {
	index: string;
	expressions: RangeExpression[];
	order: 'asc' | 'desc';
	limit: number;
}

export const query: fc.Arbitrary<Query> = fc
	.record({
		index: fc.constantFrom(...Object.keys(INDEXES)),
		equals: fc.nat(2),
		values: fc.array(field, { minLength: 4, maxLength: 4 }),
		lower: fc.constantFrom(null, 'Gt' as const, 'Gte' as const),
		upper: fc.constantFrom(null, 'Lt' as const, 'Lte' as const),
		order: fc.constantFrom('asc' as const, 'desc' as const),
		limit: fc.constantFrom(1, 2, 5, Infinity)
	})
	.map(({ index, equals, values, lower, upper, order, limit }) => {
		const paths = INDEXES[index] ?? [];
		const prefix = paths.slice(0, equals);
		const expressions: RangeExpression[] = prefix.map((fieldPath, i) => ({ type: 'Eq', fieldPath, value: values[i] }));
		const next = paths[prefix.length];
		if (next !== undefined && lower !== null) expressions.push({ type: lower, fieldPath: next, value: values[2] });
		if (next !== undefined && upper !== null) expressions.push({ type: upper, fieldPath: next, value: values[3] });
		return { index, expressions, order, limit };
	});

const HOLDS: Record<RangeExpression['type'], (order: number) => boolean> = {
	Eq: (order) => order === 0,
	Gt: (order) => order > 0,
	Gte: (order) => order >= 0,
	Lt: (order) => order < 0,
	Lte: (order) => order <= 0
};

function at(object: Value | undefined, path: string): Value | undefined {
	let current = object;
	for (const name of path.split('.')) {
		if (typeof current !== 'object' || current === null || Array.isArray(current) || current instanceof ArrayBuffer)
			return undefined;
		current = Object.entries(current).find(([key]) => key === name)?.[1];
	}
	return current;
}

function answer(model: Model, { index, expressions, order, limit }: Query): string[] {
	const rows = [...model].filter(([, document]) =>
		expressions.every(({ type, fieldPath, value: bound }) =>
			HOLDS[type](compareValues(at(document.fields, fieldPath), bound))
		)
	);
	rows.sort(([, x], [, y]) => {
		for (const path of INDEXES[index] ?? []) {
			const sign = compareValues(at(x.fields, path), at(y.fields, path));
			if (sign !== 0) return sign;
		}
		return x.created - y.created;
	});
	const ids = rows.map(([id]) => id);
	return (order === 'asc' ? ids : ids.reverse()).slice(0, limit);
}

export function ask(tx: StoreTransaction, { index, expressions, order, limit }: Query): StoredDocument[] {
	const range = rangeFromExpressions(`items.${index}`, tx.indexFields('', 'items', index), expressions);
	return drain(tx.scan('', 'items', index, range, order), limit);
}

function defined(given: Fields): Record<string, Value> {
	const kept: Record<string, Value> = {};
	for (const [name, item] of Object.entries(given)) if (item !== undefined) kept[name] = item;
	return kept;
}

/** Runs one writing step on both sides. */
export function apply(tx: StoreTransaction, model: Model, now: Step): void {
	if (now.type === 'insert') {
		const id = tx.insert('', 'items', now.fields);
		const created = Number(at(parseValue(tx.get('', id)?.json ?? 'null'), '_creationTime'));
		model.set(id, { created, fields: defined(now.fields) });
		return;
	}
	if (!('at' in now) || model.size === 0) return;
	const id = [...model.keys()][now.at % model.size] ?? '';
	const document = model.get(id);
	if (document === undefined) return;
	if (now.type === 'remove') {
		tx.remove('', id);
		model.delete(id);
	} else if (now.type === 'replace') {
		tx.replace('', id, now.fields);
		model.set(id, { ...document, fields: defined(now.fields) });
	} else {
		tx.patch('', id, now.fields);
		model.set(id, { ...document, fields: defined({ ...document.fields, ...now.fields }) });
	}
}

export function expectSame(tx: StoreTransaction, model: Model, queries: readonly Query[]): void {
	expect(tx.count('', 'items')).toBe(model.size);
	for (const [id, { created, fields: expected }] of model) {
		const stored = parseValue(tx.get('', id)?.json ?? 'null');
		expect(compareValues(stored, { ...expected, _creationTime: created, _id: id })).toBe(0);
	}
	for (const asked of queries) expect(ask(tx, asked).map(({ id }) => id)).toEqual(answer(model, asked));
}
