import type { NewFile } from '../files/disk.ts';
import type { Job, JobEnd } from '../scheduler/jobs.ts';
import type { HttpTarget } from './components/routes.ts';
import type { ImportMode, StagedTable, WantedTable } from '../store/staging.ts';
import type { StepBudget } from '../store/filling.ts';
import type { SchemaStatus } from '../store/types.ts';
import type { Answer } from './rpc.ts';
import type { LogLine } from './console.ts';
import type { Limits } from './limits.ts';
import type { HttpFailure } from './failure.ts';
import type { Analysis } from './analysis.ts';
import type { ModuleSource, PushBundle } from './bundle.ts';
import type { AppliedPush, PlannedPush, PushRefusal, SchemaPredictions } from './pushChanges.ts';
import type {
	CommitNotice,
	EnvironmentVariable,
	FunctionCall,
	MutationResult,
	Outcome,
	QueryRequest,
	QueryResult,
	RestoredFile,
	SessionRequest,
	StoredFile
} from './types.ts';

/** What every process of an engine is told when it starts. */
export interface EngineSettings {
	readonly dataDir: string;
	/** Where packages that are no part of a bundle are looked up. */
	readonly appDir: string;
	readonly cloudUrl: string;
	readonly siteUrl: string;
	/** `normal` survives the death of the process, `full` also the loss of power. */
	readonly durability: 'normal' | 'full';
	readonly limits: Limits;
}

/** Everything that was pushed and set: enough to run functions anywhere. */
export interface DeploymentState {
	/** Without the CLI's version, which is not kept. */
	readonly bundle: PushBundle;
	readonly analysis: Analysis;
	readonly environment: readonly EnvironmentVariable[];
	/** Paths of components that were mounted once: their tables are kept. */
	readonly unmounted: readonly string[];
}

/** What a run leaves for the logs. */
export interface Trace {
	readonly lines: readonly LogLine[];
	/** Milliseconds. */
	readonly duration: number;
	readonly udfType: 'Query' | 'Mutation' | 'Action' | 'HttpAction';
	/** `invalid` when it was not started, so that nobody knows where it would have run. */
	readonly environment: ModuleSource['environment'] | 'invalid';
	readonly usage: FunctionUsage;
}

/** What one function used up. Bytes of documents are counted as Convex counts them. */
export interface FunctionUsage {
	readonly databaseReadBytes: number;
	readonly databaseReadDocuments: number;
	readonly databaseWriteBytes: number;
	readonly databaseWriteDocuments: number;
	readonly databaseWriteIndexRows: number;
	readonly storageReadBytes: number;
	readonly storageWriteBytes: number;
}

export interface QueryRun {
	readonly result: QueryResult;
	readonly trace: Trace;
}

/** A watched query that was run again by itself, right after the commit that touched it. */
export interface Renewal {
	/** The subscription that the commit ended. */
	readonly of: string;
	/** The subscription under which the new answer is watched. */
	readonly name: string;
	readonly call: Omit<FunctionCall, 'args'>;
	readonly run: QueryRun;
}

interface QuerySetRun {
	readonly ts: bigint;
	readonly runs: readonly QueryRun[];
}

export interface MutationRun {
	/** The function that ran, and its component. */
	readonly path: string;
	readonly componentPath: string;
	readonly result: MutationResult;
	readonly trace: Trace;
	readonly notice: CommitNotice | null;
	/** Whether there may be new work for the scheduler. */
	readonly scheduled: boolean;
}

/** A change that the engine made for itself. */
export interface Committed<T> {
	readonly value: T;
	readonly notice: CommitNotice | null;
}

interface ActionCron {
	/** Tells it from all other crons of the deployment. */
	readonly key: string;
	readonly component: string;
	readonly path: string;
	readonly args: string;
	readonly kind: 'mutation' | 'action';
}

