import { v } from 'convex/values';
import { action, mutation, query } from './_generated/server';

export const clock = query({
	args: {},
	handler: async () => {
		const first = Date.now();
		for (let i = 0; i < 1e6; i++);
		return [first, Date.now(), new Date().getTime()].every((time) => time === first) && new Date(0) instanceof Date;
	}
});

export const globals = query({
	args: {},
	handler: () => ({
		require: typeof Reflect.get(globalThis, 'require'),
		Buffer: typeof Reflect.get(globalThis, 'Buffer'),
		exit: typeof Reflect.get(process, 'exit'),
		url: new URL('/a?b=c', 'https://example.com').href,
		text: new TextDecoder().decode(new TextEncoder().encode('grüße')),
		base64: atob(btoa('x')),
		clone: structuredClone({ a: [1] }),
		uuid: crypto.randomUUID().length,
		isError: (() => {
			try {
				return new URL('nonsense');
			} catch (error) {
				return error instanceof Error;
			}
		})()
	})
});

const names = (): string[] => Object.getOwnPropertyNames(globalThis).sort();
export const globalNames = query({ args: {}, handler: names });
export const globalNamesOfActions = action({ args: {}, handler: names });

export const weakReferences = query({
	args: {},
	handler: () => {
		const target = {};
		const registry = new FinalizationRegistry(() => undefined);
		registry.register(target, 1);
		return [new WeakRef(target).deref() === target, registry.unregister(target)];
	}
});

const marks = (): unknown[] => {
	performance.clearMarks();
	performance.mark('begin', { startTime: 10 });
	performance.mark('end', { startTime: 25 });
	const { duration } = performance.measure('between', 'begin', 'end');
	return [
		performance.now() >= 0,
		performance.now() + performance.timeOrigin - Date.now() < 1_000,
		performance instanceof Performance,
		performance.getEntriesByType('mark').map(({ name }) => name),
		duration
	];
};
export const measures = query({ args: {}, handler: marks });
export const measuresInAction = action({ args: {}, handler: marks });
export const evaluates = query({ args: {}, handler: () => Number(new Function('return 1')()) });

export const bytes = query({ args: {}, handler: () => new TextEncoder().encode('bytes').buffer });

export const digest = query({
	args: { text: v.string() },
	handler: async (_ctx, { text }) => {
		const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
		return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
	}
});

export const fetches = query({ args: {}, handler: async () => void (await fetch('https://example.com')) });
export const sleeps = mutation({ args: {}, handler: () => new Promise<void>((resolve) => setTimeout(resolve, 1)) });
export const never = query({ args: {}, handler: () => new Promise<void>(() => undefined) });
export const loops = query({ args: {}, handler: () => spin() });
export const loopsInMutation = mutation({
	args: {},
	handler: async (ctx) => {
		await ctx.db.insert('events', { kind: 'lost', at: 0 });
		spin();
	}
});

function spin(): void {
	for (;;);
}

export const deepError = query({ args: {}, handler: () => thrower() });

function thrower(): never {
	throw new Error('from below');
}

export const logs = query({
	args: {},
	handler: () => {
		console.log('a', 1, { b: [2] });
		console.warn('careful');
		console.error(new Error('shown').message);
		return null;
	}
});

export const badReturn = query({ args: {}, returns: v.string(), handler: () => 7 as unknown as string });
export const variable = query({ args: { name: v.string() }, handler: (_ctx, { name }) => process.env[name] ?? null });
export const whoami = query({ args: {}, handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null });
export const repeats = action({ args: { text: v.string() }, handler: (_ctx, { text }) => text });
export const waits = action({
	args: { milliseconds: v.number() },
	handler: async (_ctx, { milliseconds }) => {
		await new Promise((resolve) => setTimeout(resolve, milliseconds));
		console.log('waited', milliseconds);
		return milliseconds;
	}
});
