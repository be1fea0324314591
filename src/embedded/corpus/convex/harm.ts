/** Actions of the default runtime that do harm, each in one way. */
import { v } from 'convex/values';
import { api, internal } from './_generated/api';
import { action, mutation, query } from './_generated/server';

export const loops = action({ args: {}, handler: () => spin() });
export const loopsInMicrotasks = action({
	args: {},
	handler: async () => {
		for (;;) await null;
	}
});
export const recurses = action({ args: {}, handler: () => recurse(0) });
export const growsArray = action({
	args: {},
	handler: () => {
		const numbers: { value: number }[] = [];
		for (;;) numbers.push({ value: Math.random() });
	}
});
export const growsMap = action({
	args: {},
	handler: () => {
		const numbers = new Map<number, number>();
		for (let i = 0; ; i++) numbers.set(i, i);
	}
});
export const bigArray = action({ args: {}, handler: () => (new Array(1.3e8).fill(0.5)[7] ?? 0) + spin() });
export const bigBuffer = action({ args: {}, handler: () => new Uint8Array(1e9).byteLength + spin() });
export const manyBuffers = action({
	args: {},
	handler: () => {
		const buffers: Uint8Array[] = [];
		for (;;) buffers.push(new Uint8Array(1e8).fill(1));
	}
});
export const rejects = action({
	args: {},
	handler: async () => {
		void Promise.reject(new Error('nobody awaits this'));
		await new Promise((resolve) => setTimeout(resolve, 5_000));
		return 'not reached';
	}
});
export const rejectsAndReturns = action({
	args: {},
	handler: () => {
		void Promise.reject(new Error('nobody awaits this'));
		return 'returned';
	}
});
export const throwsLater = action({
	args: {},
	handler: () =>
		new Promise<void>(() => {
			setTimeout(() => {
				throw new Error('thrown in a timer');
			}, 10);
		})
});

/** What an action begins and does not wait for. */
export const leaves = action({
	args: { kind: v.string() },
	handler: (ctx, { kind }) => {
		setTimeout(() => void ctx.runMutation(internal.events.add, { kind: `${kind} timer` }), 20);
		setInterval(() => console.log('still here'), 5);
		void sleep(20).then(() => ctx.runMutation(internal.events.add, { kind: `${kind} promise` }));
		return 'returned';
	}
});

/** Does not wait for what it begins. */
export const forgets = action({
	args: {},
	handler: (ctx) => {
		void ctx.runQuery(internal.events.count, {});
		void ctx.runQuery(internal.events.count, {});
		void ctx.runMutation(internal.events.add, { kind: 'forgotten' });
		return 'returned';
	}
});

/** Counts the calls that share its globals. */
export const counts = action({
	args: {},
	handler: () => {
		const count = Number(Reflect.get(globalThis, 'count') ?? 0) + 1;
		Reflect.set(globalThis, 'count', count);
		return count;
	}
});

export const rejectsInQuery = query({
	args: {},
	handler: async () => {
		void Promise.reject(new Error('nobody awaits this'));
		return 'returned';
	}
});
export const rejectsInMutation = mutation({
	args: {},
	handler: async (ctx) => {
		await ctx.db.insert('events', { kind: 'rejected', at: 0 });
		void Promise.reject(new Error('nobody awaits this'));
	}
});

export const catchesRejection = mutation({
	args: {},
	handler: async (ctx) => {
		try {
			await ctx.runMutation(api.harm.rejectsInMutation, {});
			return 'not reached';
		} catch (error) {
			return String(error);
		}
	}
});
export const handlesLate = query({
	args: {},
	handler: async () => {
		const rejected = Promise.reject(new Error('late'));
		await null;
		return rejected.catch((error: unknown) => (error instanceof Error ? error.message : ''));
	}
});

function spin(): never {
	for (;;);
}

function recurse(depth: number): number {
	return recurse(depth + 1) + 1;
}

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
