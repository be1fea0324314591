/** Every bound that the engine keeps, in one place. Times are milliseconds unless a name says otherwise. */
export interface Limits {
	/** Wall clock that one query or mutation may take before its process is replaced. The backend allows 1 s of user time. */
	readonly functionWallClock: number;
	/** A function that waits for nothing and has not returned after this long never will. */
	readonly idleFunction: number;
	/** Wall clock of a push, which may build indexes. */
	readonly pushWallClock: number;
	/** Wall clock of evaluating a bundle before it is pushed. */
	readonly analysisWallClock: number;
	readonly actionWallClock: number;
	/** How often the actions process is asked whether it lives, and how long it may stay silent. */
	readonly pingInterval: number;
	readonly pingTimeout: number;
	/** Calls inside calls. */
	readonly callDepth: number;
	/** Scheduled functions and crons that run at one time. */
	readonly parallelJobs: number;
	/** Rows and bytes of documents that one function may read; a page is split at three quarters. */
	readonly readRows: number;
	readonly readBytes: number;
	readonly scheduledPerMutation: number;
	readonly argumentBytes: number;
	readonly logLines: number;
	readonly logLineBytes: number;
	/** How long a mutation can be sent again under its session and request id. */
	readonly sessionRetention: number;
	/** How long finished jobs can be read in `_scheduled_functions`. */
	readonly jobRetention: number;
	readonly uploadUrlLifetime: number;
	/** V8 old space of a child, MiB. */
	readonly heapMegabytes: number;
	/** How long running work may take to end when the engine closes. */
	readonly closeGrace: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export const DEFAULT_LIMITS: Limits = {
	functionWallClock: 5_000,
	idleFunction: 1_000,
	pushWallClock: 10 * MINUTE,
	analysisWallClock: 60_000,
	actionWallClock: 10 * MINUTE,
	pingInterval: 2_000,
	pingTimeout: 10_000,
	callDepth: 8,
	parallelJobs: 10,
	readRows: 32_000,
	readBytes: 16 << 20,
	scheduledPerMutation: 1_000,
	argumentBytes: 16 << 20,
	logLines: 256,
	logLineBytes: 32_768,
	sessionRetention: DAY,
	jobRetention: 7 * DAY,
	uploadUrlLifetime: 60 * MINUTE,
	heapMegabytes: 1_024,
	closeGrace: 2_000
};