/** What the engine process says after a step. */
export interface SchemaStep {
	/** There may be more to do. */
	readonly more: boolean;
	/** The change of the schema under way, or null. */
	readonly change: string | null;
}

/** Work whose time has come. Actions in it are marked as started. */
export interface DueWork {
	readonly jobs: readonly Job[];
	readonly crons: readonly ActionCron[];
	/** When to ask again at the latest (milliseconds since 1970); null when nothing is planned. */
	readonly nextAt: number | null;
	/** Sentences about cron runs that were skipped, and actions that nobody runs any more. */
	readonly skipped: readonly string[];
	readonly notice: CommitNotice | null;
}

interface TablePage {
	readonly page: string;
	readonly isDone: boolean;
	readonly continueCursor: string;
}

interface EngineBoot {
	readonly latestTs: bigint;
	readonly deployment: DeploymentState;
	/** Of calls that an earlier process had made durable. */
	readonly answers: readonly Answer[];
}

/** Methods of the engine process. It executes them one at a time, in order. */
export type EngineMethods = {
	/** `resumes` when it takes over from a process of the same front, whose answers may not have arrived. */
	/** `resumes` after a process that ended, `mistrust` after one that ended because the disk had failed. The file is checked. */
	start(params: {
		readonly settings: EngineSettings;
		readonly resumes: boolean;
		readonly mistrust: boolean;
	}): EngineBoot;
	querySet(requests: readonly QueryRequest[]): QuerySetRun;
	unsubscribe(subscriptions: readonly string[]): null;
	mutation(params: { readonly call: FunctionCall; readonly session: SessionRequest | null }): MutationRun;
	/** Null when the action may be run with these arguments; otherwise what to tell the caller. */
	checkAction(call: FunctionCall): string | null;
	checkReturn(params: { readonly path: string; readonly componentPath: string; readonly value: string }): string | null;
	schedule(params: { readonly component: string; readonly args: string }): Committed<string>;
	cancelJob(params: { readonly component: string; readonly id: string }): Committed<null>;
	dueWork(params: {
		readonly limit: number;
		readonly jobs: readonly string[];
		readonly crons: readonly string[];
	}): DueWork;
	runJob(params: { readonly id: string; readonly requestId: string }): MutationRun | null;
	runCron(params: {
		readonly key: string;
		readonly requestId: string;
	}): { readonly run: MutationRun; readonly skipped: readonly string[] } | null;
	skipCron(params: { readonly key: string }): Committed<null>;
	finishJob(params: { readonly id: string; readonly end: JobEnd }): Committed<null>;
	/** Forgets what is too old; says how many jobs, at most a batch. */
	maintain(params: null): Committed<number>;
	applyPush(params: { readonly bundle: PushBundle; readonly analysis: Analysis }): AppliedPush | PushRefusal;
	planPush(analysis: Analysis): PlannedPush | PushRefusal;
	predictSchema(analysis: Analysis): SchemaPredictions | PushRefusal;
	submitSchema(params: { readonly analysis: Analysis; readonly dryRun: boolean }): Committed<string>;
	schemaStep(budget: StepBudget): Committed<SchemaStep>;
	schemaStatus(change: string): SchemaStatus | null;
	abandonSchema(change: string): Committed<null>;
	setEnvironment(params: {
		readonly changes: readonly { readonly name: string; readonly value: string | null }[];
		readonly analysis: Analysis;
	}): null;
	deployment(params: null): DeploymentState;
	tableNames(component: string): readonly string[];
	tableData(params: {
		readonly componentPath: string;
		readonly table: string;
		readonly order: 'asc' | 'desc';
		readonly numItems: number;
		readonly cursor: string | null;
	}): TablePage;
	/** The answer of `ctx.vectorSearch` as JSON text; `query` is what `convex/server` made of it. */
	vectorSearch(params: { readonly component: string; readonly query: string }): string;
	registerFile(params: { readonly component: string; readonly file: NewFile }): Committed<string>;
	discardFiles(names: readonly string[]): null;
	file(params: { readonly component: string; readonly storageId: string }): StoredFile | null;
	fileByUuid(params: { readonly component: string; readonly uuid: string }): StoredFile | null;
	deleteFile(params: { readonly component: string; readonly storageId: string }): Committed<boolean>;
	uploadUrl(params: { readonly component: string }): string;
	tableCounts(params: null): readonly { readonly component: string; readonly name: string; readonly count: number }[];
	beginImport(params: { readonly mode: ImportMode; readonly tables: readonly WantedTable[] }): readonly StagedTable[];
	importRows(params: { readonly tablet: number; readonly rows: readonly string[] }): null;
	importFiles(params: { readonly tablet: number; readonly files: readonly RestoredFile[] }): null;
	appendImported(staged: readonly StagedTable[]): Committed<number>;
	publishImport(params: { readonly mode: ImportMode; readonly staged: readonly StagedTable[] }): Committed<boolean>;
	endImport(staged: readonly StagedTable[]): null;
	purge(params: null): Committed<number>;
	startCopy(path: string): null;
	copyState(params: null): string;
	releaseCopy(params: null): null;
	close(params: null): null;
};

