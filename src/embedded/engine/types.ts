/**
 * What the process that holds the sockets asks of the processes that run functions. No code here: only shapes.
 * Values cross as Convex JSON text, so that results are spliced into answers without being parsed.
 */

import type { ComponentDefinition } from './components/definition.ts';
import type { MountedComponent } from './components/tree.ts';
import type { RestoredFile } from './imports.ts';
import type { ImportMode, StagedTable, WantedTable } from '../store/staging.ts';
import type { SchemaStatus } from '../store/types.ts';

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

/** One entry of `/api/stream_function_logs`, already in the CLI's shape (see convex-embedded notes, Completion). */
export type LogEntry = Record<string, unknown>;

export interface ModuleSource {
	/** `items.js`, `_deps/ABCD.js`, `schema.js`, `auth.config.js`, `convex.config.js`. */
	readonly path: string;
	readonly source: string;
	readonly sourceMap: string | null;
	readonly environment: 'isolate' | 'node';
	/** Hex sha256 of source + sourceMap. */
	readonly hash: string;
}

/** The code of one component, however often it is mounted; the app is one too. */
export interface DefinitionBundle {
	/** Where it lies, relative to the app's functions folder; '' is the app itself. */
	readonly path: string;
	readonly functions: readonly ModuleSource[];
	readonly schema: ModuleSource | null;
	/** `convex.config.js`. It imports the definitions that it uses as `./_componentDeps/<base64url of their path>`. */
	readonly definition: ModuleSource | null;
	readonly udfServerVersion: string;
}

/** What a push carries once the unchanged modules have been filled in: the app, and the components that it uses. */
export interface PushBundle extends DefinitionBundle {
	readonly auth: ModuleSource | null;
	readonly components: readonly DefinitionBundle[];
}

/** Per module, what the CLI and the runtime need to know; JSON as the CLI expects it in `analysis[""].functions`. */
export interface AnalyzedFunction {
	readonly name: string;
	readonly udfType: 'Query' | 'Mutation' | 'Action';
	readonly visibility: { readonly kind: 'public' | 'internal' };
	readonly args: string | null;
	readonly returns: string | null;
}

export interface AnalyzedModule {
	readonly functions: readonly AnalyzedFunction[];
	readonly httpRoutes: readonly { readonly route: { readonly path: string; readonly method: string } }[] | null;
	/** Cron specs as the CLI expects them: `[{identifier, cronSpec: {udfPath, udfArgs, cronSchedule}}]`. */
	readonly cronSpecs: readonly { readonly identifier: string; readonly cronSpec: unknown }[] | null;
}

/** What the code of one definition was found to export. */
export interface DefinitionAnalysis {
	readonly modules: Readonly<Record<string, AnalyzedModule>>;
	/** The exported schema, parsed, in the CLI's JSON form; null without a schema module. */
	readonly schema: unknown;
	readonly definition: ComponentDefinition;
}

/** The app's own analysis, and that of the components that it uses. */
export interface Analysis extends DefinitionAnalysis {
	/** The providers of auth.config, in the CLI's JSON form. */
	readonly authProviders: readonly unknown[];
	/** By definition path, without the app. */
	readonly components: Readonly<Record<string, DefinitionAnalysis>>;
	/** The app with everything mounted in it. */
	readonly app: MountedComponent;
}

/** A push that cannot go on: `code` is what the CLI knows, `message` is shown to the person as it is. */
export interface PushRefusal {
	readonly code: string;
	readonly message: string;
}

/** An index in the CLI's shape. */
export interface IndexJson {
	/** `table.index` */
	readonly name: string;
	readonly type: 'database' | 'search' | 'vector';
	readonly staged: boolean;
	/** Of a database index. */
	readonly fields?: readonly string[];
	readonly searchField?: string | undefined;
	readonly vectorField?: string | undefined;
	readonly dimensions?: number | null;
	readonly filterFields?: readonly string[];
}

/** Differences of indexes by component path. */
export type IndexDiffs = Readonly<
	Record<
		string,
		{
			readonly added: readonly IndexJson[];
			readonly removed: readonly IndexJson[];
			readonly enabled: readonly IndexJson[];
			readonly disabled: readonly IndexJson[];
		}
	>
>;

/** What a push would change. */
export interface PlannedPush {
	readonly indexDiffs: IndexDiffs;
	/** Ids that the change of the schema has once it is submitted, as a push or as a dry run. */
	readonly schemaChange: { readonly push: string; readonly dryRun: string };
}

export interface PreparedPush extends PlannedPush {
	readonly analysis: Analysis;
}

/** One component in the answer to `evaluate_schema`. */
export interface SchemaPrediction {
	readonly definitionPath: string;
	readonly schemaValidation: boolean;
	/** Tables whose every document would be read. */
	readonly tables: readonly {
		readonly name: string;
		readonly outcome: 'mustWalk';
		readonly numDocs: number;
		readonly sizeBytes: number;
	}[];
	readonly indexes: readonly (IndexJson & {
		readonly change: 'added' | 'dropped' | 'enabled' | 'disabled';
		readonly needsBackfill: boolean;
		readonly numDocs: number;
	})[];
}

/** By component path. */
export interface SchemaPredictions {
	readonly components: Readonly<Record<string, SchemaPrediction>>;
}

/** What a push did to one component. */
export interface ComponentChange {
	readonly type: 'create' | 'modify' | 'unmount' | 'remount';
	readonly modulesAdded: readonly string[];
	readonly modulesRemoved: readonly string[];
	readonly cronDiff: {
		readonly added: readonly string[];
		readonly updated: readonly string[];
		readonly deleted: readonly string[];
	};
}

