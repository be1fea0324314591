/** What the actions process and one of its threads tell each other. */
import type { HttpTarget } from '../../engine/components/routes.ts';
import type { Thrown } from '../../engine/failure.ts';
import type { Limits } from '../../engine/limits.ts';
import type { FrontMethods, WireRequest } from '../../engine/protocol.ts';
import type { ModuleSource } from '../../engine/bundle.ts';
import type { FunctionCall } from '../../engine/types.ts';

/** `isolate` is Convex's default runtime. */
export type RuntimeKind = ModuleSource['environment'];

/** Everything that a thread needs to run actions of one push. */
export interface ThreadStart {
	readonly runtime: RuntimeKind;
	readonly dataDir: string;
	readonly appDir: string;
	/** Where the "use node" modules lie. */
	readonly directory: string;
	readonly limits: Limits;
	/** What `performance.timeOrigin` says, the same on all threads (milliseconds since 1970). */
	readonly timeOrigin: number;
	/** Of the default runtime. */
	readonly components: readonly ComponentCode[];
}

/** The default-runtime code of one mounted component, without source maps. */
export interface ComponentCode {
	readonly path: string;
	readonly modules: readonly ModuleSource[];
	readonly environment: ReadonlyMap<string, string>;
}

/** How an action ended that its thread outlived. */
export interface ThreadRun<T> {
	/** Null when it threw. */
	readonly value: T | null;
	readonly thrown: Thrown | null;
	/** What the action began and did not wait for (`fetch`, `query`), once for each. */
	readonly unawaited: readonly string[];
	/** Nothing is left of the action that could run on, so that the thread may run another one. */
	readonly isClean: boolean;
	/** Of an HTTP action, which one it was: `GET /path`. */
	readonly route: string | null;
}

/** Methods of a thread. It is asked for one action at a time. */
export type ThreadMethods = {
	start(params: ThreadStart): null;
	action(params: { readonly call: FunctionCall; readonly callId: number }): ThreadRun<string>;
	/** Returns the bytes of its answer's body, which has been sent. */
	httpAction(params: {
		readonly request: WireRequest;
		readonly route: HttpTarget;
		readonly callId: number;
	}): ThreadRun<number>;
	/** The client of the HTTP action under work has gone away. */
	abandon(params: null): null;
	ping(params: null): null;
};

/** What the action on a thread asks of the front. */
export type RelayedMethods = Omit<FrontMethods, 'retire' | 'logged'>;

/** What the action on a thread asks for. */
export type ThreadHostMethods = RelayedMethods & {
	/** A line of the runtime's own. */
	say(params: { readonly callId: number; readonly level: 'WARN' | 'ERROR'; readonly sentence: string }): null;
	log(params: { readonly callId: number; readonly level: string; readonly messages: readonly string[] }): null;
};
