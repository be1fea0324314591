/** What a push would change, and what it has changed. */
import type { Analysis } from './analysis.ts';

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
