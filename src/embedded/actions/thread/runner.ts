import { AsyncLocalStorage } from 'node:async_hooks';
import { FunctionRefusal, thrownBy } from '../../engine/failure.ts';
import type { Thrown } from '../../engine/failure.ts';
import { callMethod, exportOf } from '../../engine/modules.ts';
import { parseFunctionPath } from '../../engine/paths.ts';
import type { Outbox } from '../../engine/rpc.ts';
import { memoryBounds } from '../memory.ts';
import { RunningAction } from './action.ts';
import { DefaultRuntime } from './defaultRuntime.ts';
import { noRoute, receivedRequest, sendResponse } from './http.ts';
import { NodeRuntime } from './nodeRuntime.ts';
import type { ActionRuntime, Entered } from './runtime.ts';
import type { ThreadHostMethods, ThreadMethods, ThreadRun, ThreadStart } from './protocol.ts';

type Arguments<K extends keyof ThreadMethods> = Parameters<ThreadMethods[K]>[0];

/** Runs actions of one runtime, one at a time. */
export class ThreadRunner {
	readonly #start: ThreadStart;
	readonly #host: Outbox<ThreadHostMethods>;
	readonly #running = new AsyncLocalStorage<RunningAction>();
	readonly #runtime: ActionRuntime;
	/**
	 * With more on its heap than this, no other action follows (bytes): Node never lets go of the modules of a context, so
	 * that each action of the default runtime leaves some, and modules of the Node runtime may keep what they like.
	 */
	readonly #heapToGoOn: number;
	#current: RunningAction | null = null;

	constructor(start: ThreadStart, host: Outbox<ThreadHostMethods>) {
		this.#start = start;
		this.#host = host;
		this.#heapToGoOn = memoryBounds(start.runtime, start.limits).heap / 2;
		this.#runtime = start.runtime === 'node' ? new NodeRuntime(start, this.#running) : new DefaultRuntime(start);
	}

	action({ callId, call }: Arguments<'action'>): Promise<ThreadRun<string>> {
		const path = parseFunctionPath(call.path, call.componentPath);
		return this.#run(callId, path.component, async ({ load }) => {
			const exported = exportOf(await load(path.module), path.name);
			const value = await callMethod(exported, 'invokeAction', call.requestId, call.args);
			if (typeof value !== 'string') throw new FunctionRefusal(`${call.path} returned no Convex value.`);
			return value;
		});
	}

	/** Returns how many bytes the answer had. */
	httpAction({ callId, request, route }: Arguments<'httpAction'>): Promise<ThreadRun<number>> {
		return this.#run(callId, route.component, async ({ load }, action) => {
			const router = exportOf(await load('http.js'), 'default');
			const match: unknown = callMethod(router, 'lookup', route.path, request.method);
			const limit = this.#start.limits.httpBodyBytes;
			if (!Array.isArray(match)) return sendResponse(action, noRoute(), limit);
			const [endpoint, , path]: readonly unknown[] = match;
			if (typeof path === 'string') action.route = `${request.method} ${path}`;
			const response = await callMethod(endpoint, 'invokeHttpAction', receivedRequest(action, request));
			if (!(response instanceof Response)) throw new FunctionRefusal('The HTTP action returned no Response.');
			return sendResponse(action, response, limit);
		});
	}

	/** The client of the HTTP action under work has gone away. */
	abandon(): void {
		this.#current?.client.abort();
	}

	/** An error that reached no `await`, of the action under work if of any. */
	uncaught(error: unknown): void {
		const owner = this.#running.getStore() ?? this.#current;
		owner?.fail(error);
	}

	async #run<T>(
		callId: number,
		component: string,
		body: (place: Entered, action: RunningAction) => Promise<T>
	): Promise<ThreadRun<T>> {
		const action = new RunningAction(callId, this.#host, this.#start.limits);
		this.#current = action;
		let value: T | null;
		let thrown: Thrown | null = null;
		let place: Entered | null = null;
		try {
			const entered = this.#runtime.enter(action, component);
			place = entered;
			value = await Promise.race([this.#running.run(action, () => body(entered, action)), action.failure]);
			// A rejection that nobody handles is told of when no microtask is left; it fails the action, as the backend has it.
			await Promise.race([new Promise((resolve) => setImmediate(resolve)), action.failure]);
		} catch (error) {
			value = null;
			thrown = thrownBy(error);
		}
		const unawaited = action.end();
		const hasLeft = place?.leave() === false || unawaited.length > 0 || action.hasFailed;
		const isClean = !hasLeft && process.memoryUsage().heapUsed < this.#heapToGoOn;
		return { value, thrown, unawaited, isClean, route: action.route };
	}
}
