/** The keys that sign the tokens of pages. Better Auth makes and reads them; here is what must be one transaction. */
import { v } from 'convex/values';
import type { Doc } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import type { QueryCtx } from '../_generated/server.js';

/** Keys that are ever kept: each rotation adds one. */
const MOST_KEYS = 100;

const key = {
	publicKey: v.string(),
	privateKey: v.string(),
	alg: v.optional(v.string()),
	crv: v.optional(v.string()),
	createdAt: v.number(),
	expiresAt: v.optional(v.number())
};

/**
 * Keeps a new key unless there is one in force: of two that are made at the same time, both callers get one. Keys that the
 * caller cannot open, because they were encrypted with another BETTER_AUTH_SECRET, are no longer in force.
 */
export const keep = internalMutation({
	args: { made: v.object(key), unopened: v.array(v.string()) },
	returns: v.object({ id: v.string(), ...key }),
	handler: async (ctx, { made, unopened }) => {
		const closed = new Set(unopened);
		const keys = await inForce(ctx);
		for (const { _id } of keys.filter((one) => closed.has(one._id)))
			await ctx.db.patch('jwks', _id, { expiresAt: Date.now() });
		const current = keys.find((one) => !closed.has(one._id));
		if (!current) return { id: await ctx.db.insert('jwks', made), ...made };
		const { _id, _creationTime, ...held } = current;
		return { id: _id, ...held };
	}
});

/**
 * Ends the keys in force: the next token is signed by a new one. Tokens that are out stay good for their ten minutes.
 * For the operator: `npx convex run auth/keys:rotate`.
 */
export const rotate = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		for (const { _id } of await inForce(ctx)) await ctx.db.patch('jwks', _id, { expiresAt: Date.now() });
		return null;
	}
});

async function inForce(ctx: QueryCtx): Promise<Doc<'jwks'>[]> {
	const keys = await ctx.db.query('jwks').order('desc').take(MOST_KEYS);
	return keys.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > Date.now());
}
