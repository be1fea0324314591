'use node';
import { createHash } from 'node:crypto';
import { v } from 'convex/values';
import { internal } from './_generated/api';
import { action } from './_generated/server';

export const hash = action({
	args: { text: v.string() },
	returns: v.string(),
	handler: async (ctx, { text }) => {
		console.log('hashing', text);
		await ctx.runMutation(internal.events.add, { kind: 'hashed' });
		return createHash('sha256').update(text).digest('hex');
	}
});

export const variables = action({ args: {}, handler: () => Object.keys(process.env).sort() });
export const repeats = action({ args: { text: v.string() }, handler: (_ctx, { text }) => text.length });
export const waits = action({
	args: { milliseconds: v.number() },
	handler: (_ctx, { milliseconds }) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
});
export const fails = action({
	args: {},
	handler: () => {
		throw new Error('in node');
	}
});
