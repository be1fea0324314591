import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import vm from 'node:vm';
import { createPerformance } from './performance.ts';
import type { SandboxClock } from './performance.ts';

/**
 * The global object of Convex's default runtime. It is not a wall against hostile code (a deployment runs its owner's
 * functions); it keeps the server's own globals out of reach of accidents and gives Convex's meaning to the clock, to
 * `Math.random` and to the console. `crypto` draws on the system's randomness, because keys may be made of it.
 */
export interface SandboxHost extends SandboxClock {
	syscall(op: string, args: string): string;
	/** Text where the answer is ready, a promise where it has to wait. */
	asyncSyscall(op: string, args: string): string | Promise<string>;
	jsSyscall(op: string, args: unknown): unknown;
	now(): number;
	/** In [0, 1). */
	random(): number;
	environment(name: string): string | undefined;
	environmentNames(): string[];
	log(level: string, args: unknown[]): void;
	/** Throws when functions of this process may not do such a thing (`fetch()`, `setTimeout`). */
	allow(what: string): void;
}

/** What Convex offers of the web. All are the host's own, shared by every sandbox, and loaded when first named. */
const WEB = [
	'AbortController',
	'AbortSignal',
	'Blob',
	'Crypto',
	'CryptoKey',
	'DOMException',
	'Event',
	'EventTarget',
	'File',
	'FormData',
	'Headers',
	'ReadableStream',
	'ReadableStreamBYOBReader',
	'ReadableStreamDefaultReader',
	'Request',
	'Response',
	'SubtleCrypto',
	'TextDecoder',
	'TextDecoderStream',
	'TextEncoder',
	'TextEncoderStream',
	'TransformStream',
	'URL',
	'URLSearchParams',
	'WritableStream',
	'WritableStreamDefaultWriter',
	'atob',
	'btoa',
	'crypto',
	'structuredClone'
];

const SHARED = {
	AsyncLocalStorage,
	AsyncResource,
	// Web objects hand out and take buffers of the host: sharing the constructors keeps `instanceof ArrayBuffer` true.
	ArrayBuffer,
	DataView,
	Int8Array,
	Uint8Array,
	Uint8ClampedArray,
	Int16Array,
	Uint16Array,
	Int32Array,
	Uint32Array,
	BigInt64Array,
	BigUint64Array,
	Float32Array,
	Float64Array
};

type Callback = (...args: unknown[]) => void;

/** What acts on the world outside of the sandbox, or later. */
export interface Live {
	fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
	setTimeout(callback: Callback, delay?: number, ...args: unknown[]): unknown;
	setInterval(callback: Callback, delay?: number, ...args: unknown[]): unknown;
	clearTimeout(id?: number): void;
	clearInterval(id?: number): void;
}

/** The process's own. */
const LIVE: Live = { fetch, setTimeout, setInterval, clearTimeout, clearInterval };

const HOST = {
	web: WEB,
	global: (name: string): unknown => Reflect.get(globalThis, name),
	shared: SHARED,
	elapsed: (): number => performance.now(),
	isError: (value: unknown): boolean => value instanceof Error
};

type Natives = Live & typeof HOST & { readonly performance: ReturnType<typeof createPerformance> };

/** A fresh global object. */
export function createSandbox(host: SandboxHost, live: Live = LIVE): vm.Context {
	const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: true } });
	const install: unknown = vm.runInContext(`(${installGlobals.toString()})`, context, {
		filename: 'convex:/_runtime/globals.js'
	});
	if (typeof install === 'function')
		Reflect.apply(install, undefined, [host, { ...live, ...HOST, performance: createPerformance(host) }]);
	return context;
}

/**
 * Runs inside the sandbox, from its own source text: it may name nothing outside itself. Errors and promises that cross
 * the border are made anew here, so that user code's `instanceof Error` holds.
 */
