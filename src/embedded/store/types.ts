/** The words that the store and the engine share. No code here: only shapes. */
import type { JSONValue, Value } from 'convex/values';
import type { Database } from './database.ts';

/** A document as it is stored: Convex JSON text, system fields included, ready to be spliced into an answer. */
export interface StoredDocument {
	readonly id: string;
	readonly json: string;
}

export type DocumentFields = Record<string, Value | undefined>;

/**
 * The life of a declared index; `staged` ones stop at `ready` until a schema declares them without `staged`.
 *
 *     backfilling ──every document is in it──> ready ──push──> enabled ──a push without it──> dropping ──> gone
 *          └───────────────┴── the push is given up, or another one replaces it ──────────────^
 *                            ready <──a push that declares it staged── enabled
 *
 * Writes keep an index in every state but the last; queries use it only when it is enabled.
 */
export type IndexState = 'backfilling' | 'ready' | 'enabled';

/** What an index keeps of a document. */
export interface IndexShape {
	readonly kind: 'database' | 'search' | 'vector';
	/**
	 * Of a database index: its field paths as declared; `_creationTime` and `_id` are appended by the store. Of a search or
	 * vector index: the field that is searched, then the fields to filter by, sorted.
	 */
	readonly fields: readonly string[];
	/** Length of the vectors of a vector index, else null. */
	readonly dimensions: number | null;
}

export interface IndexDefinition extends IndexShape {
	/** Name without its table: `by_day`. */
	readonly name: string;
	readonly staged: boolean;
}

export interface TableDefinition {
	readonly name: string;
	readonly indexes: readonly IndexDefinition[];
	/** Validator JSON of the document, or null when the table accepts anything. */
	readonly documentType: JSONValue | null;
}

export interface SchemaDefinition {
	readonly tables: readonly TableDefinition[];
	/** False when `defineSchema(…, { schemaValidation: false })`: shapes are then not enforced. */
	readonly schemaValidation: boolean;
}

/** A half-open range of index keys, compared as bytes; `upper` null means to the end of the index. */
export interface KeyRange {
	readonly lower: Uint8Array;
	readonly upper: Uint8Array | null;
}

export interface ScanEntry {
	readonly key: Uint8Array;
	readonly document: StoredDocument;
}

/**
 * A forward-only reader over one index range. It reads in chunks, so writes of the same transaction may interleave.
 * What was consumed, and no more, is added to the transaction's read set.
 */
export interface Scan {
	next(): ScanEntry | null;
	close(): void;
}

/** One interval of one index that a transaction has read. `index` is the store's numeric index id. */
export interface ReadInterval extends KeyRange {
	readonly index: number;
}

/** What a transaction read: enough to say whether a later commit could change its answer. */
export interface ReadSet {
	readonly intervals: readonly ReadInterval[];
	/** Internal ids read one by one. */
	readonly ids: ReadonlySet<string>;
}

/** `key` is good until the next transaction writes. */
export interface WrittenEntry {
	readonly index: number;
	readonly key: Uint8Array;
}

/** What a commit wrote: the index entries removed and added, and the ids touched. To be read at once. */
export interface CommitWrites {
	readonly ts: bigint;
	readonly entries: Iterable<WrittenEntry>;
	readonly entryCount: number;
	readonly ids: ReadonlySet<string>;
}

export interface Savepoint {
	release(): void;
	rollback(): void;
}

/**
 * One transaction. `write` transactions hold the single writer; `read` transactions see one snapshot.
 * All table operations name the component they belong to ("" is the app itself).
 */
export interface Transaction {
	readonly kind: 'read' | 'write';
	/** Commit timestamp (ns) of the snapshot that is read. */
	readonly snapshotTs: bigint;
	readonly reads: ReadSet;
	get(component: string, id: string): StoredDocument | null;
	/**
	 * Inserts and returns the new id. Validates against the schema; creates an undeclared table on first insert. `text`: the
	 * fields as JSON, where that is known and `measureJson` has found it plain.
	 */
	insert(component: string, table: string, fields: DocumentFields, text?: string): string;
	/** Shallow merge; an undefined field deletes it. Returns the new document. */
	patch(component: string, id: string, fields: DocumentFields): StoredDocument;
	replace(component: string, id: string, fields: DocumentFields): StoredDocument;
	/** Returns the removed document. */
	remove(component: string, id: string): StoredDocument;
	/** `index` is `by_id`, `by_creation_time` or a declared name. An index that is not enabled is refused by name. */
	scan(component: string, table: string, index: string, range: KeyRange, order: 'asc' | 'desc'): Scan;
	/** Field paths of an index including the appended `_creationTime` (and not `_id`); throws when unknown. */
	indexFields(component: string, table: string, index: string): readonly string[];
	count(component: string, table: string): number;
	/** The table of an id, or null when there is no such table. Throws a DeveloperError when the text is no id. */
	tableOf(component: string, id: string): string | null;
	/** The canonical id when `text` is an id of `table`, else null. */
	normalizeId(component: string, table: string, text: string): string | null;
	savepoint(): Savepoint;
	/** Write transactions: persists, and returns what changed. Read transactions: ends the snapshot (ts = snapshotTs). */
	commit(): CommitWrites;
	rollback(): void;
}

/** Schemas by component path; null where a component has none. */
export type Schemas = ReadonlyMap<string, SchemaDefinition | null>;

/** What a schema does to the indexes of a component. */
export interface IndexDiff {
	readonly added: readonly IndexChange[];
	/** As declared before: an index whose fields change is here and in `added`. */
	readonly removed: readonly IndexChange[];
	/** No longer staged. */
	readonly enabled: readonly IndexChange[];
	/** Staged from now on. */
	readonly disabled: readonly IndexChange[];
	readonly identical: readonly IndexChange[];
}

export interface IndexChange {
	readonly table: string;
	readonly index: IndexDefinition;
	/** The index there is; null when there is none yet. */
	readonly existing: { readonly id: number; readonly state: IndexState } | null;
}

/** How far a change of the schema has come; see `schemaChanges.ts`. */
export type SchemaStatus =
	| { readonly type: 'complete' }
	| { readonly type: 'inProgress'; readonly components: Readonly<Record<string, ComponentProgress>> }
	| {
			readonly type: 'failed';
			readonly error: string;
			readonly componentPath: string;
			readonly tableName: string | null;
	  }
	/** Another schema has taken its place. */
	| { readonly type: 'raceDetected' };

export interface ComponentProgress {
	readonly schemaValidationComplete: boolean;
	/** Indexes that are not staged. */
	readonly indexesComplete: number;
	readonly indexesTotal: number;
}

/** A stored or new document that a schema under way refuses; `error` is the sentence for the person. */
export interface SchemaMisfit {
	readonly component: string;
	readonly table: string;
	readonly error: string;
}

export interface Store {
	/** For side tables (jobs, sessions, modules, env, files) that must commit with documents. See `layout.ts`. */
	readonly database: Database;
	readonly latestTs: bigint;
	begin(kind: 'read' | 'write'): Transaction;
	/** Names of tables, declared or written to; `system` includes those that start with "_". */
	tableNames(component: string, system?: boolean): string[];
	close(): void;
}
