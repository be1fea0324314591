/** What is sealed with the key ring, for the actions of keys.ts that seal it anew. Internal. */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';
import { internalMutation, internalQuery } from './_generated/server.js';
import { auditAs, connectionTarget } from './lib/audit.ts';
import { appKey, requireSealingKey, sealingKeyId } from './lib/keyRing.ts';
import { sealed } from './lib/validators.ts';

const PAGE = 50;
const WORKSPACES = 100;
const DAY_MS = 86_400_000;
/** After that, whoever began to renew tokens has stored them, or is gone. */
const LONGEST_ACTION_MS = 10 * 60_000;
/** Events that are looked through for one about the same connection. */
const RECENT_EVENTS = 200;

const OPERATOR = { kind: 'operator', id: null, name: 'Operator' } as const;
const SYSTEM = { kind: 'system', id: null, name: 'Plumbline' } as const;

/**
 * The tables whose rows are sealed for good. Verifiers and grants of OAuth are sealed too, and are gone within the hour:
 * a sign-in at a provider that is under way during a rotation is begun again.
 */
const table = v.union(v.literal('credentials'), v.literal('oauthApps'));

const sealedRow = v.object({
	id: v.string(),
	/** What the text is sealed to. */
	boundTo: v.string(),
	/** For people. */
	name: v.string(),
	sealed
});

/**
 * A page of the rows of a table that another key than the sealing one has sealed; `cursor` null begins. `busy` counts
 * those that are left out because somebody renews what is in them, and would find it changed.
 */
export const page = internalQuery({
	args: { table, cursor: v.union(v.string(), v.null()) },
	returns: v.object({ rows: v.array(sealedRow), busy: v.number(), cursor: v.union(v.string(), v.null()) }),
	handler: async (ctx, { table, cursor }) => {
		const first = sealingKeyId();
		const rows: Infer<typeof sealedRow>[] = [];
		let busy = 0;
		if (table === 'oauthApps') {
			const result = await ctx.db.query('oauthApps').paginate({ numItems: PAGE, cursor });
			for (const { _id, workspaceId, provider, secret } of result.page) {
				if (secret.keyId === first) continue;
				const name = `the OAuth client of ${provider}`;
				rows.push({ id: _id, boundTo: appKey(workspaceId, provider), name, sealed: secret });
			}
			return { rows, busy, cursor: result.isDone ? null : result.continueCursor };
		}
		const result = await ctx.db.query('credentials').paginate({ numItems: PAGE, cursor });
		for (const { _id, connectionId, keyId, sealed, renewal } of result.page) {
			if (keyId === first) continue;
			if ((renewal?.leaseUntil ?? 0) > Date.now() - LONGEST_ACTION_MS) busy += 1;
			else {
				const connection = await ctx.db.get('connections', connectionId);
				rows.push({
					id: _id,
					boundTo: connectionId,
					name: connection?.name ?? connectionId,
					sealed: { keyId, sealed }
				});
			}
		}
		return { rows, busy, cursor: result.isDone ? null : result.continueCursor };
	}
});

/** Puts newly sealed texts in place of those that are still as they were read; gives how many. */
export const replace = internalMutation({
	args: { changes: v.array(v.object({ id: v.string(), before: v.string(), after: sealed })) },
	returns: v.number(),
	handler: async (ctx, { changes }) => {
		let replaced = 0;
		for (const { id, before, after } of changes) {
			requireSealingKey(after.keyId);
			const credentialsId = ctx.db.normalizeId('credentials', id);
			const credentials = credentialsId && (await ctx.db.get('credentials', credentialsId));
			const appId = ctx.db.normalizeId('oauthApps', id);
			const app = appId && (await ctx.db.get('oauthApps', appId));
			if (credentials?.sealed === before) await ctx.db.patch('credentials', credentials._id, after);
			else if (app?.secret.sealed === before) await ctx.db.patch('oauthApps', app._id, { secret: after });
			else continue;
			replaced += 1;
		}
		return replaced;
	}
});

/** Tells every workspace that the key has been changed, a page of them at a time; gives the next cursor. */
export const noteRotated = internalMutation({
	args: { from: v.string(), to: v.string(), cursor: v.union(v.string(), v.null()) },
	returns: v.union(v.string(), v.null()),
	handler: async (ctx, { from, to, cursor }) => {
		const result = await ctx.db.query('workspaces').paginate({ numItems: WORKSPACES, cursor });
		for (const { _id: workspaceId } of result.page) {
			const origin = { workspaceId, actor: OPERATOR, ip: null, userAgent: null };
			await auditAs(ctx, origin, { action: 'secrets.rotated', detail: { from, to } });
		}
		return result.isDone ? null : result.continueCursor;
	}
});

/** Writes down that a connection's credentials could not be opened: once a day, however often it is tried. */
export const noteUnreadable = internalMutation({
	args: { connectionId: v.id('connections'), keyId: v.string() },
	returns: v.null(),
	handler: async (ctx, { connectionId, keyId }) => {
		const connection = await ctx.db.get('connections', connectionId);
		if (!connection) return null;
		const { workspaceId } = connection;
		const recent = await ctx.db
			.query('auditEvents')
			.withIndex('by_workspaceId_action', (q) =>
				q
					.eq('workspaceId', workspaceId)
					.eq('action', 'secrets.unreadable')
					.gt('_creationTime', Date.now() - DAY_MS)
			)
			.order('desc')
			.take(RECENT_EVENTS);
		if (recent.some(({ target }) => target?.id === connectionId)) return null;
		const origin = { workspaceId, actor: SYSTEM, ip: null, userAgent: null };
		const deed = {
			action: 'secrets.unreadable',
			target: connectionTarget(connection),
			detail: { key: keyId }
		} as const;
		await auditAs(ctx, origin, deed);
		return null;
	}
});
