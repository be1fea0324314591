/**
 * A change of the schema, from the push that asks for it until its code runs. Kept in the file, so that it survives the
 * end of the process, and advanced in small steps between the functions that run:
 *
 *                      every document fits                 finish (indexes ready)
 *     submit ──> pending ───────────────────> validated ───────────────────────────> in force (its row is gone)
 *                  │ │ │                        │ │ │
 *                  │ │ └── a document that is there, or is written meanwhile, does not fit ──> failed
 *                  │ └──── another schema is submitted ──> overwritten
 *                  └────── abandon ──> (its row is gone)
 *
 * At most one change is pending or validated. Meanwhile the schema in force and its indexes go on serving; the indexes
 * that the change wants are filled beside them (see `IndexState`), and given up when it fails or is abandoned. `failed`
 * and `overwritten` end the change; they are remembered for an hour, so that whoever waits can be told. The same schema
 * submitted again is the same change: it goes on where it is, or starts again after an end.
 */
import { hash } from 'node:crypto';
import { DeveloperError } from '../values/errors.ts';
import type { Catalog } from './catalog.ts';
import type { TableEntry } from './tableEntry.ts';
import type { Database } from './database.ts';
import { schemasFromStored, schemasToStore } from './schema.ts';
import { commitIndexes, prepareIndexes, unreadyIndexes } from './schemaIndexes.ts';
import { dropIndex, fillIndex } from './filling.ts';
import type { StepBudget } from './filling.ts';
import { checkDocuments, tablesToCheck } from './schemaSteps.ts';
import type { ComponentProgress, IndexDiff, SchemaMisfit, Schemas, SchemaStatus } from './types.ts';

const HOUR = 60 * 60_000;

interface Change {
	readonly id: string;
	readonly schemas: Schemas;
	readonly dry: boolean;
	readonly state: 'pending' | 'validated' | 'failed' | 'overwritten';
	readonly walked: number;
	readonly after: Uint8Array | null;
	readonly misfit: SchemaMisfit | null;
}

/** Methods that change something need a write transaction, and one that reloads the catalogue when it is rolled back. */
export class SchemaChanges {
	readonly #database: Database;
	readonly #catalog: Catalog;

	constructor(database: Database, catalog: Catalog) {
		this.#database = database;
		this.#catalog = catalog;
	}

