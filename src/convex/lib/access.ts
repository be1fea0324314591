/**
 * Who may do what. Every public function is made by one of the builders below, so each starts by finding out who calls
 * and, but for those on the person's own account, in which workspace and with the right that it names; a test
 * enumerates the exports and refuses any that is not. What a role may do stands in lib/config/permissions.ts.
 *
 * Ids come in as text. One that is malformed, of another table or of another workspace is answered exactly like one
 * that does not exist: the query's `absent` answer, or the same `not_found` from a mutation.
 */
import { ConvexError } from 'convex/values';
import type { GenericValidator, Infer, ObjectType, PropertyValidators } from 'convex/values';
import type { RegisteredAction, RegisteredMutation, RegisteredQuery } from 'convex/server';
import { titleOf } from '../../lib/config/permissions.ts';
import type { Right } from '../../lib/config/permissions.ts';
import { internal } from '../_generated/api.js';
import type { Doc, TableNames } from '../_generated/dataModel.js';
import { action, mutation, query } from '../_generated/server.js';
import type { ActionCtx, MutationCtx, QueryCtx } from '../_generated/server.js';
import { currentSession, standing } from './viewer.ts';
import type { Person, Refusal, Scope } from './viewer.ts';

export type ReadContext = QueryCtx & Scope;
export type WriteContext = MutationCtx & Scope;
export type ActionContext = ActionCtx & Scope;
type PersonReadContext = QueryCtx & { readonly person: Person };
type PersonWriteContext = MutationCtx & { readonly person: Person };

/** Ids are 32 characters; nothing longer is worth looking at. */
const LONGEST_ID = 64;

/** What a caller needs: a right in their workspace, or an account. */
export type Requirement = Right | 'account';

const requirements = new WeakMap<object, Requirement>();

/** What a function made by one of the builders of this file requires; null when it was made otherwise. */
export function requirementOf(registered: object): Requirement | null {
	return requirements.get(registered) ?? null;
}

function guard<Registered extends object>(requirement: Requirement, registered: Registered): Registered {
	requirements.set(registered, requirement);
	return registered;
}

interface Definition<Args extends PropertyValidators, Returns extends GenericValidator, Context> {
	readonly args: Args;
	readonly returns: Returns;
	readonly handler: (ctx: Context, args: ObjectType<Args>) => Promise<Infer<Returns>>;
}
interface Rightful {
	/** What the caller must be allowed to do in their workspace. */
	readonly right: Right;
}
interface Absent<Returns extends GenericValidator> {
	/** The answer for somebody who may not ask: the same as for what does not exist. */
	readonly absent: NoInfer<Infer<Returns>>;
}

/** A public query on the caller's workspace. */
export function readAccess<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, ReadContext> & Rightful & Absent<Returns>
): RegisteredQuery<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const { args, returns, right, absent } = definition;
	const handler = async (ctx: QueryCtx, given: ObjectType<Args>): Promise<Infer<Returns>> => {
		const scope = await standing(ctx, right);
		return typeof scope === 'string' ? absent : definition.handler({ ...ctx, ...scope }, given);
	};
	return guard(right, query({ args, returns, handler }));
}

/** A public mutation on the caller's workspace. Throws `signed_out`, `no_workspace` or `forbidden`. */
export function writeAccess<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, WriteContext> & Rightful
): RegisteredMutation<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const { args, returns, right } = definition;
	const handler = async (ctx: MutationCtx, given: ObjectType<Args>): Promise<Infer<Returns>> => {
		const scope = await standing(ctx, right);
		if (typeof scope === 'string') throw refused(scope, right);
		return definition.handler({ ...ctx, ...scope }, given);
	};
	return guard(right, mutation({ args, returns, handler }));
}

