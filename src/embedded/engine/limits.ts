/**
 * Every bound that the engine keeps, in one place, with the figures and the environment names of the backend's knobs
 * (`crates/common/src/knobs.rs`); those that only this deployment has are named `EMBEDDED_…`. Bounds on single values
 * (nesting, arrays, fields, the size of a document) are constants there and here: see `values/bounds.ts`.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1 << 20;

/** The name by which a person overrides a limit, its default, and how much one of the name's units is. */
interface Knob {
	readonly variable: string;
	readonly preset: number;
	readonly unit: number;
}

function knob(variable: string, preset: number, unit = 1): Knob {
	return { variable, preset: preset * unit, unit };
}

const KNOBS = {
	/** Bytes of documents that one query or mutation may read, as Convex counts them. */
	bytesRead: knob('TRANSACTION_MAX_READ_SIZE_BYTES', 16 * MIB),
	/** Documents that one query or mutation may read, kept by its filters or not. */
	documentsRead: knob('TRANSACTION_MAX_READ_SIZE_ROWS', 32_000),
	/** Disjoint index ranges that one query or mutation may read; a `db.get` is one of `by_id`. */
	databaseQueries: knob('TRANSACTION_MAX_READ_SET_INTERVALS', 4_096),
	/** Inserts, patches, replaces and deletes of one mutation. */
	documentsWritten: knob('TRANSACTION_MAX_NUM_USER_WRITES', 16_000),
	/** Bytes of documents that one mutation may write. */
	bytesWritten: knob('TRANSACTION_MAX_USER_WRITE_SIZE_BYTES', 16 * MIB),
	/** Functions that one mutation may schedule. */
	functionsScheduled: knob('TRANSACTION_MAX_NUM_SCHEDULED', 1_000),
	/** Bytes of the arguments of all functions that one mutation schedules. */
	scheduledFunctionArgsBytes: knob('TRANSACTION_MAX_SCHEDULED_TOTAL_ARGUMENT_SIZE_BYTES', 16 * MIB),
	/** Bytes of the arguments of one scheduled function: not refused, but warned of. */
	scheduledArgumentBytes: knob('MAX_SCHEDULED_JOB_ARGUMENT_SIZE_BYTES', 4 * MIB),
	/** Share of a limit above which a function that kept it leaves a warning in its log. */
	warningRatio: knob('FUNCTION_LIMIT_WARNING_RATIO', 0.8),
	/** Bytes of the arguments of one call. */
	argumentBytes: knob('FUNCTION_MAX_ARGS_SIZE', 16 * MIB),
	/** Bytes of the arguments of one call of a "use node" action, as JSON text. A constant of the backend's. */
	nodeArgumentBytes: knob('EMBEDDED_NODE_MAX_ARGS_SIZE', 5 * MIB),
	/** Bytes of what one call returns. */
	resultBytes: knob('FUNCTION_MAX_RESULT_SIZE', 16 * MIB),

	/** Time that one query or mutation may spend in its own code; what the database does is not counted (milliseconds). */
	userTime: knob('DATABASE_UDF_USER_TIMEOUT_SECONDS', 1, SECOND),
	/** Time that the database may take for one query or mutation (milliseconds). */
	systemTime: knob('DATABASE_UDF_SYSTEM_TIMEOUT_SECONDS', 15, SECOND),
	/** Wall clock of one query or mutation, whatever it does, after which its process is replaced (milliseconds). */
	functionWallClock: knob('EMBEDDED_FUNCTION_WALL_CLOCK_SECONDS', 20, SECOND),
	/** A function that waits for nothing and has not returned after this long never will (milliseconds). */
	idleFunction: knob('EMBEDDED_IDLE_FUNCTION_MS', 1_000),
	/** Wall clock of one step of a push; what is long in it is cut into many (milliseconds). */
	pushWallClock: knob('EMBEDDED_PUSH_TIMEOUT_SECONDS', 60, SECOND),
	/** Documents that are checked or added to an index in one go, between functions. */
	schemaStepDocuments: knob('EMBEDDED_SCHEMA_STEP_DOCUMENTS', 4_096),
	/** How long that may take (milliseconds). */
	schemaStepTime: knob('EMBEDDED_SCHEMA_STEP_MS', 10),
	/** Subscriptions that are run again by themselves after a commit that touched them, at most. */
	renewedQueries: knob('EMBEDDED_RENEWED_QUERIES', 16),
	/** How long they may take together, as far as their last runs tell (milliseconds): calls that come in meanwhile wait. */
	renewalTime: knob('EMBEDDED_RENEWAL_MS', 4),
	/** After how long without a question for it a push that was not finished is given up (milliseconds). */
	abandonedPush: knob('EMBEDDED_ABANDONED_PUSH_SECONDS', 60, SECOND),
	/** Wall clock of evaluating a bundle before it is pushed, with the start of the process that does (milliseconds). */
	analysisWallClock: knob('EMBEDDED_ANALYZE_TIMEOUT_SECONDS', 60, SECOND),
	/** Wall clock of an action in the default runtime (milliseconds). */
	actionWallClock: knob('V8_ACTION_USER_TIMEOUT_SECS', 1_800, SECOND),
	/** Wall clock of a "use node" action (milliseconds). */
	nodeActionWallClock: knob('NODE_ACTION_USER_TIMEOUT_SECS', 600, SECOND),

	/** Default-runtime actions and HTTP actions that run at one time; more wait. */
	concurrentActions: knob('APPLICATION_MAX_CONCURRENT_V8_ACTIONS', 64),
	/** "use node" actions that run at one time; more wait. */
	concurrentNodeActions: knob('APPLICATION_MAX_CONCURRENT_NODE_ACTIONS', 64),
	/** How long an action waits for its turn before it is refused (milliseconds). Scheduled ones wait on. */
	actionPatience: knob('APPLICATION_FUNCTION_RUNNER_ACTION_SEMAPHORE_TIMEOUT', 10_000),
	/** Bytes that one default-runtime action may keep on its heap, and as many again in array buffers. */
	actionHeapBytes: knob('ISOLATE_MAX_USER_HEAP_SIZE', 64 * MIB),
	actionBufferBytes: knob('ISOLATE_MAX_ARRAY_BUFFER_TOTAL_SIZE', 64 * MIB),
	/** The same of a "use node" action. What the backend gives its Node functions by contract with their host. */
	nodeActionMemoryBytes: knob('EMBEDDED_NODE_ACTION_MEMORY', 512 * MIB),
	/** How long after a start or a push the process of the actions is started, if none has been called (milliseconds). */
	actionWarmup: knob('EMBEDDED_ACTION_WARMUP_MS', 500),
	/** How long a thread that ran actions is kept for more (milliseconds). */
	idleThread: knob('EMBEDDED_IDLE_THREAD_MS', 30_000),
	/** How often an action's thread is asked whether its event loop turns, and how long it may not (milliseconds). */
	pingInterval: knob('EMBEDDED_PING_INTERVAL_MS', 2_000),
	pingTimeout: knob('EMBEDDED_PING_TIMEOUT_MS', 10_000),
	/** How long the actions process, which runs no action on its main thread, may stay silent (milliseconds). */
	actionsSilence: knob('EMBEDDED_ACTIONS_SILENCE_SECONDS', 60, SECOND),
	/** Scheduled functions and crons that run at one time. */
	parallelJobs: knob('SCHEDULED_JOB_EXECUTION_PARALLELISM', 8),
	/** Calls inside calls. */
	callDepth: knob('EMBEDDED_MAX_CALL_DEPTH', 8),

	/** Lines that one function may log, the one that says that there were more included. A constant of the backend's. */
	logLines: knob('EMBEDDED_MAX_LOG_LINES', 256),
	/** UTF-8 bytes of one line. A constant of the backend's. */
	logLineBytes: knob('EMBEDDED_MAX_LOG_LINE_BYTES', 32_768),
	/** Bytes of the body of a request to an HTTP action, and of its answer. A constant of the backend's. */
	httpBodyBytes: knob('EMBEDDED_HTTP_ACTION_BODY_LIMIT', 20 * MIB),

	/** Environment variables that a deployment may have. */
	environmentVariables: knob('ENV_VAR_LIMIT', 512),
	/** UTF-8 bytes of all their names and values. */
	environmentBytes: knob('ENV_VAR_TOTAL_SIZE_LIMIT', 512 * 1024),

	/** How long a mutation can be sent again under its session and request id (milliseconds). */
	sessionRetention: knob('EMBEDDED_SESSION_RETENTION_SECONDS', 24 * 60 * 60, SECOND),
	/** How long finished jobs can be read in `_scheduled_functions` (milliseconds). */
	jobRetention: knob('SCHEDULED_JOB_RETENTION', (7 * DAY) / SECOND, SECOND),
	/** How long an upload URL can be used (milliseconds). */
	uploadUrlLifetime: knob('EMBEDDED_UPLOAD_URL_LIFETIME_SECONDS', 60 * 60, SECOND),

	/** V8 old space of the engine process, MiB. */
	heapMegabytes: knob('EMBEDDED_HEAP_MIB', 1_024),
	/** How long running work may take to end when the engine closes (milliseconds). */
	closeGrace: knob('EMBEDDED_CLOSE_GRACE_MS', 2_000)
} satisfies Readonly<Record<string, Knob>>;

