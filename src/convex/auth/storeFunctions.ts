/**
 * The functions through which Better Auth reads and writes tables: internal, by index where one fits, and never more
 * than READ_LIMIT rows at once. What must be unique is checked in the mutation that writes it.
 */
import { internalMutationGeneric, internalQueryGeneric } from 'convex/server';
import type {
	GenericDatabaseReader,
	GenericDatabaseWriter,
	GenericDataModel,
	GenericMutationCtx,
	IndexRange,
	TableDefinition
} from 'convex/server';
import { ConvexError, v } from 'convex/values';
import type { Infer, Value } from 'convex/values';
import { condition, meets, planFor, scalar, sorted } from './where.ts';
import type { Condition, Plan, Row, Scalar, TableIndex } from './where.ts';

/** Rows that one call may look at. A deletion of more goes on with the next call. */
const READ_LIMIT = 4_000;

const row = v.record(v.string(), scalar);
const where = v.array(condition);
const target = { table: v.string(), where };
const join = v.object({
	name: v.string(),
	table: v.string(),
	/** Field of the row, and of the joined rows, that are equal. */
	from: v.string(),
	to: v.string(),
	limit: v.number()
});
export const joined = v.object({ row, joined: v.record(v.string(), v.array(row)) });

interface StoredTable {
	/** One named `by_givenId` says that the table keeps ids which Better Auth chooses. */
	readonly indexes: readonly TableIndex[];
	readonly unique: readonly string[];
}

type Reader = GenericDatabaseReader<GenericDataModel>;
type Writer = GenericDatabaseWriter<GenericDataModel>;
interface Stored {
	readonly id: string;
	readonly row: Row;
}

/** What must hold after a row was changed or deleted, in the same transaction; gets the row as it was before. */
type Afterwards = (ctx: GenericMutationCtx<GenericDataModel>, before: Row) => Promise<void>;

/**
 * The functions for these tables. `unique` names the indexes under which only one row may stand; `afterwards` is called
 * for each row of a table that was changed or deleted.
 */
