/**
 * Environment variables at rest. Their values are secrets, so the data file holds them sealed with the deployment's
 * signing key, which is a file for its owner beside it: who gets hold of a copy of the data file alone gets none.
 */
import type { Database } from '../store/database.ts';
import { StoreError } from '../store/errors.ts';
import type { Signer } from './secret.ts';
import type { EnvironmentVariable } from './types.ts';
import type { VariableChange } from './variables.ts';

export class StoredEnvironment {
	readonly #database: Database;
	readonly #signer: Signer;

	/** Seals what an earlier version has stored in clear. Throws a StoreError when another key has sealed what is there. */
	constructor(database: Database, signer: Signer) {
		this.#database = database;
		this.#signer = signer;
		const clear = database.rows('SELECT name, value FROM environment WHERE sealed = 0');
		if (clear.length > 0) {
			// The pages that are given back are filled with zeros, so that no copy of the file has the values either.
			database.run('PRAGMA secure_delete = ON');
			this.save(clear.map(([name, value]) => ({ name: String(name), value: String(value) })));
			database.run('PRAGMA secure_delete = OFF');
		}
		this.read();
	}

	read(): EnvironmentVariable[] {
		return this.#database.rows('SELECT name, value FROM environment ORDER BY name').map(([name, sealed]) => {
			const value = openVariable(this.#signer, String(name), String(sealed));
			if (value !== null) return { name: String(name), value };
			throw new StoreError(
				'corrupt',
				`The environment variables in ${this.#database.path} cannot be read: signing.key beside it is not the key they were sealed with. Nothing was changed. Put the earlier signing.key back, or restore a backup with its keys.`
			);
		});
	}

	save(changes: readonly VariableChange[]): void {
		for (const { name, value } of changes) {
			if (value === null) this.#database.run('DELETE FROM environment WHERE name = ?', name);
			else {
				this.#database.run(
					'INSERT INTO environment (name, value, sealed) VALUES (?, ?, 1) ON CONFLICT (name) DO UPDATE SET value = excluded.value, sealed = 1',
					name,
					this.#signer.seal(purpose(name), value)
				);
			}
		}
	}
}

/** The value of a variable, or null when another key has sealed it. */
export function openVariable(signer: Signer, name: string, sealed: string): string | null {
	return signer.open(purpose(name), sealed);
}

/** What is sealed for one name opens for no other. */
function purpose(name: string): string {
	return `environment variable ${name}`;
}
