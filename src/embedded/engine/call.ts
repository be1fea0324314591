import type { StoreTransaction } from '../store/transaction.ts';
import type { StoredDocument } from '../store/types.ts';
import type { LogBuffer } from './console.ts';
import type { FunctionPath } from './paths.ts';
import type { FunctionCall, Identity } from './types.ts';
import type { TransactionLimits, Usage } from './usage.ts';
import type { UserClock } from './userClock.ts';

/** What all functions of one request share: the outermost call and everything it calls. */
export interface Request {
	readonly identity: Identity;
	readonly requestId: string;
	readonly caller: FunctionCall['caller'];
	readonly transaction: StoreTransaction;
	readonly logs: LogBuffer;
	/** Milliseconds since 1970; what `Date.now()` says throughout. */
	readonly now: number;
	/** What `Math.random()` says: seeded once for the request. */
	readonly random: () => number;
	/** The job that this request runs, when the scheduler is the caller. */
	readonly job: string | null;
	readIdentity: boolean;
	readonly usage: Usage;
	/** Names of files to remove from disk once the transaction has committed. */
	readonly removedFiles: string[];
}

/** A query whose documents the function takes one after the other. */
interface OpenQuery {
	next(): StoredDocument | null;
	close(): void;
}

/** One running query or mutation. */
export interface Call {
	readonly request: Request;
	readonly kind: 'Query' | 'Mutation';
	/** The component of the function: its tables, files and jobs are meant by every syscall. */
	readonly component: string;
	readonly path: FunctionPath;
	/** 0 for the outermost call. */
	readonly depth: number;
	/** What the transaction may have used up when the call ends. */
	readonly limits: TransactionLimits;
	/** Runs while the function does. */
	clock: UserClock | null;
	readonly streams: Map<number, OpenQuery>;
	/** Cursor at which an earlier run of this query ended its page, and the one of this run. */
	readonly journal: string | null;
	nextJournal: string | null;
	/** Settles when the nested call under way has ended; syscalls of this call wait for it. */
	nested: Promise<void> | null;
	/** Ends the function as failed, for errors that reach no `await` of its. */
	fail: (error: unknown) => void;
	/** True once the function has returned: what it left running can do nothing any more. */
	ended: boolean;
}

export function newCall(
	request: Request,
	call: Pick<Call, 'kind' | 'path' | 'depth' | 'limits'> & { readonly journal?: string | null }
): Call {
	return {
		...call,
		component: call.path.component,
		request,
		journal: call.journal ?? null,
		nextJournal: null,
		clock: null,
		streams: new Map(),
		nested: null,
		fail: () => undefined,
		ended: false
	};
}
