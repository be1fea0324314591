/** OAuth clients of the workspace at providers. The secret goes in (oauth.saveApp) and is given to Node actions only. */
import { v } from 'convex/values';
import { OAUTH_PROVIDERS, clientVariables, oauthProviderOf } from '../lib/config/oauth.ts';
import type { Id } from './_generated/dataModel.js';
import { internalMutation, internalQuery } from './_generated/server.js';
import type { QueryCtx } from './_generated/server.js';
import { notFound, readAccess, writeAccess } from './lib/access.ts';
import { scope } from './lib/accessValidators.ts';
import { audit } from './lib/audit.ts';
import { requireSealingKey } from './lib/keyRing.ts';
import { nullableText, sealed } from './lib/validators.ts';

const oauthApp = v.object({
	provider: v.string(),
	/** Where the client comes from: set here, by the operator in the environment, or nowhere. */
	source: v.union(v.literal('workspace'), v.literal('environment'), v.literal('none')),
	/** Public at the provider; null when there is none. */
	clientId: nullableText
});

/** Every provider with the client that is used for it. Secrets are never among it. */
export const list = readAccess({
	right: 'numbers:read',
	args: {},
	returns: v.array(oauthApp),
	absent: [],
	handler: async (ctx) => {
		return await Promise.all(
			Object.values(OAUTH_PROVIDERS).map(async ({ id }) => {
				const own = await appOf(ctx, ctx.workspaceId, id);
				if (own) return { provider: id, source: 'workspace' as const, clientId: own.clientId };
				const names = clientVariables(id);
				const clientId = process.env[names.secret] ? (process.env[names.id] ?? null) : null;
				return { provider: id, source: clientId ? ('environment' as const) : ('none' as const), clientId };
			})
		);
	}
});

/** Forgets the workspace's own client. Connections that were made with it cannot renew their access. */
export const remove = writeAccess({
	right: 'oauthApps:manage',
	args: { provider: v.string() },
	returns: v.null(),
	handler: async (ctx, { provider }) => {
		const row = await appOf(ctx, ctx.workspaceId, provider);
		if (!row) throw notFound();
		await ctx.db.delete('oauthApps', row._id);
		await audit(ctx, { action: 'oauthApp.removed', target: targetOf(provider) });
		return null;
	}
});

/** Keeps a client; an earlier one is replaced. */
export const keep = internalMutation({
	args: { scope, provider: v.string(), clientId: v.string(), secret: sealed },
	returns: v.null(),
	handler: async (ctx, { scope, provider, clientId, secret }) => {
		requireSealingKey(secret.keyId);
		const { workspaceId } = scope;
		const row = await appOf(ctx, workspaceId, provider);
		if (row) await ctx.db.patch('oauthApps', row._id, { clientId, secret });
		else await ctx.db.insert('oauthApps', { workspaceId, provider, clientId, secret });
		await audit({ ...ctx, ...scope }, { action: 'oauthApp.set', target: targetOf(provider), detail: { clientId } });
		return null;
	}
});

/** The workspace's client with its sealed secret, for Node actions. */
export const read = internalQuery({
	args: { workspaceId: v.id('workspaces'), provider: v.string() },
	returns: v.union(v.object({ clientId: v.string(), secret: sealed }), v.null()),
	handler: async (ctx, { workspaceId, provider }) => {
		const row = await appOf(ctx, workspaceId, provider);
		return row && { clientId: row.clientId, secret: row.secret };
	}
});

async function appOf(ctx: QueryCtx, workspaceId: Id<'workspaces'>, provider: string) {
	return await ctx.db
		.query('oauthApps')
		.withIndex('by_workspaceId_provider', (q) => q.eq('workspaceId', workspaceId).eq('provider', provider))
		.unique();
}

function targetOf(provider: string) {
	return { kind: 'oauthApp', id: provider, name: oauthProviderOf(provider)?.name ?? provider };
}
