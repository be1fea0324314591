/**
 * Writing the audit log. An event is written in the transaction of its deed, so neither exists without the other, and
 * holds names as they were. Rows are only ever inserted, here and nowhere else, and deleted when their time is over
 * (audit.deleteExpired): auditWrites.test.ts reads the sources for it. No value that could be a secret has a place in
 * it: callers pass names, roles, hosts.
 */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';
import { AUDIT_ACTIONS, isAuditAction } from '../../lib/config/audit.ts';
import type { AuditAction } from '../../lib/config/audit.ts';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { MutationCtx } from '../_generated/server.js';
import type { Scope } from './viewer.ts';

const LONGEST_TEXT = 200;
const MOST_DETAILS = 10;

const nullableText = v.union(v.string(), v.null());

export const auditAction = v.union(
	...Object.keys(AUDIT_ACTIONS)
		.filter(isAuditAction)
		.map((action) => v.literal(action))
);

/**
 * Who did it. `operator`: whoever holds the admin key of the deployment; `system`: nobody, it happened by itself;
 * `stranger`: somebody who did not prove who they are.
 */
export const auditActor = v.object({
	kind: v.union(
		v.literal('user'),
		v.literal('token'),
		v.literal('operator'),
		v.literal('system'),
		v.literal('stranger')
	),
	id: nullableText,
	name: v.string()
});
export type AuditActor = Infer<typeof auditActor>;

/** What it was done to: the kind in a word, its id, and its name at that time. */
export const auditTarget = v.object({ kind: v.string(), id: nullableText, name: v.string() });

/** The rest that is worth knowing, e.g. `{ from: 'viewer', to: 'editor' }`. */
export const auditDetail = v.record(v.string(), v.string());

export const auditEvent = {
	workspaceId: v.id('workspaces'),
	action: auditAction,
	actor: auditActor,
	target: v.union(auditTarget, v.null()),
	detail: auditDetail,
	ip: nullableText,
	userAgent: nullableText
};

export interface Deed {
	readonly action: AuditAction;
	readonly target?: Infer<typeof auditTarget>;
	readonly detail?: Infer<typeof auditDetail>;
}

/** Who, where, and from where. */
export interface AuditOrigin {
	readonly workspaceId: Id<'workspaces'>;
	readonly actor: AuditActor;
	readonly ip: string | null;
	readonly userAgent: string | null;
}

/** Writes what the caller of a public function did, from the browser in which they are signed in. */
export async function audit(ctx: MutationCtx & Scope, deed: Deed): Promise<void> {
	const { workspaceId, viewer } = ctx;
	const user = await ctx.db.get('users', viewer.userId);
	const session = await ctx.db.get('sessions', viewer.sessionId);
	const actor: AuditActor = { kind: 'user', id: viewer.userId, name: user?.name ?? '' };
	const { ipAddress: ip = null, userAgent = null } = session ?? {};
	await auditAs(ctx, { workspaceId, actor, ip, userAgent }, deed);
}

/** Writes what somebody did who is no viewer: the operator, a sign-in, the deployment by itself. */
export async function auditAs(ctx: MutationCtx, origin: AuditOrigin, deed: Deed): Promise<void> {
	const { workspaceId, actor, ip, userAgent } = origin;
	const { action, target, detail } = deed;
	await ctx.db.insert('auditEvents', {
		workspaceId,
		action,
		actor: { ...actor, name: short(actor.name) },
		target: target ? { kind: short(target.kind), id: target.id && short(target.id), name: short(target.name) } : null,
		detail: Object.fromEntries(
			Object.entries(detail ?? {})
				.slice(0, MOST_DETAILS)
				.map(([key, value]) => [key, short(value)])
		),
		ip: ip && short(ip),
		userAgent: userAgent && short(userAgent)
	});
}

function short(text: string): string {
	return text.slice(0, LONGEST_TEXT).toWellFormed();
}

/** A connection as the target of a deed. */
export function connectionTarget({ _id, name }: Pick<Doc<'connections'>, '_id' | 'name'>): Infer<typeof auditTarget> {
	return { kind: 'connection', id: _id, name };
}