/** Methods of the actions process. It works on many calls at a time. */
export type ActionsMethods = {
	start(params: {
		readonly settings: EngineSettings;
		readonly deployment: DeploymentState;
		readonly limits: Limits;
		/** Where "use node" modules are written. */
		readonly directory: string;
	}): null;
	action(params: {
		readonly call: FunctionCall;
		readonly callId: number;
		readonly runtime: ModuleSource['environment'];
	}): ActionRun;
	httpAction(params: { readonly request: WireRequest; readonly route: HttpTarget; readonly callId: number }): HttpRun;
	/** The client of an HTTP action has gone away. */
	abandon(params: { readonly callId: number }): null;
	ping(params: null): null;
};

export interface WireRequest {
	readonly method: string;
	readonly url: string;
	readonly headers: readonly (readonly [string, string])[];
	readonly hasBody: boolean;
	readonly requestId: string;
}

export interface ActionRun {
	readonly outcome: Outcome;
	readonly trace: Trace;
}

export interface HttpRun {
	/** Null when it answered, even if not to the end. */
	readonly failure: HttpFailure | null;
	/** As logs name it: the route that matched, or the request's own path. */
	readonly identifier: string;
	readonly trace: Trace;
}

/** What an action asks of the front while it runs. */
export type FrontMethods = {
	/** It has written a line to its console. */
	logged(params: { readonly callId: number; readonly line: LogLine }): null;
	syscall(params: { readonly callId: number; readonly op: string; readonly args: string }): SyscallAnswer;
	storeFile(params: { readonly callId: number; readonly file: NewFile }): string;
	findFile(params: { readonly callId: number; readonly storageId: string }): StoredFile | null;
	/** The next part of a request; null at its end. */
	requestPart(params: { readonly callId: number }): Uint8Array | null;
	/** The head of the answer to a request. */
	respond(params: {
		readonly callId: number;
		readonly status: number;
		readonly headers: readonly (readonly [string, string])[];
	}): null;
	/** The next part of an answer. Answered when there is room for more. */
	responsePart(params: { readonly callId: number; readonly part: Uint8Array }): null;
	/** The process wants no more actions, and to be ended after those that it runs. */
	retire(params: null): null;
};

/** `data` is the Convex JSON text of a ConvexError. */
export type SyscallAnswer =
	| { readonly ok: true; readonly json: string }
	| { readonly ok: false; readonly message: string; readonly data?: string };

/** Methods of the throw-away process that evaluates a bundle. */
export type AnalysisMethods = {
	analyze(params: {
		readonly bundle: PushBundle;
		readonly settings: EngineSettings;
		readonly environment: readonly EnvironmentVariable[];
		readonly directory: string;
		readonly forCodegen: boolean;
	}): Analysis | PushRefusal;
};
