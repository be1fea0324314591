/**
 * API tokens of the workspace, for programs that call the HTTP API (http/api.ts). The rows are those of Better Auth's
 * apiKey plugin, which takes no scopes from a browser, does not know who made a workspace's key and writes on every
 * use; so tokens are made and checked here.
 */
import { ConvexError, v } from 'convex/values';
import { allows } from '../lib/config/permissions.ts';
import { internal } from './_generated/api.js';
import type { Doc, Id } from './_generated/dataModel.js';
import { internalMutation } from './_generated/server.js';
import type { MutationCtx, QueryCtx } from './_generated/server.js';
import { actionAccess, notFound, readAccess, rowOf, scopeOf, writeAccess } from './lib/access.ts';
import { scope, tokenScope } from './lib/accessValidators.ts';
import {
	decodeScopes,
	encodeMaker,
	encodeScopes,
	hashOf,
	makerOf,
	newToken,
	startOf,
	TOKEN_PREFIX
} from './lib/apiToken.ts';
import { audit } from './lib/audit.ts';
import { membershipIn } from './lib/viewer.ts';

const MAX_TOKENS = 100;
const LONGEST_NAME = 60;
const DAY_MS = 86_400_000;
const LONGEST_DAYS = 365;
/** Requests that one token may make in a minute. */
export const REQUESTS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;

/** Every token that works, newest first. Neither the token nor its hash is ever answered. */
export const list = readAccess({
	right: 'tokens:manage',
	args: {},
	returns: v.array(
		v.object({
			id: v.id('apiKeys'),
			name: v.string(),
			/** Its first characters. */
			start: v.string(),
			scopes: v.array(tokenScope),
			madeBy: v.string(),
			yours: v.boolean(),
			createdAt: v.number(),
			/** To the minute; null when it has never been used. */
			lastUsedAt: v.union(v.number(), v.null()),
			expiresAt: v.union(v.number(), v.null())
		})
	),
	absent: [],
	handler: async (ctx) => {
		const tokens = await Promise.all(
			(await tokensOf(ctx, ctx.workspaceId)).map(async (row) => {
				const maker = await makerIn(ctx, row);
				if (!maker || isOver(row)) return [];
				const { _id: id, name = '', start = '', createdAt, lastRequest = null, expiresAt = null } = row;
				const user = await ctx.db.get('users', maker.userId);
				const [madeBy, yours] = [user?.name ?? '', maker.userId === ctx.viewer.userId];
				const scopes = decodeScopes(row.permissions);
				return [{ id, name, start, scopes, madeBy, yours, createdAt, lastUsedAt: lastRequest, expiresAt }];
			})
		);
		return tokens.flat();
	}
});

/**
 * Makes a token and answers it: this once, it is kept nowhere. It ends after `expiresInDays` (1 to 365; null: never),
 * when it is revoked, or when its maker leaves the workspace.
 */
export const create = actionAccess({
	right: 'tokens:manage',
	args: { name: v.string(), scopes: v.array(tokenScope), expiresInDays: v.union(v.number(), v.null()) },
	returns: v.object({ id: v.id('apiKeys'), token: v.string() }),
	handler: async (ctx, args): Promise<{ id: Id<'apiKeys'>; token: string }> => {
		const token = newToken();
		const kept = { start: startOf(token), hash: await hashOf(token) };
		return { id: await ctx.runMutation(internal.apiKeys.keep, { scope: scopeOf(ctx), ...args, ...kept }), token };
	}
});

/** Stores a token that was made for the caller of `create`. */
export const keep = internalMutation({
	args: {
		scope,
		name: v.string(),
		scopes: v.array(tokenScope),
		expiresInDays: v.union(v.number(), v.null()),
		start: v.string(),
		hash: v.string()
	},
	returns: v.id('apiKeys'),
	handler: async (ctx, { scope: { workspaceId, viewer }, scopes, expiresInDays, start, hash, ...args }) => {
		const name = args.name.trim().slice(0, LONGEST_NAME);
		if (!name) throw refusal('Give the token a name that says where it is used.');
		if (scopes.length === 0) throw refusal('Choose at least one thing that the token may do.');
		const days = expiresInDays ?? 1;
		if (!(Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS)) {
			throw refusal(`A token lasts between 1 and ${LONGEST_DAYS} days, or until it is revoked.`);
		}
		if ((await tokensOf(ctx, workspaceId)).length >= MAX_TOKENS) {
			throw refusal(`There are ${MAX_TOKENS} tokens. Revoke one that is not used any more.`);
		}
		const now = Date.now();
		const id = await ctx.db.insert('apiKeys', {
			configId: 'default',
			referenceId: workspaceId,
			key: hash,
			name,
			start,
			prefix: TOKEN_PREFIX,
			enabled: true,
			permissions: encodeScopes(scopes),
			metadata: encodeMaker(viewer.userId),
			...(expiresInDays === null ? {} : { expiresAt: now + days * DAY_MS }),
			createdAt: now,
			updatedAt: now
		});
		const target = { kind: 'token', id, name };
		await audit(
			{ ...ctx, workspaceId, viewer },
			{ action: 'token.made', target, detail: { scopes: scopes.join(' ') } }
		);
		return id;
	}
});

