import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { StoreError } from './errors.ts';
import { SqliteStore } from './store.ts';
import { applySchema, drain, exportedSchema, objectType, read, withFile, write } from './testStore.ts';

afterEach(() => {
	vi.useRealTimers();
});

describe('the file', () => {
	test('everything is there after closing and opening, and timestamps rise over a clock that goes back', () => {
		withFile((path) => {
			vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] });
			let file = SqliteStore.open(path);
			applySchema(
				file,
				exportedSchema({ notes: { indexes: { by_a: ['a'] }, type: objectType({ a: { type: 'number' } }) } })
			);
			const id = write(file, (tx) => tx.insert('', 'notes', { a: 1 }));
			const { latestTs } = file;
			const creation = JSON.parse(read(file, (tx) => tx.get('', id))?.json ?? '')._creationTime;
			file.close();
			vi.setSystemTime(1_500_000_000_000);
			file = SqliteStore.open(path, { synchronous: 'FULL' });
			expect(file.latestTs).toBe(latestTs);
			const later = write(file, (tx) => tx.insert('', 'notes', { a: 2 }));
			expect(file.latestTs).toBe(latestTs + 1n);
			expect(JSON.parse(read(file, (tx) => tx.get('', later))?.json ?? '')._creationTime).toBeGreaterThan(creation);
			expect(() => write(file, (tx) => tx.insert('', 'notes', { a: 'x' }))).toThrow('does not match the schema');
			expect(
				read(file, (tx) => drain(tx.scan('', 'notes', 'by_a', EVERYTHING, 'desc'))).map((found) => found.id)
			).toEqual([later, id]);
			file.close();
		});
	});

	const kindOf = (action: () => unknown) => {
		try {
			action();
		} catch (error) {
			if (error instanceof StoreError) return { kind: error.kind, message: error.message };
			throw error;
		}
		return null;
	};

	test('a damaged file is refused by path and left as it is', () => {
		withFile((path) => {
			writeFileSync(path, 'no database at all, but long enough to be looked at '.repeat(100));
			const before = readFileSync(path);
			expect(kindOf(() => SqliteStore.open(path))).toEqual({ kind: 'corrupt', message: expect.stringContaining(path) });
			expect(readFileSync(path).equals(before)).toBe(true);
		});
	});

	test('a page overwritten in the middle is found on start', () => {
		withFile((path) => {
			const file = SqliteStore.open(path);
			write(file, (tx) => {
				for (let n = 0; n < 2000; n++) tx.insert('', 'notes', { text: `text ${n}`.repeat(20) });
			});
			file.close();
			const bytes = readFileSync(path);
			bytes.fill(0x5a, 8192 * 20, 8192 * 40);
			writeFileSync(path, bytes);
			expect(kindOf(() => SqliteStore.open(path))?.kind).toBe('corrupt');
			expect(readFileSync(path).equals(bytes)).toBe(true);
		});
	});

	test('a newer layout, a foreign database, a second opener and a missing directory are refused in words', () => {
		withFile((path) => {
			const foreign = new DatabaseSync(path);
			foreign.exec('CREATE TABLE theirs (x); PRAGMA user_version = 0');
			foreign.close();
			expect(kindOf(() => SqliteStore.open(path))).toEqual({
				kind: 'corrupt',
				message: expect.stringContaining('did not make')
			});
		});
		withFile((path) => {
			SqliteStore.open(path).close();
			const newer = new DatabaseSync(path);
			newer.exec('PRAGMA user_version = 99');
			newer.close();
			expect(kindOf(() => SqliteStore.open(path))).toEqual({
				kind: 'newerLayout',
				message: expect.stringContaining('layout 99')
			});
		});
		withFile((path) => {
			const first = SqliteStore.open(path);
			expect(kindOf(() => SqliteStore.open(path))).toEqual({ kind: 'inUse', message: expect.stringContaining(path) });
			first.close();
			SqliteStore.open(path).close();
			expect(kindOf(() => SqliteStore.open(`${path}/none/data.sqlite`))?.kind).toBe('unreadable');
		});
	});
});
