import type { JSONValue } from 'convex/values';
import type { Database } from '../store/database.ts';
import { JsonFields, parseJson } from '../engine/json.ts';
import { canonicalPath, parseFunctionPath } from '../engine/paths.ts';
import type { AnalyzedModule } from '../engine/types.ts';
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
		const udfPath = canonicalPath(parseFunctionPath(fields.text('name')));
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

/** The cron jobs of the deployed bundle. All changes happen inside a transaction of the caller's. */
export class CronTable {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	/** Puts the crons of a push in force. A job whose spec is the same keeps its place in time. */
	apply(specs: ReadonlyMap<string, CronSpec>, now: number): CronChange {
		const change: CronChange = { added: [], updated: [], deleted: [] };
		const old = new Map(
			this.#database.rows('SELECT name, spec FROM crons').map(([name, spec]) => [String(name), String(spec)])
		);
		for (const name of old.keys()) {
			if (specs.has(name)) continue;
			this.#database.run('DELETE FROM crons WHERE name = ?', name);
			change.deleted.push(name);
		}
		for (const [name, spec] of specs) {
			const text = JSON.stringify(spec);
			const known = old.get(name);
			if (known === text) continue;
			(known === undefined ? change.added : change.updated).push(name);
			this.#database.run(
				'INSERT INTO crons (name, spec, last_run, next_run) VALUES (?, ?, NULL, ?) ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, next_run = excluded.next_run',
				name,
				text,
				firstRun(spec.schedule, now)
			);
		}
		return change;
	}

	due(now: number, without: readonly string[]): DueCron[] {
		const rows = this.#database.rows(
			'SELECT name, spec, next_run FROM crons WHERE next_run <= ? AND name NOT IN (SELECT value FROM json_each(?)) ORDER BY next_run',
			now,
			JSON.stringify(without)
		);
		return rows.map(([name, spec, due]) => ({ name: String(name), ...storedSpec(String(spec)), due: Number(due) }));
	}

	get(name: string): DueCron | null {
		const row = this.#database.row('SELECT spec, next_run FROM crons WHERE name = ?', name);
		return row === null ? null : { name, ...storedSpec(String(row[0])), due: Number(row[1]) };
	}

	/** Moves a job to its next time. Returns how many times were skipped because they had passed already. */
	advance(cron: DueCron, now: number): number {
		const { next, skipped } = nextRun(cron.schedule, cron.due, now);
		this.#database.run('UPDATE crons SET last_run = ?, next_run = ? WHERE name = ?', now, next, cron.name);
		return skipped;
	}

	nextDue(without: readonly string[]): number | null {
		const row = this.#database.row(
			'SELECT min(next_run) FROM crons WHERE name NOT IN (SELECT value FROM json_each(?))',
			JSON.stringify(without)
		);
		return typeof row?.[0] === 'number' ? row[0] : null;
	}
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
