/**
 * What the process that holds the sockets asks of the processes that run functions. No code here: only shapes.
 * Values cross as Convex JSON text, so that results are spliced into answers without being parsed.
 */

export type UdfType = 'Query' | 'Mutation' | 'Action' | 'HttpAction';

/** Who calls. `user` carries the verified claims as Convex JSON text; `admin` may call internal functions. */
export type Identity =
	| { readonly kind: 'none' }
	| { readonly kind: 'user'; readonly attributes: string }
	| { readonly kind: 'admin'; readonly actingAs?: string };

export interface FunctionCall {
	/** `messages:list`, `folder/file:fn` or `folder/file.js:fn`; canonicalised by the engine. */
	readonly path: string;
	readonly componentPath: string;
	/** Convex JSON text of the argument array: `[{…}]`. */
	readonly args: string;
	readonly identity: Identity;
	/** Called by a client (internal functions are then refused unless admin), the scheduler, a cron, or another function. */
	readonly caller: 'client' | 'scheduler' | 'cron' | 'action' | 'httpAction';
	readonly requestId: string;
	/** Of the action that calls it, as logs name it. */
	readonly parentExecutionId?: string;
}

export interface Failure {
	/** Developer text, as Convex sends it: `[Request ID: …] Server Error\nUncaught Error: …\n    at …`. */
	readonly message: string;
	/** Convex JSON text, only for a ConvexError. */
	readonly data?: string;
}

/** Log lines as clients receive them: `[LOG] 'a' 1`. */
export type LogLines = readonly string[];

export type Outcome =
	| { readonly ok: true; readonly value: string; readonly logLines: LogLines }
	| { readonly ok: false; readonly failure: Failure; readonly logLines: LogLines };

export interface QueryRequest extends FunctionCall {
	/** Opaque journal of an earlier run (pagination end cursors), or null. */
	readonly journal: string | null;
	/** When present, the default export of this module's source is run instead of a deployed function. Admin only. */
	readonly source?: string;
	/** When present, the read set is kept under this name until `unsubscribe` or the next invalidation of it. */
	readonly subscription?: string;
}

export interface QueryResult {
	readonly outcome: Outcome;
	readonly journal: string | null;
	/** Whether the identity was read: equal calls of different users may share a result when false. */
	readonly readIdentity: boolean;
}

export interface QuerySetResult {
	/** Every result of the set was computed at this one timestamp. */
	readonly ts: bigint;
	readonly results: readonly QueryResult[];
}

/** A client session's request id makes a mutation idempotent across reconnects. */
export interface SessionRequest {
	readonly sessionId: string;
	readonly requestId: number;
}

export interface MutationResult {
	readonly outcome: Outcome;
	/** Commit timestamp; present on success, also when the answer is replayed from the session table. */
	readonly ts: bigint | null;
}

export interface HttpActionRequest {
	readonly method: string;
	readonly url: string;
	readonly headers: readonly (readonly [string, string])[];
	/** Read as the action reads it; null for methods that have none. */
	readonly body: AsyncIterable<Uint8Array> | null;
	readonly identity: Identity;
	readonly requestId: string;
	/** Aborted when the client goes away. */
	readonly signal: AbortSignal;
}

export interface HttpActionResponse {
	readonly status: number;
	readonly headers: readonly (readonly [string, string])[];
	/** Parts as the action makes them: it waits when they are not read. Throws when the action was lost half way. */
	readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface CommitNotice {
	readonly ts: bigint;
	/** Names of subscriptions whose answer may have changed; they are forgotten until registered again. */
	readonly invalidated: readonly string[];
	/** True after an engine restart: every subscription must be considered invalid. */
	readonly everything: boolean;
}

/** The subscription that follows one which a commit ended: the engine ran its query again at that commit's timestamp. */
export interface Successor {
	readonly name: string;
	readonly result: QueryResult;
}

/**
 * Hears of every commit, in order. `successor` gives what follows a subscription that the commit ended, once, to a listener
 * who goes on with it; one that nobody takes is ended.
 */
export type CommitListener = (notice: CommitNotice, successor: (ended: string) => Successor | null) => void;

/** One entry of `/api/stream_function_logs`, already in the CLI's shape (see convex-embedded notes, Completion). */
export type LogEntry = Record<string, unknown>;

export interface EnvironmentVariable {
	readonly name: string;
	readonly value: string;
}

export interface StoredFile {
	readonly storageId: string;
	/** Stands in the file's URL, and cannot be guessed. */
	readonly uuid: string;
	/** Hexadecimal. */
	readonly sha256: string;
	readonly size: number;
	readonly contentType: string | null;
	/** Of the bytes, in the folder of files. */
	readonly name: string;
}

/** A stored file with the document that it had. */
export interface RestoredFile {
	readonly file: StoredFile;
	/** Milliseconds since 1970; null for now. */
	readonly creationTime: number | null;
}
