/** The environment variables in the data file of a copy, which no engine has open. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Signer } from '../engine/secret.ts';
import { openVariable } from '../engine/storedEnvironment.ts';
import { layoutOf } from '../store/fileChecks.ts';
import { SIGNING_KEY } from './copyFolder.ts';

/** The first layout in which variables are sealed. */
const SEALED_SINCE = 6;

/** Whether the keys in a folder open every variable; true where none is sealed. */
export function openVariables(database: string, keys: string): boolean {
	return using(database, (connection) => {
		if (layoutOf(connection, database) < SEALED_SINCE) return true;
		const rows = connection.prepare('SELECT name, value FROM environment WHERE sealed = 1').all();
		if (rows.length === 0) return true;
		if (!existsSync(path.join(keys, SIGNING_KEY))) return false;
		const signer = Signer.open(keys);
		return rows.every(({ name, value }) => openVariable(signer, String(name), String(value)) !== null);
	});
}

/** Whether a variable stands in the file in clear: an earlier version has written it, and no later one has opened it. */
export function hasClearVariables(database: string): boolean {
	return using(database, (connection) => {
		const clear = layoutOf(connection, database) < SEALED_SINCE ? '' : 'WHERE sealed = 0';
		return connection.prepare(`SELECT 1 FROM environment ${clear}`).get() !== undefined;
	});
}

/** Takes every variable out of the file. */
export function dropVariables(database: string): void {
	using(database, (connection) => connection.exec('PRAGMA secure_delete = ON; DELETE FROM environment'));
}

function using<T>(database: string, body: (connection: DatabaseSync) => T): T {
	const connection = new DatabaseSync(database);
	try {
		return body(connection);
	} finally {
		connection.close();
	}
}
