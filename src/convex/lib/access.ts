/**
 * Who may do what. Every public function is made by one of the builders below, so each starts by finding the caller's
 * workspace; a test enumerates the exports and refuses any that is not. Until accounts exist the caller is the owner
 * of this machine, whose workspace `workspaces.open` makes.
 *
 * Ids come in as text. One that is malformed, of another table or of another workspace is answered exactly like one
 * that does not exist: the query's `absent` answer, or the same `not_found` from a mutation.
 */
import { ConvexError } from 'convex/values';
import type { GenericValidator, Infer, ObjectType, PropertyValidators } from 'convex/values';
import type { RegisteredAction, RegisteredMutation, RegisteredQuery } from 'convex/server';
import { internal } from '../_generated/api.js';
import type { Doc, Id, TableNames } from '../_generated/dataModel.js';
import { action, mutation, query } from '../_generated/server.js';
import type { ActionCtx, MutationCtx, QueryCtx } from '../_generated/server.js';

interface Scope {
	readonly workspaceId: Id<'workspaces'>;
}
export type ReadContext = QueryCtx & Scope;
export type WriteContext = MutationCtx & Scope;
export type ActionContext = ActionCtx & Scope;

export const LOCAL_OWNER = 'local';
/** Ids are 32 characters; nothing longer is worth looking at. */
const LONGEST_ID = 64;

const guarded = new WeakSet<object>();

/** Whether a function was made by one of the builders of this file. */
export function isGuarded(registered: object): boolean {
	return guarded.has(registered);
}

function guard<Registered extends object>(registered: Registered): Registered {
	guarded.add(registered);
	return registered;
}

/** The caller's workspace, or null before it has been opened. */
export async function currentWorkspace(ctx: QueryCtx): Promise<Doc<'workspaces'> | null> {
	return await ctx.db
		.query('workspaces')
		.withIndex('by_owner', (q) => q.eq('owner', LOCAL_OWNER))
		.first();
}

interface Definition<Args extends PropertyValidators, Returns extends GenericValidator, Context> {
	readonly args: Args;
	readonly returns: Returns;
	readonly handler: (ctx: Context, args: ObjectType<Args>) => Promise<Infer<Returns>>;
}

/** A public query. `absent` is the answer for somebody who has no workspace. */
export function readAccess<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, ReadContext> & { readonly absent: NoInfer<Infer<Returns>> }
): RegisteredQuery<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const handler = async (ctx: QueryCtx, args: ObjectType<Args>): Promise<Infer<Returns>> => {
		const workspace = await currentWorkspace(ctx);
		return workspace ? definition.handler({ ...ctx, workspaceId: workspace._id }, args) : definition.absent;
	};
	return guard(query({ args: definition.args, returns: definition.returns, handler }));
}

/** A public mutation. Throws `not_found` for somebody who has no workspace. */
export function writeAccess<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, WriteContext>
): RegisteredMutation<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const handler = async (ctx: MutationCtx, args: ObjectType<Args>): Promise<Infer<Returns>> => {
		const workspace = await currentWorkspace(ctx);
		if (!workspace) throw notFound();
		return definition.handler({ ...ctx, workspaceId: workspace._id }, args);
	};
	return guard(mutation({ args: definition.args, returns: definition.returns, handler }));
}

/** A public action. Throws `not_found` for somebody who has no workspace. */
export function actionAccess<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, ActionContext>
): RegisteredAction<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const handler = async (ctx: ActionCtx, args: ObjectType<Args>): Promise<Infer<Returns>> => {
		const workspaceId = await ctx.runQuery(internal.workspaces.idForAction, {});
		if (!workspaceId) throw notFound();
		return definition.handler({ ...ctx, workspaceId }, args);
	};
	return guard(action({ args: definition.args, returns: definition.returns, handler }));
}

/** The one public mutation that needs no workspace: it makes it. */
export function openAccess<Returns extends GenericValidator>(
	definition: Definition<Record<string, never>, Returns, MutationCtx>
): RegisteredMutation<'public', Record<string, never>, Promise<Infer<Returns>>> {
	return guard(mutation({ args: {}, returns: definition.returns, handler: (ctx) => definition.handler(ctx, {}) }));
}

type OwnedTable = Exclude<TableNames, 'workspaces'>;

/** The row of that id if it belongs to the workspace; null for any other text. */
export async function find<Table extends OwnedTable>(
	ctx: QueryCtx & Scope,
	table: Table,
	id: string
): Promise<Doc<Table> | null> {
	if (id.length > LONGEST_ID) return null;
	const normal = ctx.db.normalizeId(table, id);
	const row = normal && (await ctx.db.get(table, normal));
	return row && row.workspaceId === ctx.workspaceId ? row : null;
}

/** Like `find`, but throws `not_found`. */
export async function need<Table extends OwnedTable>(
	ctx: QueryCtx & Scope,
	table: Table,
	id: string
): Promise<Doc<Table>> {
	const row = await find(ctx, table, id);
	if (!row) throw notFound();
	return row;
}

/** The one answer for everything that does not exist or is not the caller's. */
export function notFound(): ConvexError<{ kind: 'not_found'; message: string }> {
	return new ConvexError({ kind: 'not_found', message: 'This does not exist, or it has been deleted.' });
}