/** A public action on the caller's workspace. Throws `signed_out`, `no_workspace` or `forbidden`. */
export function actionAccess<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, ActionContext> & Rightful
): RegisteredAction<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const { args, returns, right } = definition;
	const handler = async (ctx: ActionCtx, given: ObjectType<Args>): Promise<Infer<Returns>> => {
		const scope: Scope | Refusal = await ctx.runQuery(internal.viewer.standingForAction, { right });
		if (typeof scope === 'string') throw refused(scope, right);
		return definition.handler({ ...ctx, ...scope }, given);
	};
	return guard(right, action({ args, returns, handler }));
}

/** A public query on the caller's own account, in whatever workspace they are, if any. */
export function accountRead<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, PersonReadContext> & Absent<Returns>
): RegisteredQuery<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const { args, returns, absent } = definition;
	const handler = async (ctx: QueryCtx, given: ObjectType<Args>): Promise<Infer<Returns>> => {
		const person = await currentPerson(ctx);
		return person ? definition.handler({ ...ctx, person }, given) : absent;
	};
	return guard('account', query({ args, returns, handler }));
}

/** A public mutation on the caller's own account. Throws `signed_out`. */
export function accountWrite<Args extends PropertyValidators, Returns extends GenericValidator>(
	definition: Definition<Args, Returns, PersonWriteContext>
): RegisteredMutation<'public', ObjectType<Args>, Promise<Infer<Returns>>> {
	const { args, returns } = definition;
	const handler = async (ctx: MutationCtx, given: ObjectType<Args>): Promise<Infer<Returns>> => {
		const person = await currentPerson(ctx);
		if (!person) throw refused('signed_out');
		return definition.handler({ ...ctx, person }, given);
	};
	return guard('account', mutation({ args, returns, handler }));
}

/** Who acts and where, to hand on to an internal function. */
export function scopeOf({ workspaceId, viewer }: Scope): Scope {
	return { workspaceId, viewer };
}

async function currentPerson(ctx: QueryCtx): Promise<Person | null> {
	const session = await currentSession(ctx);
	return session && { userId: session.userId, sessionId: session._id };
}

/** Tables whose rows belong to a workspace and say so. */
type OwnedTable = { [Table in TableNames]: Doc<Table> extends Pick<Scope, 'workspaceId'> ? Table : never }[TableNames];

/** The row of that id if it belongs to the workspace; null for any other text. */
export async function find<Table extends OwnedTable>(
	ctx: QueryCtx & Pick<Scope, 'workspaceId'>,
	table: Table,
	id: string
): Promise<Doc<Table> | null> {
	const row = await rowOf(ctx, table, id);
	return row && row.workspaceId === ctx.workspaceId ? row : null;
}

/** The row of that id, whoever owns it; null for any other text. */
export async function rowOf<Table extends TableNames>(
	ctx: QueryCtx,
	table: Table,
	id: string
): Promise<Doc<Table> | null> {
	if (id.length > LONGEST_ID) return null;
	const normal = ctx.db.normalizeId(table, id);
	return normal && (await ctx.db.get(table, normal));
}

/** Like `find`, but throws `not_found`. */
export async function need<Table extends OwnedTable>(
	ctx: QueryCtx & Pick<Scope, 'workspaceId'>,
	table: Table,
	id: string
): Promise<Doc<Table>> {
	const row = await find(ctx, table, id);
	if (!row) throw notFound();
	return row;
}

export type AccessError = ConvexError<{ kind: Refusal | 'not_found'; message: string }>;

/** The one answer for everything that does not exist or is not the caller's. */
export function notFound(): AccessError {
	return new ConvexError({ kind: 'not_found', message: 'This does not exist, or it has been deleted.' });
}

function refused(kind: Refusal, right?: Right): AccessError {
	const deed = right ? titleOf(right) : 'do this';
	const message = {
		signed_out: 'You are signed out. Sign in and try again.',
		no_workspace: 'You are in no workspace. Ask for an invitation, or make a workspace of your own.',
		forbidden: `Your role in this workspace may not ${deed}. Ask an owner or an admin.`
	}[kind];
	return new ConvexError({ kind, message });
}