/** Ends a token at once. */
export const revoke = writeAccess({
	right: 'tokens:manage',
	args: { tokenId: v.string() },
	returns: v.null(),
	handler: async (ctx, { tokenId }) => {
		const row = await rowOf(ctx, 'apiKeys', tokenId);
		if (!row || row.referenceId !== ctx.workspaceId) throw notFound();
		await ctx.db.delete('apiKeys', row._id);
		await audit(ctx, { action: 'token.revoked', target: { kind: 'token', id: row._id, name: row.name ?? '' } });
		return null;
	}
});

/**
 * Lets a request of the HTTP API in, or says why not. An unknown, expired or revoked token, and one whose maker has left,
 * are all `unauthorized`. When it was used is written at most once a minute; requests are counted beside the token, so
 * that nobody's list of tokens changes with each.
 */
export const admit = internalMutation({
	args: { hash: v.string(), needed: tokenScope },
	returns: v.union(
		v.object({ workspaceId: v.id('workspaces') }),
		v.object({ refused: v.union(v.literal('unauthorized'), v.literal('forbidden')) }),
		v.object({ refused: v.literal('rate_limited'), retryAfterSeconds: v.number() })
	),
	handler: async (ctx, { hash, needed }) => {
		const row = await ctx.db
			.query('apiKeys')
			.withIndex('by_key', (q) => q.eq('key', hash))
			.unique();
		if (!row || isOver(row)) return { refused: 'unauthorized' as const };
		const maker = await makerIn(ctx, row);
		if (!maker) return { refused: 'unauthorized' as const };
		const retryAfterSeconds = await countRequest(ctx, row._id);
		if (retryAfterSeconds > 0) return { refused: 'rate_limited' as const, retryAfterSeconds };
		const now = Date.now();
		if ((row.lastRequest ?? 0) <= now - MINUTE_MS) await ctx.db.patch('apiKeys', row._id, { lastRequest: now });
		if (!decodeScopes(row.permissions).includes(needed) || !allows(maker.role, needed)) {
			return { refused: 'forbidden' as const };
		}
		return { workspaceId: maker.workspaceId };
	}
});

async function tokensOf(ctx: QueryCtx, workspaceId: Id<'workspaces'>): Promise<Doc<'apiKeys'>[]> {
	return await ctx.db
		.query('apiKeys')
		.withIndex('by_referenceId', (q) => q.eq('referenceId', workspaceId))
		.order('desc')
		.take(MAX_TOKENS);
}

function isOver({ enabled, expiresAt }: Doc<'apiKeys'>): boolean {
	return enabled === false || (expiresAt !== undefined && expiresAt <= Date.now());
}

/** The maker of a token as a member of its workspace; null when they are none any more. */
async function makerIn(ctx: QueryCtx, { referenceId, metadata }: Doc<'apiKeys'>) {
	const workspaceId = ctx.db.normalizeId('workspaces', referenceId);
	const userId = ctx.db.normalizeId('users', makerOf(metadata) ?? '');
	const membership = workspaceId && userId && (await membershipIn(ctx, userId, workspaceId));
	return membership && { userId, ...membership };
}

/** Counts a request of this minute; the seconds to wait when there were too many. */
async function countRequest(ctx: MutationCtx, tokenId: Id<'apiKeys'>): Promise<number> {
	const key = `token:${tokenId}`;
	const now = Date.now();
	const minute = now - (now % MINUTE_MS);
	const row = await ctx.db
		.query('rateLimits')
		.withIndex('by_key', (q) => q.eq('key', key))
		.first();
	if (!row) await ctx.db.insert('rateLimits', { key, count: 1, lastRequest: now });
	else if (row.lastRequest < minute) await ctx.db.patch('rateLimits', row._id, { count: 1, lastRequest: now });
	else if (row.count >= REQUESTS_PER_MINUTE) return Math.ceil((minute + MINUTE_MS - now) / 1_000);
	else await ctx.db.patch('rateLimits', row._id, { count: row.count + 1, lastRequest: now });
	return 0;
}

function refusal(message: string) {
	return new ConvexError({ kind: 'config', message });
}