	/** Begins a change, or joins it when it is the one under way; any other is overwritten. `now` is milliseconds. */
	submit(schemas: Schemas, dry: boolean, now: number): string {
		const id = changeId(schemas, dry);
		const open = this.#open();
		if (open?.id === id) return id;
		if (open !== null) this.#database.run("UPDATE schema_changes SET state = 'overwritten' WHERE id = ?", open.id);
		this.#database.run(
			"DELETE FROM schema_changes WHERE state IN ('failed', 'overwritten') AND (created < ? OR id = ?)",
			now - HOUR,
			id
		);
		this.#database.run(
			"INSERT INTO schema_changes (id, schemas, dry, state, created) VALUES (?, ?, ?, 'pending', ?)",
			id,
			schemasToStore(schemas),
			dry ? 1 : 0,
			now
		);
		this.#prepareIndexes();
		this.#catalog.setPending(schemas);
		return id;
	}

	/** The change under way, or null. */
	get openId(): string | null {
		return this.#open()?.id ?? null;
	}

	/** Does some of the work that there is. Returns whether there may be more. */
	step(budget: StepBudget): boolean {
		const open = this.#open();
		if (open?.state === 'pending') {
			this.#check(open, budget);
			return true;
		}
		const filling = this.#filling();
		if (filling !== undefined) {
			if (fillIndex(this.#database, ...filling, budget)) this.#catalog.loadIndexes(filling[0]);
			return true;
		}
		return dropIndex(this.#database, budget);
	}

	/** How far a change has come; null when none of that id is known. */
	status(id: string): SchemaStatus | null {
		const change = this.#changes('id = ?', id)[0];
		if (change === undefined) return null;
		if (change.state === 'overwritten') return { type: 'raceDetected' };
		if (change.state === 'failed') {
			const { error = '', component = '', table = null } = change.misfit ?? {};
			return { type: 'failed', error, componentPath: component, tableName: table };
		}
		const components = this.#progress(change);
		const complete = Object.values(components).every(
			({ schemaValidationComplete, indexesComplete, indexesTotal }) =>
				schemaValidationComplete && indexesComplete === indexesTotal
		);
		return complete ? { type: 'complete' } : { type: 'inProgress', components };
	}

	/** Ends the change under way because a document does not fit it. */
	fail({ component, table, error }: SchemaMisfit): void {
		this.#database.run(
			"UPDATE schema_changes SET state = 'failed', error = ?, component = ?, tbl = ? WHERE state IN ('pending', 'validated')",
			error,
			component,
			table
		);
		this.#ended();
	}

	/** Forgets a change that nobody waits for any more. */
	abandon(id: string): void {
		if (this.#open()?.id !== id) return;
		this.#database.run('DELETE FROM schema_changes WHERE id = ?', id);
		this.#ended();
	}

	/** Tables have taken the place of others: their documents are checked anew, and they get the indexes that are wanted. */
	tablesReplaced(): void {
		this.#database.run(
			"UPDATE schema_changes SET state = 'pending', walked = 0, checked_to = NULL WHERE state IN ('pending', 'validated')"
		);
		this.#catalog.setPending(this.#open()?.schemas ?? null);
		this.#prepareIndexes();
	}

	/**
	 * Puts schemas in force whose change is validated and whose indexes are ready; their diffs are returned. Throws a
	 * DeveloperError when that is not so, and has then done nothing.
	 */
	finish(schemas: Schemas): ReadonlyMap<string, IndexDiff> {
		this.#requireValidated(schemas);
		const diffs = new Map<string, IndexDiff>();
		for (const [component, schema] of schemas) {
			diffs.set(component, commitIndexes(this.#database, this.#catalog, component, schema));
			if (schema === null) this.#database.run('DELETE FROM schemas WHERE component = ?', component);
			else
				this.#database.run(
					'INSERT OR REPLACE INTO schemas (component, definition) VALUES (?, ?)',
					component,
					JSON.stringify(schema)
				);
			this.#catalog.setSchema(component, schema);
		}
		this.#database.run('DELETE FROM schema_changes WHERE id = ?', changeId(schemas, false));
		this.#catalog.setPending(this.#open()?.schemas ?? null);
		return diffs;
	}

	#requireValidated(schemas: Schemas): void {
		const change = this.#changes('id = ?', changeId(schemas, false))[0];
		if (change?.state === 'failed')
			throw new DeveloperError(
				'SchemaAlreadyFailed',
				`Schema has already been failed with error: ${change.misfit?.error}`
			);
		if (change?.state === 'overwritten')
			throw new DeveloperError('SchemaAlreadyOverwritten', 'Schema has already been overwritten.');
		const inForce = [...schemas].every(
			([component, schema]) => JSON.stringify(this.#catalog.schema(component)) === JSON.stringify(schema)
		);
		if (change?.state !== 'validated' && !(change === undefined && inForce))
			throw new DeveloperError('RaceDetected', 'The schema has not been checked against the documents. Try again.');
		const waiting = [...schemas].flatMap(([component, schema]) => unreadyIndexes(this.#catalog, component, schema));
		if (waiting.length > 0)
			throw new DeveloperError('RaceDetected', `The indexes ${waiting.join(', ')} are not ready. Try again.`);
	}

	/** Gives every component the indexes that it will need: those of the change, or of the schema in force. */
	#prepareIndexes(): void {
		const open = this.#open();
		const wanted: Schemas = open === null || open.dry ? new Map() : open.schemas;
		for (const component of new Set([...this.#catalog.components(), ...wanted.keys()])) {
			const schema = wanted.get(component);
			const next = schema === undefined ? this.#catalog.schema(component) : schema;
			prepareIndexes(this.#database, this.#catalog, component, next);
		}
	}

	#check(open: Change, budget: StepBudget): void {
		const reached = checkDocuments(this.#database, this.#catalog, open.schemas, open, budget);
		if (reached === null) this.#database.run("UPDATE schema_changes SET state = 'validated' WHERE id = ?", open.id);
		else if ('error' in reached) this.fail(reached);
		else
			this.#database.run(
				'UPDATE schema_changes SET walked = ?, checked_to = ? WHERE id = ?',
				reached.walked,
				reached.after,
				open.id
			);
	}

	#ended(): void {
		this.#catalog.setPending(null);
		this.#prepareIndexes();
	}

	/** The index to fill next: those that a push waits for come before staged ones. */
	#filling(): [TableEntry, TableEntry['indexes'][number]] | undefined {
		const [staged, waitedFor] = [true, false].map((isStaged) =>
			this.#catalog
				.components()
				.flatMap((component) => this.#catalog.tables(component))
				.flatMap((table) => table.indexes.map((index): [TableEntry, typeof index] => [table, index]))
				.find(([, index]) => index.state === 'backfilling' && index.staged === isStaged)
		);
		return waitedFor ?? staged;
	}

	#progress({ schemas, dry, state, walked }: Change): Record<string, ComponentProgress> {
		const validated = state === 'validated';
		const left = tablesToCheck(this.#catalog, schemas).slice(walked);
		const progress = [...schemas.keys()].map((component) => {
			const indexes = dry
				? []
				: this.#catalog.tables(component).flatMap((table) => table.indexes.filter(({ staged }) => !staged));
			return [
				component,
				{
					schemaValidationComplete:
						validated || (left.length > 0 && !left.some((table) => table.component === component)),
					indexesComplete: indexes.filter((index) => index.state !== 'backfilling').length,
					indexesTotal: indexes.length
				}
			] as const;
		});
		return Object.fromEntries(progress);
	}

	#open(): Change | null {
		return this.#changes("state IN ('pending', 'validated')")[0] ?? null;
	}

	#changes(where: string, ...parameters: string[]): Change[] {
		return this.#database
			.rows(
				`SELECT id, schemas, dry, state, walked, checked_to, error, component, tbl FROM schema_changes WHERE ${where}`,
				...parameters
			)
			.map(([id, schemas, dry, state, walked, after, error, component, table]) => ({
				id: String(id),
				schemas: schemasFromStored(String(schemas)),
				dry: dry === 1,
				state: state === 'pending' || state === 'validated' || state === 'failed' ? state : 'overwritten',
				walked: Number(walked),
				after: after instanceof Uint8Array ? after : null,
				misfit: error === null ? null : { error: String(error), component: String(component), table: String(table) }
			}));
	}
}

/** A change is known by what it asks for. */
export function changeId(schemas: Schemas, dry: boolean): string {
	return hash('sha256', `${dry ? 'dry' : 'push'} ${schemasToStore(schemas)}`);
}