function installGlobals(host: SandboxHost, natives: Natives): void {
	const define = (target: object, name: string, value: unknown): void => {
		Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
	};
	const own = (thrown: unknown): unknown => {
		if (!natives.isError(thrown) || typeof thrown !== 'object' || thrown === null) return thrown;
		const message = 'message' in thrown ? String(thrown.message) : '';
		const error = new Error(message);
		const name = 'name' in thrown ? String(thrown.name) : 'Error';
		if (name !== 'Error') define(error, 'name', name === 'DeveloperError' ? 'Error' : name);
		if ('data' in thrown) define(error, 'data', thrown.data);
		if ('cause' in thrown) define(error, 'cause', thrown.cause);
		return error;
	};
	const adopt =
		<A extends unknown[], R>(run: (...args: A) => R) =>
		(...args: A): R => {
			try {
				return run(...args);
			} catch (thrown) {
				throw own(thrown);
			}
		};
	const adoptAsync =
		<A extends unknown[], R>(run: (...args: A) => R | Promise<R>) =>
		async (...args: A): Promise<R> => {
			try {
				const result = run(...args);
				// A ready answer is not awaited again: that would cost turns of the microtask queue on every document.
				return typeof result === 'string' ? result : await result;
			} catch (thrown) {
				throw own(thrown);
			}
		};

	const mayBeWeak = (value: unknown): boolean =>
		(typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol';
	const hasInstance = Function.prototype[Symbol.hasInstance];
	Object.defineProperty(Error, Symbol.hasInstance, {
		value(this: () => void, value: unknown): boolean {
			return hasInstance.call(this, value) || (Object.is(this, Error) && natives.isError(value));
		}
	});

	for (const [name, value] of Object.entries(natives.shared)) define(globalThis, name, value);
	for (const name of natives.web) {
		Object.defineProperty(globalThis, name, {
			get() {
				const value = natives.global(name);
				define(globalThis, name, value);
				return value;
			},
			set: (value: unknown) => define(globalThis, name, value),
			configurable: true,
			enumerable: false
		});
	}
	define(globalThis, 'self', globalThis);
	define(globalThis, 'Convex', {
		syscall: adopt((op: string, args: string) => host.syscall(op, args)),
		asyncSyscall: adoptAsync((op: string, args: string) => host.asyncSyscall(op, args)),
		jsSyscall: adopt((op: string, args: unknown) => host.jsSyscall(op, args))
	});

	const RealDate = Date;
	const SandboxDate = function (this: unknown, ...args: number[]): unknown {
		if (new.target === undefined) return new RealDate(host.now()).toString();
		const target = new.target === SandboxDate ? RealDate : new.target;
		return Reflect.construct(RealDate, args.length === 0 ? [host.now()] : args, target);
	};
	define(SandboxDate, 'name', 'Date');
	define(SandboxDate, 'now', () => host.now());
	define(SandboxDate, 'parse', RealDate.parse);
	define(SandboxDate, 'UTC', RealDate.UTC);
	Reflect.set(SandboxDate, 'prototype', RealDate.prototype);
	define(RealDate.prototype, 'constructor', SandboxDate);
	define(globalThis, 'Date', SandboxDate);
	define(Math, 'random', () => host.random());
	for (const [name, value] of Object.entries(natives.performance)) define(globalThis, name, value);

	const env = new Proxy(Object.create(null), {
		get: (_target, name) => (typeof name === 'string' ? host.environment(name) : undefined),
		has: (_target, name) => typeof name === 'string' && host.environment(name) !== undefined,
		ownKeys: () => host.environmentNames(),
		getOwnPropertyDescriptor: (_target, name) => {
			const value = typeof name === 'string' ? host.environment(name) : undefined;
			return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false };
		},
		set: () => false
	});
	define(globalThis, 'process', { env });

	const timers = new Map<unknown, number>();
	const console: Record<string, (...args: unknown[]) => void> = {};
	for (const level of ['debug', 'error', 'info', 'log', 'warn']) {
		console[level] = (...args) => host.log(level.toUpperCase(), args);
	}
	console.trace = (...args) => host.log('LOG', ['Trace:', ...args]);
	console.time = (label = 'default') => void timers.set(label, natives.elapsed());
	const elapsed = (label: unknown): string => `${String(label)}: ${natives.elapsed() - (timers.get(label) ?? 0)}ms`;
	console.timeLog = (label = 'default', ...args) => host.log('INFO', [elapsed(label), ...args]);
	console.timeEnd = (label = 'default') => {
		host.log('INFO', [elapsed(label)]);
		timers.delete(label);
	};
	define(globalThis, 'console', console);

	define(
		globalThis,
		'fetch',
		adoptAsync((input: string | URL | Request, init?: RequestInit) => {
			host.allow('fetch()');
			return natives.fetch(input, init);
		})
	);
	define(
		globalThis,
		'setTimeout',
		adopt((callback: Callback, delay?: number, ...args: unknown[]) => {
			host.allow('setTimeout');
			return Number(natives.setTimeout(callback, delay, ...args));
		})
	);
	define(
		globalThis,
		'setInterval',
		adopt((callback: Callback, delay?: number, ...args: unknown[]) => {
			host.allow('setInterval');
			return Number(natives.setInterval(callback, delay, ...args));
		})
	);
	define(globalThis, 'clearTimeout', (id?: number) => natives.clearTimeout(id));
	define(globalThis, 'clearInterval', (id?: number) => natives.clearInterval(id));

	// What the garbage collector does must show to nobody: a query would give another answer the next time.
	define(
		globalThis,
		'WeakRef',
		class WeakRef {
			readonly #target: unknown;
			constructor(target: unknown) {
				if (!mayBeWeak(target)) throw new TypeError('WeakRef: target must be an object');
				this.#target = target;
			}
			deref(): unknown {
				return this.#target;
			}
			get [Symbol.toStringTag](): string {
				return 'WeakRef';
			}
		}
	);
	define(
		globalThis,
		'FinalizationRegistry',
		class FinalizationRegistry {
			constructor(cleanup: unknown) {
				if (typeof cleanup !== 'function') throw new TypeError('FinalizationRegistry: cleanup must be callable');
			}
			register(target: unknown): void {
				if (!mayBeWeak(target)) throw new TypeError('FinalizationRegistry: target must be an object');
			}
			unregister(): boolean {
				return false;
			}
			get [Symbol.toStringTag](): string {
				return 'FinalizationRegistry';
			}
		}
	);
}
