/**
 * Better Auth's database: Convex tables, through the internal functions of auth/store.ts. Each call is a transaction of
 * its own and Better Auth's steps together are not, so what must not happen twice is a unique index or a guarded change.
 */
import { createAdapterFactory } from 'better-auth/adapters';
import type { CleanedWhere, JoinConfig } from 'better-auth/adapters';
import type { FunctionArgs, FunctionReturnType } from 'convex/server';
import type { internal } from '../_generated/api.js';
import type { Condition, Row, Scalar } from './where.ts';

type Functions = typeof internal.auth.store;
/** The functions of auth/store.ts, called as the caller can. */
export type Store = {
	[Name in keyof Functions]: (args: FunctionArgs<Functions[Name]>) => Promise<FunctionReturnType<Functions[Name]>>;
};

/** Rows deleted by one call: a larger deletion is several transactions. */
const DELETE_STEP = 500;

/** The adapter for one HTTP action. */
export function convexAdapter(store: Store) {
	async function find(table: string, where: CleanedWhere[], { limit, offset = 0, sortBy, join = {} }: FindOptions) {
		const joins = Object.entries(join).map(([name, { on, limit = 100 }]) => ({ name, table: name, ...on, limit }));
		const order = sortBy ? { field: sortBy.field, descending: sortBy.direction === 'desc' } : null;
		return await store.find({ table, where: conditionsOf(where), limit, offset, sortBy: order, joins });
	}

	async function change(table: string, where: CleanedWhere[], changes: Partial<Changes>) {
		const { set = {}, increment = {}, all = false } = changes;
		return await store.change({ table, where: conditionsOf(where), set: rowOf(set), increment, all });
	}

	async function remove(table: string, where: CleanedWhere[], limit: number) {
		return await store.remove({ table, where: conditionsOf(where), limit });
	}

	return createAdapterFactory({
		config: {
			adapterId: 'convex',
			adapterName: 'Convex',
			supportsNumericIds: false,
			disableIdGeneration: true,
			customTransformOutput: ({ data, fieldAttributes }) =>
				fieldAttributes.type === 'date' && typeof data === 'number' ? new Date(data) : data
		},
		adapter: ({ getFieldName, getDefaultModelName, schema }) => {
			/** A row with null for what it has not; only `select`, where that is given. */
			function complete(model: string, row: Row, select?: string[]): Row {
				const fields = schema[getDefaultModelName(model)]?.fields ?? {};
				const names = Object.entries(fields).map(([field, { fieldName }]) => fieldName ?? field);
				const chosen = select?.map((field) => getFieldName({ model, field })) ?? ['id', ...names];
				return Object.fromEntries(chosen.map((name) => [name, row[name] ?? null]));
			}

			function whole(model: string, found: Found, { join = {}, select }: { join?: JoinConfig; select?: string[] }) {
				const beside = Object.entries(found.joined).map(([name, rows]) => {
					const completed = rows.map((row) => complete(join[name]?.modelKey ?? name, row));
					return [name, join[name]?.relation === 'one-to-one' ? (completed[0] ?? null) : completed] as const;
				});
				return { ...complete(model, found.row, select), ...Object.fromEntries(beside) };
			}

			return {
				create: async ({ model, data }) => {
					const created = await store.create({ table: model, row: rowOf(data) });
					return { ...data, ...complete(model, created) };
				},
				findOne: async ({ model, where, join, select }) => {
					const [found] = await find(model, where, { limit: 1, join });
					return found ? held(whole(model, found, { join, select })) : null;
				},
				findMany: async ({ model, where = [], limit, offset, sortBy, join, select }) => {
					const order = sortBy && { ...sortBy, field: getFieldName({ model, field: sortBy.field }) };
					const found = await find(model, where, { limit, offset, sortBy: order, join });
					return found.map((one) => held(whole(model, one, { join, select })));
				},
				count: async ({ model, where = [] }) => await store.count({ table: model, where: conditionsOf(where) }),
				update: async ({ model, where, update }) => {
					const set: unknown = update;
					if (typeof set !== 'object' || set === null) return null;
					const { row } = await change(model, where, { set });
					return row && held(complete(model, row));
				},
				updateMany: async ({ model, where, update }) => (await change(model, where, { set: update, all: true })).count,
				incrementOne: async ({ model, where, increment, set }) => {
					const { row } = await change(model, where, { set, increment });
					return row && held(complete(model, row));
				},
				consumeOne: async ({ model, where }) => {
					const { row } = await remove(model, where, 1);
					return row && held(complete(model, row));
				},
				delete: async ({ model, where }) => {
					await remove(model, where, DELETE_STEP);
				},
				deleteMany: async ({ model, where }) => {
					let total = 0;
					for (;;) {
						const { count } = await remove(model, where, DELETE_STEP);
						total += count;
						if (count < DELETE_STEP) return total;
					}
				}
			};
		}
	});
}

type Found = FunctionReturnType<Functions['find']>[number];

interface Changes {
	readonly set: object;
	readonly increment: Record<string, number>;
	readonly all: boolean;
}

interface FindOptions {
	readonly limit: number;
	readonly offset?: number;
	readonly sortBy?: { field: string; direction: 'asc' | 'desc' };
	readonly join?: JoinConfig;
}

/** Better Auth says what a row is; its schema, against which the tables are tested, is what makes that true. */
function held<Kind>(row: object): Kind;
function held(row: object): unknown {
	return row;
}

function conditionsOf(where: readonly CleanedWhere[]): Condition[] {
	return where.map(({ field, operator, value, connector, mode }) => ({
		field,
		operator,
		value: Array.isArray(value) ? value.map((one) => scalarOf(field, one)) : scalarOf(field, value),
		alternative: connector === 'OR',
		ignoreCase: mode === 'insensitive'
	}));
}

function rowOf(data: object): Row {
	const fields = Object.entries(data).filter(([, value]) => value !== undefined);
	return Object.fromEntries(fields.map(([field, value]) => [field, scalarOf(field, value)]));
}

function scalarOf(field: string, value: unknown): Scalar {
	if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
		return value;
	if (value instanceof Date) return value.getTime();
	throw new Error(`"${field}" holds what the tables of sign-in cannot.`);
}