export interface AppliedPush {
	/** By component path; '' is the app. */
	readonly components: Readonly<Record<string, ComponentChange>>;
	readonly indexDiffs: IndexDiffs;
}

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

/** One component of a deployment, as the CLI lists them. */
export interface ComponentEntry {
	/** Names from the app down, joined by `/`; '' is the app. */
	readonly path: string;
	readonly state: 'active' | 'unmounted';
	/** Convex JSON text by name. */
	readonly args: Readonly<Record<string, string>>;
	readonly httpPrefix: string | null;
}

/**
 * The engine as the front sees it. Calls made while the engine process is being replaced wait for the new one;
 * a call that killed the process fails alone, with words.
 */
export interface Engine {
	latestTs(): bigint;
	/** Why nothing can be saved, or not even be read, at the moment, in a sentence; null when all is well. */
	fault(): string | null;
	/** Runs every query at one snapshot, with no commit in between. */
	querySet(requests: readonly QueryRequest[]): Promise<QuerySetResult>;
	unsubscribe(subscriptions: readonly string[]): void;
	mutation(call: FunctionCall, session?: SessionRequest): Promise<MutationResult>;
	action(call: FunctionCall): Promise<Outcome>;
	httpAction(request: HttpActionRequest): Promise<HttpActionResponse>;
	onCommit(listener: (notice: CommitNotice) => void): () => void;
	/** Function completions of every kind, for `convex logs` and the terminal. */
	onLog(listener: (entry: LogEntry) => void): () => void;

	/** The app and every component that is mounted in it, and those that no longer are and whose tables are kept. */
	components(): Promise<readonly ComponentEntry[]>;
	/** Whether a function exists and its kind; null when it does not. For `/api/function`. */
	functionInfo(path: string, componentPath: string): Promise<AnalyzedFunction | null>;
	/** The app's modules. */
	modules(): Promise<readonly Omit<ModuleSource, 'source' | 'sourceMap'>[]>;
	/** Source of the app's deployed modules by path: to fill in what a push calls unchanged. */
	moduleSources(paths: readonly string[]): Promise<readonly ModuleSource[]>;
	analysis(): Promise<Analysis>;
	/**
	 * Evaluates a bundle in a process of its own. No lasting effect. `forCodegen`: types are made for a component that no
	 * app has mounted, so nobody can have given it its environment.
	 */
	preparePush(bundle: PushBundle, forCodegen?: boolean): Promise<PreparedPush | PushRefusal>;
	/** What the schemas of a bundle would have to read. No lasting effect. */
	predictSchema(analysis: Analysis): Promise<SchemaPredictions | PushRefusal>;
	/**
	 * Begins to check the stored documents against the schemas of a push and to fill its indexes, in the background; a dry
	 * run fills none. Any other change of the schema is overwritten. Returns the id of the change.
	 */
	submitSchema(analysis: Analysis, dryRun: boolean): Promise<string>;
	/**
	 * How far a change of the schema has come: at once when it has ended, else when `patience` milliseconds have passed.
	 * Null when none of that id is known. A change after which nobody asks is abandoned.
	 */
	schemaStatus(change: string, patience: number): Promise<SchemaStatus | null>;
	abandonSchema(change: string): Promise<void>;
	/** Swaps schema, indexes, modules, auth and crons in one transaction; refused unless the change of the schema is complete. */
	applyPush(bundle: PushBundle, analysis: Analysis): Promise<AppliedPush | PushRefusal>;

	environment(): Promise<readonly EnvironmentVariable[]>;
	/** Re-evaluates modules when something changed; a null value removes. */
	setEnvironment(changes: readonly { readonly name: string; readonly value: string | null }[]): Promise<void>;

	/** For `convex data`: pages of table names and rows; `cursor` null starts. Values are Convex JSON text. */
	tableNames(componentPath: string): Promise<readonly string[]>;
	tableData(request: {
		readonly componentPath: string;
		readonly table: string;
		readonly order: 'asc' | 'desc';
		readonly numItems: number;
		readonly cursor: string | null;
	}): Promise<{ readonly page: string; readonly isDone: boolean; readonly continueCursor: string }>;

	/** Files: the front streams bytes, the engine keeps the rows. */
	registerFile(request: { readonly component: string; readonly file: Omit<StoredFile, 'storageId'> }): Promise<string>;
	/** Removes bytes that were not registered after all. Those that have a row stay, whatever their sender was told. */
	discardFiles(names: readonly string[]): Promise<null>;
	/** How many documents each table has. */
	tableCounts(): Promise<readonly { readonly component: string; readonly name: string; readonly count: number }[]>;
	/** Prepares hidden tables. Rejects in words. Every import that began must end. */
	beginImport(mode: ImportMode, tables: readonly WantedTable[]): Promise<readonly StagedTable[]>;
	/** Rows are Convex JSON text. */
	importRows(tablet: number, rows: readonly string[]): Promise<null>;
	importFiles(tablet: number, files: readonly RestoredFile[]): Promise<null>;
	/** Adds some rows to the tables that are there and to which they are appended. Resolves with how many; 0 after the last. */
	appendImported(staged: readonly StagedTable[]): Promise<number>;
	/** Puts the tables in force, all at once. */
	publishImport(mode: ImportMode, staged: readonly StagedTable[]): Promise<null>;
	endImport(staged: readonly StagedTable[]): Promise<null>;
	/** Begins a copy of the data file at `path`, as of one commit; files stay until `releaseCopy`. */
	startCopy(path: string): Promise<null>;
	/** `running`, `done`, or a sentence about what went wrong. */
	copyState(): Promise<string>;
	releaseCopy(): Promise<null>;
	fileByUuid(component: string, uuid: string): Promise<StoredFile | null>;

	close(): Promise<void>;
}
