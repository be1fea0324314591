/**
 * Who calls. The JWT of a page carries the person (`sub`) and the session (`sid`) and nothing else: workspace and role
 * are read here, each time, so that ending a session, removing a member, changing a role or switching the workspace
 * holds at once and in every tab.
 */
import { allows, isRole } from '../../lib/config/permissions.ts';
import type { Right, Role } from '../../lib/config/permissions.ts';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { QueryCtx } from '../_generated/server.js';

/** Workspaces of one person that are looked at. */
export const MAX_WORKSPACES = 100;
/** Members of one workspace that are looked at. */
export const MAX_MEMBERS = 500;
const LOCAL_OWNER = 'local';

export interface Person {
	readonly userId: Id<'users'>;
	readonly sessionId: Id<'sessions'>;
}

export interface Viewer extends Person {
	readonly workspaceId: Id<'workspaces'>;
	readonly role: Role;
}

export interface Membership {
	readonly workspaceId: Id<'workspaces'>;
	readonly role: Role;
}

/** What a function that needs a right begins with. */
export interface Scope {
	readonly workspaceId: Id<'workspaces'>;
	readonly viewer: Viewer;
}

/** Why somebody may not: not signed in, in no workspace, or with a role that lacks the right. */
export type Refusal = 'signed_out' | 'no_workspace' | 'forbidden';

/** The caller's session, or null: no token, or one of a session that is over or was ended. */
export async function currentSession(ctx: QueryCtx): Promise<Doc<'sessions'> | null> {
	const identity = await ctx.auth.getUserIdentity();
	const sid = identity?.['sid'];
	if (!identity || typeof sid !== 'string') return null;
	const id = ctx.db.normalizeId('sessions', sid);
	const session = id && (await ctx.db.get('sessions', id));
	return session && session.userId === identity.subject && session.expiresAt > Date.now() ? session : null;
}

/** The row that makes the person a member of that workspace. */
export async function memberRow(
	ctx: QueryCtx,
	userId: Id<'users'>,
	workspaceId: Id<'workspaces'>
): Promise<Doc<'members'> | null> {
	return await ctx.db
		.query('members')
		.withIndex('by_workspaceId_userId', (q) => q.eq('workspaceId', workspaceId).eq('userId', userId))
		.first();
}

/** The person's membership of that workspace. A role that is none of ours is no membership. */
export async function membershipIn(
	ctx: QueryCtx,
	userId: Id<'users'>,
	workspaceId: Id<'workspaces'>
): Promise<Membership | null> {
	const row = await memberRow(ctx, userId, workspaceId);
	return row && isRole(row.role) ? { workspaceId, role: row.role } : null;
}

/** Every membership of the person, the first one first. */
export async function membershipsOf(ctx: QueryCtx, userId: Id<'users'>): Promise<Membership[]> {
	const rows = await ctx.db
		.query('members')
		.withIndex('by_userId', (q) => q.eq('userId', userId))
		.take(MAX_WORKSPACES);
	return rows.flatMap(({ workspaceId, role }) => (isRole(role) ? [{ workspaceId, role }] : []));
}

/** Where the session is: in its active workspace, or in the person's first where that is unset or no longer theirs. */
export async function currentMembership(ctx: QueryCtx, session: Doc<'sessions'>): Promise<Membership | null> {
	const { userId, activeWorkspaceId } = session;
	const active = activeWorkspaceId && (await membershipIn(ctx, userId, activeWorkspaceId));
	return active || ((await membershipsOf(ctx, userId))[0] ?? null);
}

/** The caller's scope, if they have the right; otherwise why not. */
export async function standing(ctx: QueryCtx, right: Right): Promise<Scope | Refusal> {
	const session = await currentSession(ctx);
	if (!session) return 'signed_out';
	const membership = await currentMembership(ctx, session);
	if (!membership) return 'no_workspace';
	if (!allows(membership.role, right)) return 'forbidden';
	const { workspaceId } = membership;
	return { workspaceId, viewer: { userId: session.userId, sessionId: session._id, ...membership } };
}

/** The workspace that was made before there were accounts, as long as nobody has an account. */
export async function localWorkspace(ctx: QueryCtx): Promise<Doc<'workspaces'> | null> {
	return await ctx.db
		.query('workspaces')
		.withIndex('by_owner', (q) => q.eq('owner', LOCAL_OWNER))
		.first();
}
