/** The audit log as admins read it, and its only way out: time. */
import { paginationOptsValidator, paginationResultValidator } from 'convex/server';
import { v } from 'convex/values';
import { isAuditAction } from '../lib/config/audit.ts';
import type { AuditAction } from '../lib/config/audit.ts';
import { internal } from './_generated/api.js';
import type { Doc, Id } from './_generated/dataModel.js';
import { internalMutation } from './_generated/server.js';
import type { MutationCtx } from './_generated/server.js';
import { readAccess, writeAccess } from './lib/access.ts';
import type { ReadContext } from './lib/access.ts';
import { audit, auditAction, auditActor, auditAs, auditDetail, auditTarget } from './lib/audit.ts';
import type { AuditActor } from './lib/audit.ts';

const DAY_MS = 86_400_000;
export const AUDIT_KEPT_DAYS = 400;
const BATCH = 500;

const LARGEST_PAGE = 100;
/** Events in which actors are looked for. */
const RECENT = 500;
const nullableText = v.union(v.string(), v.null());

const shownEvent = v.object({
	id: v.id('auditEvents'),
	at: v.number(),
	action: auditAction,
	actor: auditActor,
	target: v.union(auditTarget, v.null()),
	detail: auditDetail,
	ip: nullableText,
	userAgent: nullableText
});

/** What is shown of the log. Absent: all of it. */
const filter = {
	action: v.optional(v.string()),
	/** `<kind>:<id>`, as audit.actors gives it. */
	actor: v.optional(v.string()),
	/** From this day, `YYYY-MM-DD` in UTC, backwards. */
	day: v.optional(v.string())
};

/** The events of the workspace, the newest first. A filter that makes no sense finds nothing. */
export const list = readAccess({
	right: 'audit:read',
	args: { ...filter, paginationOpts: paginationOptsValidator },
	returns: paginationResultValidator(shownEvent),
	absent: { page: [], isDone: true, continueCursor: '' },
	handler: async (ctx, { action, actor, day, paginationOpts }) => {
		const numItems = Math.min(LARGEST_PAGE, Math.max(1, Math.round(paginationOpts.numItems)));
		const before = day === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(`${day}T00:00:00Z`) + DAY_MS;
		const who = actor === undefined ? null : actorOf(actor);
		const nothing = { page: [], isDone: true, continueCursor: '' };
		if ((action !== undefined && !isAuditAction(action)) || Number.isNaN(before) || who === undefined) return nothing;
		const result = await matching(ctx, { action, who, before })
			.order('desc')
			.paginate({ ...paginationOpts, numItems });
		return { ...result, page: result.page.map(shown) };
	}
});

/** Everybody who did something lately, for the filter. */
export const actors = readAccess({
	right: 'audit:read',
	args: {},
	returns: v.array(v.object({ key: v.string(), name: v.string() })),
	absent: [],
	handler: async (ctx) => {
		const recent = await matching(ctx, { who: null, before: Number.MAX_SAFE_INTEGER }).order('desc').take(RECENT);
		const names = new Map<string, string>();
		for (const { actor } of recent) {
			const key = `${actor.kind}:${actor.id ?? ''}`;
			if (!names.has(key)) names.set(key, actor.name);
		}
		return [...names]
			.map(([key, name]) => ({ key, name }))
			.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
	}
});

/** Writes down that the log was taken out of the product. Called before the first page of an export is read. */
export const noteExport = writeAccess({
	right: 'audit:read',
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		await audit(ctx, { action: 'audit.exported' });
		return null;
	}
});

interface Matching {
	readonly action?: AuditAction;
	readonly who: Pick<AuditActor, 'kind' | 'id'> | null;
	/** ms since the epoch. */
	readonly before: number;
}

function matching({ db, workspaceId }: ReadContext, { action, who, before }: Matching) {
	const events = db.query('auditEvents');
	if (who && action !== undefined) {
		return events.withIndex('by_workspaceId_actor_action', (q) =>
			q
				.eq('workspaceId', workspaceId)
				.eq('actor.kind', who.kind)
				.eq('actor.id', who.id)
				.eq('action', action)
				.lt('_creationTime', before)
		);
	}
	if (who) {
		return events.withIndex('by_workspaceId_actor', (q) =>
			q.eq('workspaceId', workspaceId).eq('actor.kind', who.kind).eq('actor.id', who.id).lt('_creationTime', before)
		);
	}
	if (action !== undefined) {
		return events.withIndex('by_workspaceId_action', (q) =>
			q.eq('workspaceId', workspaceId).eq('action', action).lt('_creationTime', before)
		);
	}
	return events.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId).lt('_creationTime', before));
}

/** The actor that a key of `actors` names; undefined for any other text. */
function actorOf(key: string): Pick<AuditActor, 'kind' | 'id'> | undefined {
	const colon = key.indexOf(':');
	const [kind, id] = [key.slice(0, colon), key.slice(colon + 1) || null];
	const known = auditActor.fields.kind.members.find((member) => member.value === kind);
	return known && { kind: known.value, id };
}

function shown({ _id, _creationTime, action, actor, target, detail, ip, userAgent }: Doc<'auditEvents'>) {
	return { id: _id, at: _creationTime, action, actor, target, detail, ip, userAgent };
}

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
		userId: v.string(),
		workspaceId: v.optional(v.string()),
		target: v.optional(auditTarget),
		detail: v.optional(auditDetail),
		ip: v.union(v.string(), v.null()),
		userAgent: v.union(v.string(), v.null())
	},
	returns: v.null(),
	handler: async (ctx, { action, target, detail, ip, userAgent, ...ids }) => {
		const userId = ctx.db.normalizeId('users', ids.userId);
		const user = userId && (await ctx.db.get('users', userId));
		const workspaceId = ids.workspaceId && ctx.db.normalizeId('workspaces', ids.workspaceId);
		if (!user) return null;
		const person = { kind: 'user', id: user._id, name: user.name } as const;
		const unproven = UNPROVEN.has(action);
		const actor: AuditActor = unproven ? { kind: 'stranger', id: null, name: 'Somebody' } : person;
		const deed = { action, target: target ?? (unproven ? person : undefined), detail };
		for (const concerned of workspaceId ? [workspaceId] : await workspacesOf(ctx, user._id)) {
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
