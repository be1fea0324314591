import type { ImportMode, StagedTable, WantedTable } from '../store/staging.ts';
import type { SchemaStatus } from '../store/types.ts';
import type { Analysis, AnalyzedFunction } from './analysis.ts';
import type { ModuleSource, PushBundle } from './bundle.ts';
import type { AppliedPush, PreparedPush, PushRefusal, SchemaPredictions } from './pushChanges.ts';
import type {
	CommitListener,
	EnvironmentVariable,
	FunctionCall,
	HttpActionRequest,
	HttpActionResponse,
	LogEntry,
	MutationResult,
	Outcome,
	QueryRequest,
	QuerySetResult,
	RestoredFile,
	SessionRequest,
	StoredFile
} from './types.ts';

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
	onCommit(listener: CommitListener): () => void;
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