/** Figures of every limit: times in milliseconds, sizes in bytes unless a name says otherwise. */
export type Limits = { readonly [K in keyof typeof KNOBS]: number };

function isLimit(name: string): name is keyof Limits {
	return Object.hasOwn(KNOBS, name);
}

export const DEFAULT_LIMITS: Limits = figures((limit) => limit.preset);

/** The limits that an environment overrides, such as `TRANSACTION_MAX_NUM_SCHEDULED=50`. Throws a sentence for no number. */
export function limitsFrom(environment: Readonly<Record<string, string | undefined>>): Limits {
	return figures(({ variable, preset, unit }) => {
		const text = environment[variable];
		if (text === undefined || text === '') return preset;
		const value = Number(text);
		if (!Number.isFinite(value) || value < 0) throw new Error(`${variable} must be a number that is not negative.`);
		return value * unit;
	});
}

function figures(figure: (limit: Knob) => number): Limits {
	const limits: { -readonly [K in keyof Limits]?: number } = {};
	for (const [name, limit] of Object.entries(KNOBS)) if (isLimit(name)) limits[name] = figure(limit);
	if (!isComplete(limits)) throw new TypeError('a limit has no figure');
	return limits;
}

function isComplete(limits: Partial<Limits>): limits is Limits {
	return Object.keys(KNOBS).every((name) => Object.hasOwn(limits, name));
}