export function storeFunctions(
	definitions: Readonly<Record<string, Pick<TableDefinition, ' indexes'>>>,
	unique: Readonly<Record<string, readonly string[]>>,
	afterwards: Readonly<Record<string, Afterwards>> = {}
) {
	const tables = new Map(
		Object.entries(definitions).map(([name, definition]): [string, StoredTable] => {
			const indexes = definition[' indexes']().map(({ indexDescriptor, fields }) => ({
				name: indexDescriptor,
				fields
			}));
			return [name, { indexes, unique: unique[name] ?? [] }];
		})
	);

	function tableOf(name: string): StoredTable {
		const table = tables.get(name);
		if (!table) throw new Error(`"${name}" is not a table of sign-in.`);
		return table;
	}

	/** Rows that may meet the conditions, before they are checked. */
	async function* candidates(db: Reader, name: string, conditions: readonly Condition[]): AsyncGenerator<Stored> {
		const { indexes } = tableOf(name);
		const byId = conditions.find((one) => one.field === 'id' && /^(eq|in)$/.test(one.operator) && !one.alternative);
		if (byId) {
			for (const id of new Set(Array.isArray(byId.value) ? byId.value : [byId.value])) {
				const found = typeof id === 'string' ? await withId(db, name, id) : null;
				if (found) yield found;
			}
			return;
		}
		const plan = planFor(indexes, conditions);
		let looked = 0;
		for (const query of plan ? plan.prefixes.map((prefix) => planned(db, name, plan, prefix)) : [db.query(name)]) {
			for await (const document of query) {
				looked += 1;
				if (looked > READ_LIMIT) throw new Error(`More than ${READ_LIMIT} rows of "${name}" would be read at once.`);
				yield storedOf(document);
			}
		}
	}

	/** The row of an id that Convex gave, or that Better Auth chose. */
	async function withId(db: Reader, name: string, id: string): Promise<Stored | null> {
		const normal = db.normalizeId(name, id);
		const document = normal ? await db.get(normal) : null;
		if (document) return storedOf(document);
		const plan = planFor(tableOf(name).indexes, [equal('givenId', id)]);
		const given = plan && (await planned(db, name, plan, plan.prefixes[0] ?? []).first());
		return given && storedOf(given);
	}

	async function matching(db: Reader, name: string, conditions: readonly Condition[], most: number): Promise<Stored[]> {
		const found: Stored[] = [];
		for await (const candidate of candidates(db, name, conditions)) {
			if (found.length >= most) break;
			if (meets(candidate.row, conditions)) found.push(candidate);
		}
		return found;
	}

	/** Throws a `conflict` when another row has what must be unique. Null is no value. */
	async function checkUnique(db: Reader, name: string, fields: Row, self: string | null): Promise<void> {
		const { indexes, unique } = tableOf(name);
		for (const index of indexes.filter((one) => unique.includes(one.name))) {
			const values = index.fields.map((field) => ({ field, value: fields[field] ?? null }));
			if (values.some(({ value }) => value === null)) continue;
			const query = planned(db, name, { index: index.name, prefixes: [], bounds: [] }, values);
			for (const document of await query.take(2)) {
				if (storedOf(document).id === self) continue;
				const message = `There is one with this ${index.fields.join(' and ')} already.`;
				throw new ConvexError({ kind: 'conflict', message });
			}
		}
	}

	async function patch(db: Writer, name: string, { id, row }: Stored, changes: Row): Promise<Row> {
		const changed = { ...row, ...changes };
		await checkUnique(db, name, changed, id);
		const normal = db.normalizeId(name, id);
		if (normal) await db.patch(normal, documentOf(changes));
		return changed;
	}

	return {
		create: internalMutationGeneric({
			args: { table: v.string(), row },
			returns: row,
			handler: async ({ db }, { table, row: { id: givenId = null, ...fields } }) => {
				const keeps = tableOf(table).indexes.some((one) => one.name === 'by_givenId');
				if (givenId !== null && !keeps) throw new Error(`"${table}" makes its ids itself.`);
				const document = { ...fields, givenId };
				await checkUnique(db, table, document, null);
				const id = await db.insert(table, documentOf(document));
				return { ...fields, id: givenId ?? id };
			}
		}),

		find: internalQueryGeneric({
			args: {
				...target,
				limit: v.number(),
				offset: v.number(),
				sortBy: v.union(v.null(), v.object({ field: v.string(), descending: v.boolean() })),
				joins: v.array(join)
			},
			returns: v.array(joined),
			handler: async ({ db }, { table, where, limit, offset, sortBy, joins }) => {
				const enough = sortBy ? READ_LIMIT : offset + limit;
				const rows = (await matching(db, table, where, enough)).map((one) => one.row);
				const page = (sortBy ? sorted(rows, sortBy) : rows).slice(offset, offset + limit);
				const found: Infer<typeof joined>[] = [];
				for (const row of page) {
					const beside: Record<string, Row[]> = {};
					for (const { name, table: other, from, to, limit } of joins) {
						const value = row[from] ?? null;
						const same = value === null ? [] : await matching(db, other, [equal(to, value)], limit);
						beside[name] = same.map((one) => one.row);
					}
					found.push({ row, joined: beside });
				}
				return found;
			}
		}),

		count: internalQueryGeneric({
			args: target,
			returns: v.number(),
			handler: async ({ db }, { table, where }) => (await matching(db, table, where, READ_LIMIT)).length
		}),

		/** Sets and raises fields of the first row that matches, or of all; gives how many and the last one. */
		change: internalMutationGeneric({
			args: { ...target, set: row, increment: v.record(v.string(), v.number()), all: v.boolean() },
			returns: v.object({ count: v.number(), row: v.union(row, v.null()) }),
			handler: async (ctx, { table, where, set, increment, all }) => {
				const { db } = ctx;
				let last: Row | null = null;
				const found = await matching(db, table, where, all ? READ_LIMIT : 1);
				for (const one of found) {
					const raised = Object.entries(increment).map(([field, by]) => [field, Number(one.row[field] ?? 0) + by]);
					last = await patch(db, table, one, { ...set, ...Object.fromEntries(raised) });
				}
				for (const { row } of found) await afterwards[table]?.(ctx, row);
				return { count: found.length, row: last };
			}
		}),

		/** Deletes the first rows that match, at most `limit`; gives how many, the last one, and whether there may be more. */
		remove: internalMutationGeneric({
			args: { ...target, limit: v.number() },
			returns: v.object({ count: v.number(), row: v.union(row, v.null()) }),
			handler: async (ctx, { table, where, limit }) => {
				const { db } = ctx;
				const found = await matching(db, table, where, limit);
				for (const { id } of found) {
					const normal = db.normalizeId(table, id);
					if (normal) await db.delete(normal);
				}
				for (const { row } of found) await afterwards[table]?.(ctx, row);
				return { count: found.length, row: found.at(-1)?.row ?? null };
			}
		})
	};
}

function equal(field: string, value: Scalar): Condition {
	return { field, operator: 'eq', value, alternative: false, ignoreCase: false };
}

/** A builder of ranges whose types know nothing of the index: it is chosen while the function runs. */
interface FreeRange extends IndexRange {
	eq(field: string, value: Value | undefined): FreeRange;
	lt(field: string, value: Value): FreeRange;
	lte(field: string, value: Value): FreeRange;
	gt(field: string, value: Value): FreeRange;
	gte(field: string, value: Value): FreeRange;
}

function isFreeRange(builder: object): builder is FreeRange {
	return 'eq' in builder;
}

function planned(db: Reader, table: string, { index, bounds }: Plan, prefix: Plan['prefixes'][number]) {
	return db.query(table).withIndex(index, (builder) => {
		if (!isFreeRange(builder)) return builder;
		let range = builder;
		for (const { field, value } of prefix) range = range.eq(field, value ?? undefined);
		for (const { field, operator, value } of bounds) range = range[operator](field, value);
		return range;
	});
}

/** A document as Better Auth sees it: with `id`, without what is Convex's own. */
function storedOf(document: Record<string, unknown>): Stored {
	const row: Row = {};
	for (const [field, value] of Object.entries(document)) {
		if (field.startsWith('_') || field === 'givenId') continue;
		if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') row[field] = value;
	}
	const id = String(document['_id']);
	row['id'] = typeof document['givenId'] === 'string' ? document['givenId'] : id;
	return { id, row };
}

/** What is stored of a row: null is absent. */
function documentOf(row: Row): Record<string, (Scalar & {}) | undefined> {
	return Object.fromEntries(Object.entries(row).map(([field, value]) => [field, value ?? undefined]));
}
