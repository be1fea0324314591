import type { JSONValue } from 'convex/values';
import type { Database } from '../store/database.ts';
import type { Row } from '../store/layer.ts';
import type { SqliteStore } from '../store/store.ts';
import type { StoreTransaction } from '../store/transaction.ts';
import { DeveloperError } from '../values/errors.ts';
import { valueFromJson } from '../values/value.ts';

/** How a scheduled function ended. */
export type JobEnd =
	{ readonly kind: 'success' } | { readonly kind: 'failed'; readonly error: string } | { readonly kind: 'canceled' };

export interface Job {
	readonly id: string;
	/** The component that scheduled it, whose `_scheduled_functions` has the document. */
	readonly component: string;
	/** The component whose function is to run. */
	readonly target: string;
	/** Canonical: `folder/file.js:fn`. */
	readonly path: string;
	/** Convex JSON text of the argument array. */
	readonly args: string;
	readonly kind: 'mutation' | 'action';
	/** Milliseconds since 1970. */
	readonly due: number;
}

export interface NewJob extends Omit<Job, 'id' | 'args'> {
	readonly args: JSONValue;
}

const TABLE = '_scheduled_functions';
const COLUMNS = 'id, component, target, path, args, kind, due, state';
/** Place of the state among the columns. */
const STATE = 7;
const UNFINISHED = new Set(['pending', 'inProgress']);

/**
 * Scheduled functions: a row of `jobs` for the scheduler and a document of `_scheduled_functions` for the person's
 * queries, always changed together and inside a transaction of the caller's.
 *
 *   pending -> inProgress (actions only) -> success | failed
 *   pending | inProgress -> canceled
 */
export class Jobs {
	readonly #store: SqliteStore;

	constructor(store: SqliteStore) {
		this.#store = store;
	}

	schedule(tx: StoreTransaction, job: NewJob): string {
		const args = [job.args];
		const id = tx.systemInsert(job.component, TABLE, {
			name: job.path,
			args: args.map(valueFromJson),
			scheduledTime: job.due,
			state: { kind: 'pending' }
		});
		const row = rowOf({ ...job, id, args: JSON.stringify(args) }, 'pending');
		tx.execute({ sql: `INSERT INTO jobs (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, parameters: row }, [
			nameOf(id),
			row
		]);
		return id;
	}

	/** Cancels a job of a component that has not finished. Throws when there is none; a finished one is left as it is. */
	cancel(tx: StoreTransaction, component: string, id: string, now: number): void {
		const row = this.#row(id, tx);
		const state = row !== null && jobOf(row).component === component ? String(row[STATE]) : null;
		if (state === null) throw new DeveloperError('DocumentNotFound', `No scheduled function with ID ${id}`);
		if (UNFINISHED.has(state)) this.finish(tx, id, { kind: 'canceled' }, now);
	}

	/** Marks a job as started: once that is committed, it is never started again, whatever becomes of this process. */
	start(tx: StoreTransaction, job: Job): void {
		const sql = "UPDATE jobs SET state = 'inProgress', attempt = attempt + 1 WHERE id = ?";
		tx.execute({ sql, parameters: [job.id] }, [nameOf(job.id), rowOf(job, 'inProgress')]);
		tx.systemPatch(job.component, job.id, { state: { kind: 'inProgress' } });
	}

	/** Records how a job ended, unless it has ended already (it was cancelled while it ran). */
	finish(tx: StoreTransaction, id: string, end: JobEnd, now: number): void {
		const row = this.#row(id, tx);
		if (row === null || !UNFINISHED.has(String(row[STATE]))) return;
		const job = jobOf(row);
		const sql = 'UPDATE jobs SET state = ?, completed = ? WHERE id = ?';
		tx.execute({ sql, parameters: [end.kind, now, id] }, [nameOf(id), rowOf(job, end.kind)]);
		tx.systemPatch(job.component, id, { state: { ...end }, completedTime: now });
	}

	state(id: string, tx?: StoreTransaction): string | null {
		const row = this.#row(id, tx);
		return row === null ? null : String(row[STATE]);
	}

	get(id: string): Job | null {
		const row = this.#row(id);
		return row === null ? null : jobOf(row);
	}

	/** Pending jobs whose time has come, the oldest first, without those named. */
	due(now: number, limit: number, without: readonly string[]): Job[] {
		const rows = this.#file.rows(
			`SELECT ${COLUMNS} FROM jobs WHERE state = 'pending' AND due <= ?
			AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY due LIMIT ?`,
			now,
			JSON.stringify(without),
			limit
		);
		return rows.map(jobOf);
	}

	/** When the next pending job is due, or null. */
	nextDue(without: readonly string[]): number | null {
		const row = this.#file.row(
			"SELECT min(due) FROM jobs WHERE state = 'pending' AND id NOT IN (SELECT value FROM json_each(?))",
			JSON.stringify(without)
		);
		return typeof row?.[0] === 'number' ? row[0] : null;
	}

	/** Jobs that were started, did not finish, and are none of those that still run. */
	abandoned(running: readonly string[]): string[] {
		const rows = this.#file.rows(
			"SELECT id FROM jobs WHERE state = 'inProgress' AND id NOT IN (SELECT value FROM json_each(?))",
			JSON.stringify(running)
		);
		return rows.map(([id]) => String(id));
	}

	/** Forgets jobs that ended before the given time, at most so many. */
	prune(tx: StoreTransaction, before: number, limit: number): number {
		const rows = this.#file.rows('SELECT id, component FROM jobs WHERE completed < ? LIMIT ?', before, limit);
		for (const [id, component] of rows) {
			tx.execute({ sql: 'DELETE FROM jobs WHERE id = ?', parameters: [String(id)] }, [nameOf(String(id)), null]);
			tx.systemRemove(String(component), String(id));
		}
		return rows.length;
	}

	#row(id: string, tx?: StoreTransaction): Row | null {
		const statement = { sql: `SELECT ${COLUMNS} FROM jobs WHERE id = ?`, parameters: [id] };
		return (tx ?? this.#store).lookUp(nameOf(id), statement);
	}

	/** For questions about many jobs: the file, once everything is in it. */
	get #file(): Database {
		this.#store.drain();
		return this.#store.database;
	}
}

function nameOf(id: string): string {
	return `job ${id}`;
}

function rowOf({ id, component, target, path, args, kind, due }: Job, state: string): Row {
	return [id, component, target, path, args, kind, due, state];
}

function jobOf([id, component, target, path, args, kind, due]: readonly unknown[]): Job {
	return {
		id: String(id),
		component: String(component),
		target: String(target),
		path: String(path),
		args: String(args),
		kind: kind === 'mutation' ? 'mutation' : 'action',
		due: Number(due)
	};
}
