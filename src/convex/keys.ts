'use node';
/** Sealing everything anew with the first key of the ring, for `npm run rotate-keys`. */
import { v } from 'convex/values';
import type { FunctionReturnType } from 'convex/server';
import { internal } from './_generated/api.js';
import { internalAction } from './_generated/server.js';
import { readKeyRing, seal, unseal, UnsealError } from './lib/crypto.ts';
import type { Sealed } from './lib/crypto.ts';

interface Resealed {
	cursor: string | null;
	resealed: number;
	busy: number;
	unreadable: { name: string; keyId: string }[];
}

/**
 * Seals one page of rows anew. `expected` is the id of the key that must be first by now: the environment of a
 * deployment may take a moment to be in force. What cannot be opened is named and left as it is; `busy` rows are to be
 * asked for again.
 */
export const reseal = internalAction({
	args: {
		table: v.union(v.literal('credentials'), v.literal('oauthApps')),
		expected: v.string(),
		cursor: v.union(v.string(), v.null())
	},
	returns: v.union(
		v.object({
			cursor: v.union(v.string(), v.null()),
			resealed: v.number(),
			busy: v.number(),
			unreadable: v.array(v.object({ name: v.string(), keyId: v.string() }))
		}),
		v.literal('not yet')
	),
	handler: async (ctx, { table, expected, cursor }): Promise<Resealed | 'not yet'> => {
		const ring = readKeyRing(process.env.PLUMBLINE_SECRET_KEYS);
		if ([...ring.keys()][0] !== expected) return 'not yet';
		const page: FunctionReturnType<typeof internal.sealedRows.page> = await ctx.runQuery(internal.sealedRows.page, {
			table,
			cursor
		});
		const changes: { id: string; before: string; after: Sealed }[] = [];
		const unreadable: Resealed['unreadable'] = [];
		for (const { id, boundTo, name, sealed } of page.rows) {
			try {
				const after = seal(ring, boundTo, unseal(ring, boundTo, sealed));
				changes.push({ id, before: sealed.sealed, after });
			} catch (error) {
				if (!(error instanceof UnsealError)) throw error;
				unreadable.push({ name, keyId: sealed.keyId });
			}
		}
		const resealed: number = changes.length === 0 ? 0 : await ctx.runMutation(internal.sealedRows.replace, { changes });
		return { cursor: page.cursor, busy: page.busy, resealed, unreadable };
	}
});
