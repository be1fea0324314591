/** The audit log as admins read it, and its only way out: time. */
import { v } from 'convex/values';
import { internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { internalMutation } from './_generated/server.js';
import type { MutationCtx } from './_generated/server.js';
import { auditAction, auditAs, auditDetail, auditTarget } from './lib/audit.ts';
import type { AuditActor } from './lib/audit.ts';

const DAY_MS = 86_400_000;
export const AUDIT_KEPT_DAYS = 400;
const BATCH = 500;

/** Deeds of somebody who has not shown to be the person whom they concern. */
const UNPROVEN: ReadonlySet<string> = new Set(['signIn.failed', 'password.resetAsked']);
/** A person is a member of no more workspaces that hear of it. */
const MOST_WORKSPACES = 100;

/**
 * Writes what a person did to their account or, with `workspaceId`, to a workspace; for the hooks of Better Auth. What
 * concerns an account is written into each workspace of the person, since admins of all of them may want to know. An
 * attempt on a person's account by somebody unproven has the person as its target. Does nothing for an unknown person:
 * whoever is not signed in must not be able to fill the table.
 */
export const record = internalMutation({
	args: {
		action: auditAction,
		userId: v.id('users'),
		workspaceId: v.optional(v.id('workspaces')),
		target: v.optional(auditTarget),
		detail: v.optional(auditDetail),
		ip: v.union(v.string(), v.null()),
		userAgent: v.union(v.string(), v.null())
	},
	returns: v.null(),
	handler: async (ctx, { action, userId, workspaceId, target, detail, ip, userAgent }) => {
		const user = await ctx.db.get('users', userId);
		if (!user) return null;
		const person = { kind: 'user', id: userId, name: user.name } as const;
		const unproven = UNPROVEN.has(action);
		const actor: AuditActor = unproven ? { kind: 'stranger', id: null, name: 'Somebody' } : person;
		const deed = { action, target: target ?? (unproven ? person : undefined), detail };
		for (const concerned of workspaceId ? [workspaceId] : await workspacesOf(ctx, userId)) {
			await auditAs(ctx, { workspaceId: concerned, actor, ip, userAgent }, deed);
		}
		return null;
	}
});

async function workspacesOf(ctx: MutationCtx, userId: Id<'users'>): Promise<Id<'workspaces'>[]> {
	const memberships = await ctx.db
		.query('members')
		.withIndex('by_userId', (q) => q.eq('userId', userId))
		.take(MOST_WORKSPACES);
	return memberships.map((membership) => membership.workspaceId);
}

/** Deletes events that are older than 400 days. */
export const deleteExpired = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const before = Date.now() - AUDIT_KEPT_DAYS * DAY_MS;
		const expired = await ctx.db
			.query('auditEvents')
			.withIndex('by_creation_time', (q) => q.lt('_creationTime', before))
			.take(BATCH);
		for (const event of expired) await ctx.db.delete('auditEvents', event._id);
		if (expired.length === BATCH) await ctx.scheduler.runAfter(0, internal.audit.deleteExpired, {});
		return null;
	}
});
