import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../store/errors.ts';
import { frozenLayout } from '../store/layouts.testing.ts';
import { SqliteStore } from '../store/store.ts';
import { withFile } from '../store/testStore.ts';
import { Signer } from './secret.ts';
import { StoredEnvironment } from './storedEnvironment.ts';

const SECRET = 'canary-of-the-environment-7c1d';

/** All bytes of the folder's files but the keys. */
function bytesBeside(path: string): string {
	const folder = dirname(path);
	const names = readdirSync(folder).filter((name) => name.includes('sqlite'));
	return names.map((name) => readFileSync(join(folder, name), 'latin1')).join('\n');
}

function use<T>(path: string, signer: Signer, body: (environment: StoredEnvironment) => T): T {
	const store = SqliteStore.open(path);
	try {
		return body(new StoredEnvironment(store.database, signer));
	} finally {
		store.close();
	}
}

describe('environment variables', () => {
	test('are read as they were written, and stand nowhere in the file', () => {
		withFile((path) => {
			const signer = Signer.open(dirname(path));
			use(path, signer, (environment) => {
				environment.save([
					{ name: 'B', value: SECRET },
					{ name: 'A', value: '' },
					{ name: 'C', value: 'gone' }
				]);
				environment.save([{ name: 'C', value: null }]);
				expect(bytesBeside(path)).not.toContain(SECRET);
			});
			const variables = use(path, signer, (environment) => environment.read());
			expect(variables).toEqual([
				{ name: 'A', value: '' },
				{ name: 'B', value: SECRET }
			]);
			expect(bytesBeside(path)).not.toContain(SECRET);
		});
	});

	test('hold any text', () => {
		withFile((path) => {
			use(path, Signer.open(dirname(path)), (environment) => {
				fc.assert(
					fc.property(fc.string({ unit: 'grapheme' }), (value) => {
						environment.save([{ name: 'A', value }]);
						expect(environment.read()).toEqual([{ name: 'A', value }]);
					})
				);
			});
		});
	});

	test('that an earlier version stored in clear are sealed when the file is opened, and not left in freed pages', () => {
		withFile((path) => {
			const old = new DatabaseSync(path);
			const long = SECRET.repeat(1_000);
			old.exec(`${frozenLayout(5)} INSERT INTO environment VALUES ('SHORT', '${SECRET}'), ('LONG', '${long}')`);
			old.close();
			expect(bytesBeside(path)).toContain(SECRET);
			const variables = use(path, Signer.open(dirname(path)), (environment) => environment.read());
			expect(variables).toEqual([
				{ name: 'LONG', value: long },
				{ name: 'SHORT', value: SECRET }
			]);
			expect(bytesBeside(path)).not.toContain(SECRET);
		});
	});

	test('that another key has sealed are refused in words, changed by nothing, and back with the key', () => {
		withFile((path) => {
			const right = Signer.open(dirname(path));
			use(path, right, (environment) => environment.save([{ name: 'A', value: SECRET }]));
			const other = join(dirname(path), 'other');
			mkdirSync(other);
			expect(() => use(path, Signer.open(other), () => undefined)).toThrow(StoreError);
			expect(() => use(path, Signer.open(other), () => undefined)).toThrow(/Put the earlier signing\.key back/);
			expect(use(path, right, (environment) => environment.read())).toEqual([{ name: 'A', value: SECRET }]);
		});
	});

	test('do not open under another name', () => {
		withFile((path) => {
			const signer = Signer.open(dirname(path));
			use(path, signer, (environment) => environment.save([{ name: 'A', value: SECRET }]));
			const file = new DatabaseSync(path);
			file.exec("UPDATE environment SET name = 'B'");
			file.close();
			expect(() => use(path, signer, () => undefined)).toThrow(StoreError);
		});
	});
});
