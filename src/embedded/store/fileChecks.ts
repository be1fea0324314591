import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { LAYOUT_VERSION } from './layout.ts';

/** Tables that every layout has. */
const OURS = ['meta', 'tables', 'indexes', 'docs', 'idx', 'files'];

/**
 * The layout of an open file, 0 when it is empty. Throws a StoreError when the tables are not a deployment's, or those of
 * a newer version.
 */
export function layoutOf(connection: DatabaseSync, path: string): number {
	const version = Number(connection.prepare('PRAGMA user_version').get()?.user_version ?? 0);
	const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
	if (version === 0 && tables.length === 0) return 0;
	const names = new Set(tables.map(({ name }) => String(name)));
	if (version < 1 || !OURS.every((name) => names.has(name))) {
		throw new StoreError(
			'corrupt',
			`The database ${path} holds tables that Plumbline did not make. It was left as it is: choose another path.`
		);
	}
	if (version > LAYOUT_VERSION) {
		throw new StoreError(
			'newerLayout',
			`The database ${path} was written by a newer version (layout ${version}, this one knows ${LAYOUT_VERSION}). Update Plumbline, or use another data directory.`
		);
	}
	return version;
}

/** Reads every page. Throws a StoreError that names the first fault. */
export function checkPages(connection: DatabaseSync, path: string): void {
	const fault = connection.prepare('PRAGMA quick_check(1)').get()?.quick_check;
	if (fault === 'ok') return;
	throw new StoreError(
		'corrupt',
		`The database ${path} is damaged (${String(fault)}). It was left as it is: restore a backup, or move it away to start afresh.`
	);
}
