import type { JSONValue } from 'convex/values';
import type { Database } from '../store/database.ts';
import type { SqliteStore } from '../store/store.ts';
import type { StoreTransaction } from '../store/transaction.ts';
import { JsonFields, parseJson } from '../engine/json.ts';
import { canonicalPath, parseFunctionPath } from '../engine/paths.ts';
import type { AnalyzedModule } from '../engine/analysis.ts';
import { firstRun, nextRun, readSchedule } from './schedule.ts';
import type { Schedule } from './schedule.ts';

/** One cron job. */
export interface CronSpec {
	/** `folder/file.js:fn`. */
	readonly path: string;
	/** Convex JSON text of the argument array. */
	readonly args: string;
	readonly schedule: Schedule;
}

export interface DueCron extends CronSpec {
	/** Tells it from the crons of all components. */
	readonly key: string;
	readonly component: string;
	readonly name: string;
	/** When it was due, milliseconds since 1970. */
	readonly due: number;
}

export interface CronChange {
	readonly added: string[];
	readonly updated: string[];
	readonly deleted: string[];
}

/** Cron jobs as an analysis carries them to the CLI. */
type AnalyzedCrons = NonNullable<AnalyzedModule['cronSpecs']>;

/** From `crons.export()` (name -> {name: function, args, schedule}) to the CLI's words. Throws an Error that names what is wrong. */
export function analyzedCrons(json: JSONValue): AnalyzedCrons {
	if (typeof json !== 'object' || json === null || Array.isArray(json))
		throw new Error('The crons module must export crons.');
	const crons = Object.entries(json).map(([identifier, entry]) => {
		const fields = new JsonFields(entry, `cron "${identifier}"`);
		const udfPath = canonicalPath(parseFunctionPath(fields.text('name'), ''));
		return { identifier, cronSpec: { udfPath, udfArgs: fields.list('args'), cronSchedule: fields.json('schedule') } };
	});
	readCrons(crons);
	return crons;
}

/** The jobs of an analysis by name. Throws an Error for a schedule that says nothing. */
export function readCrons(crons: AnalyzedCrons): Map<string, CronSpec> {
	const specs = new Map<string, CronSpec>();
	for (const { identifier, cronSpec } of crons) {
		const fields = new JsonFields(parseJson(JSON.stringify(cronSpec)), `cron "${identifier}"`);
		const schedule = readSchedule(identifier, fields.json('cronSchedule'));
		specs.set(identifier, { path: fields.text('udfPath'), args: JSON.stringify(fields.list('udfArgs')), schedule });
	}
	return specs;
}

/** The cron jobs of the app and of every mounted component. All changes happen inside a transaction of the caller's. */
export class CronTable {
	readonly #store: SqliteStore;

	constructor(store: SqliteStore) {
		this.#store = store;
	}

	/** Puts the crons of a component in force. A job whose spec is the same keeps its place in time. */
	apply(tx: StoreTransaction, component: string, specs: ReadonlyMap<string, CronSpec>, now: number): CronChange {
		const database = tx.exclusive();
		const change: CronChange = { added: [], updated: [], deleted: [] };
		const rows = database.rows('SELECT name, spec FROM crons WHERE component = ?', component);
		const old = new Map(rows.map(([name, spec]) => [String(name), String(spec)]));
		for (const name of old.keys()) {
			if (specs.has(name)) continue;
			database.run('DELETE FROM crons WHERE component = ? AND name = ?', component, name);
			change.deleted.push(name);
		}
		for (const [name, spec] of specs) {
			const text = JSON.stringify(spec);
			const known = old.get(name);
			if (known === text) continue;
			(known === undefined ? change.added : change.updated).push(name);
			database.run(
				'INSERT INTO crons (component, name, spec, last_run, next_run) VALUES (?, ?, ?, NULL, ?) ON CONFLICT (component, name) DO UPDATE SET spec = excluded.spec, next_run = excluded.next_run',
				component,
				name,
				text,
				firstRun(spec.schedule, now)
			);
		}
		return change;
	}

	due(now: number, without: readonly string[]): DueCron[] {
		const rows = this.#file.rows(
			`SELECT component, name, spec, next_run FROM crons WHERE next_run <= ?
			AND ${KEY} NOT IN (SELECT value FROM json_each(?)) ORDER BY next_run`,
			now,
			JSON.stringify(without)
		);
		return rows.map(dueCron);
	}

	get(key: string): DueCron | null {
		const row = this.#file.row(`SELECT component, name, spec, next_run FROM crons WHERE ${KEY} = ?`, key);
		return row === null ? null : dueCron(row);
	}

	/** Moves a job to its next time. Returns how many times were skipped because they had passed already. */
	advance(tx: StoreTransaction, cron: DueCron, now: number): number {
		const { next, skipped } = nextRun(cron.schedule, cron.due, now);
		tx.execute({
			sql: `UPDATE crons SET last_run = ?, next_run = ? WHERE ${KEY} = ?`,
			parameters: [now, next, cron.key]
		});
		return skipped;
	}

	nextDue(without: readonly string[]): number | null {
		const row = this.#file.row(
			`SELECT min(next_run) FROM crons WHERE ${KEY} NOT IN (SELECT value FROM json_each(?))`,
			JSON.stringify(without)
		);
		return typeof row?.[0] === 'number' ? row[0] : null;
	}

	/** Crons are few and rarely change: the file is read, once everything is in it. */
	get #file(): Database {
		this.#store.drain();
		return this.#store.database;
	}
}

/** Paths of components have no colon. */
const KEY = "(component || ':' || name)";

function dueCron([component, name, spec, due]: readonly unknown[]): DueCron {
	return {
		key: `${String(component)}:${String(name)}`,
		component: String(component),
		name: String(name),
		...storedSpec(String(spec)),
		due: Number(due)
	};
}

function storedSpec(text: string): CronSpec {
	const fields = new JsonFields(parseJson(text), 'stored cron');
	const schedule = fields.fields('schedule');
	return {
		path: fields.text('path'),
		args: fields.text('args'),
		schedule:
			schedule.text('type') === 'interval'
				? { type: 'interval', milliseconds: schedule.number('milliseconds') }
				: { type: 'calendar', expression: schedule.text('expression') }
	};
}
