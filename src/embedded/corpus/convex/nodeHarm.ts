'use node';
/** "use node" actions that do harm, each in one way. */
import { execFileSync } from 'node:child_process';
import { v } from 'convex/values';
import { internal } from './_generated/api';
import { action } from './_generated/server';

export const exits = action({ args: {}, handler: () => process.exit(3) });
export const aborts = action({ args: {}, handler: () => process.abort() });
export const kills = action({ args: {}, handler: () => void process.kill(process.pid, 'SIGKILL') });
export const loops = action({
	args: {},
	handler: () => {
		for (;;);
	}
});
/** Native code, which nothing can interrupt. */
export const blocks = action({
	args: { seconds: v.number() },
	handler: (_ctx, { seconds }) => void execFileSync('sleep', [String(seconds)])
});
export const growsArray = action({
	args: {},
	handler: () => {
		const numbers: { value: number }[] = [];
		for (;;) numbers.push({ value: Math.random() });
	}
});
export const bigArray = action({ args: {}, handler: () => new Array(1e9).fill(0).length });
export const manyBuffers = action({
	args: {},
	handler: () => {
		const buffers: Buffer[] = [];
		for (;;) buffers.push(Buffer.alloc(1e8, 1));
	}
});
export const rejects = action({
	args: {},
	handler: async () => {
		void Promise.reject(new Error('nobody awaits this'));
		await new Promise((resolve) => setTimeout(resolve, 5_000));
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
export const leaves = action({
	args: { kind: v.string() },
	handler: (ctx, { kind }) => {
		setTimeout(() => void ctx.runMutation(internal.events.add, { kind: `${kind} timer` }), 20);
		setTimeout(() => void ctx.runMutation(internal.events.add, { kind: `${kind} unref` }), 20).unref();
		return 'returned';
	}
});

let calls = 0;
/** Counts the calls that share its module. */
export const counts = action({ args: {}, handler: () => ++calls });

/** Leaves a connection that is kept alive for the next request. */
export const fetches = action({
	args: { url: v.string() },
	handler: async (_ctx, { url }) => {
		await (await fetch(url)).text();
		return ++calls;
	}
});

/** Takes the whole process along: nothing below the thread can be held back. */
export const dies = action({ args: {}, handler: () => void execFileSync('kill', ['-KILL', String(process.pid)]) });
