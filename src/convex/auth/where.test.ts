/** What an index finds is what looking at every row would find. */
import { convexTest } from 'convex-test';
import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { internal } from '../_generated/api.js';
import { storeFunctions } from './storeFunctions.ts';
import { meets, planFor, sorted } from './where.ts';
import type { Condition, Row, Scalar } from './where.ts';

const FIELDS = ['name', 'count', 'flag'] as const;
const optional = v.optional(v.union(v.string(), v.number(), v.boolean()));
const rows = () => defineTable({ name: optional, count: optional, flag: optional });
const tables = {
	bare: rows(),
	indexed: rows()
		.index('by_name_count', ['name', 'count'])
		.index('by_count', ['count'])
		.index('by_flag_name_count', ['flag', 'name', 'count'])
};
const modules = {
	'./_generated/api.js': () => import('../_generated/api.js'),
	'./auth/store.ts': async () => storeFunctions(tables, {})
};

const value: fc.Arbitrary<Scalar> = fc.constantFrom(null, '', 'a', 'A', 'ab', 'b', 0, 1, 2, 10, true, false);
const row: fc.Arbitrary<Row> = fc.record({ name: value, count: value, flag: value });
/** Such conditions use no index. */
const rarely = fc.integer({ min: 1, max: 4 }).map((n) => n === 4);
const condition: fc.Arbitrary<Condition> = fc
	.record({
		field: fc.constantFrom(...FIELDS),
		operator: fc.constantFrom('eq', 'eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'contains', 'starts_with', 'ends_with'),
		value,
		alternative: rarely,
		ignoreCase: rarely
	} as const)
	.chain((one) =>
		fc.oneof(
			fc.constant(one),
			fc
				.record({ operator: fc.constantFrom('in', 'not_in'), value: fc.array(value, { maxLength: 4 }) })
				.map((list) => ({
					...one,
					...list
				}))
		)
	);
const order = fc.option(fc.record({ field: fc.constantFrom(...FIELDS), descending: fc.boolean() }));

test('for any rows and conditions', async () => {
	let planned = 0;
	const property = fc.asyncProperty(
		fc.array(row, { maxLength: 12 }),
		fc.array(condition, { maxLength: 4 }),
		order,
		fc.record({ limit: fc.integer({ min: 1, max: 14 }), offset: fc.integer({ min: 0, max: 3 }) }),
		async (given, where, sortBy, { limit, offset }) => {
			const t = convexTest({ schema: defineSchema(tables), modules });
			const { create, find, count } = internal.auth.store;
			for (const one of given) {
				await t.mutation(create, { table: 'indexed', row: one });
				await t.mutation(create, { table: 'bare', row: one });
			}
			if (
				planFor(
					tables.indexed[' indexes']().map(({ indexDescriptor: name, fields }) => ({ name, fields })),
					where
				)
			)
				planned += 1;
			const plain = given.filter((one) => meets(one, where));
			const whole = { where, limit: 100, offset: 0, sortBy: null, joins: [] };
			for (const table of ['indexed', 'bare']) {
				const all = (await t.query(find, { table, ...whole })).map((found) => found.row);
				expect(all.map(textOf).toSorted()).toEqual(plain.map(textOf).toSorted());
				expect(await t.query(count, { table, where })).toBe(plain.length);

				const page = (await t.query(find, { table, where, limit, offset, sortBy, joins: [] })).map(
					(found) => found.row
				);
				expect(page).toHaveLength(Math.max(0, Math.min(limit, plain.length - offset)));
				if (sortBy) {
					const keys = (list: readonly Row[]) => list.map((one) => one[sortBy.field] ?? null);
					expect(keys(page)).toEqual(keys(sorted(plain, sortBy).slice(offset, offset + limit)));
				}
			}
		}
	);
	await fc.assert(property, { numRuns: 500 });
	expect(planned).toBeGreaterThan(100);
}, 60_000);

/** A row without its id: both tables hold the same ones. */
function textOf(one: Row): string {
	return JSON.stringify(FIELDS.map((field) => one[field] ?? null));
}
