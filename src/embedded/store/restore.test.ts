import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { encodeId } from '../values/ids.ts';
import { EVERYTHING } from '../values/keys.ts';
import { frozenLayout } from './layouts.testing.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { applySchema, drain, exportedSchema, read, withFile, write } from './testStore.ts';

const foreign = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);

test('documents made elsewhere keep id and creation time, in every order, over a restart', () => {
	withFile((path) => {
		let store = SqliteStore.open(path);
		applySchema(store, exportedSchema({ notes: { indexes: { by_a: ['a'] } } }));
		const here = write(store, (tx) => tx.insert('', 'notes', { a: 1 }));
		const table = store.catalog.table('', 'notes');
		const restored = write(store, (tx) => [
			tx.restore(table, { fields: { a: 1 }, internal: foreign(0xff), creationTime: 2_000 }),
			tx.restore(table, { fields: { a: 1 }, internal: foreign(0x01), creationTime: 3_000 }),
			tx.restore(table, { fields: { a: 1 }, internal: foreign(0x80), creationTime: 4e12 })
		]);
		expect(restored[0]).toBe(encodeId(table.number, foreign(0xff)));
		const check = () => {
			const order = [restored[0], restored[1], here, restored[2]];
			for (const index of ['by_creation_time', 'by_a']) {
				const ids = (direction: 'asc' | 'desc') =>
					read(store, (tx) => drain(tx.scan('', 'notes', index, EVERYTHING, direction))).map(({ id }) => id);
				expect(ids('asc')).toEqual(order);
				expect(ids('desc')).toEqual(order.toReversed());
			}
			expect(indexFaults(store)).toEqual([]);
		};
		check();
		store.close();
		store = SqliteStore.open(path);
		check();
		const later = write(store, (tx) => tx.insert('', 'notes', { a: 2 }));
		const creation = JSON.parse(read(store, (tx) => tx.get('', later))?.json ?? '')._creationTime;
		expect(Math.abs(creation - Date.now())).toBeLessThan(60_000);
		write(store, (tx) => {
			tx.patch('', restored[1] ?? '', { a: 0 });
			tx.remove('', restored[0] ?? '');
			tx.remove('', restored[2] ?? '');
		});
		expect(indexFaults(store)).toEqual([]);
		expect(() =>
			write(store, (tx) =>
				tx.restore(store.catalog.table('', 'notes'), { fields: {}, internal: foreign(1), creationTime: 1 })
			)
		).toThrow('more than one document');
		store.close();
	});
});

test('a file of layout 1 is brought to the newest, with names of files instead of paths', () => {
	withFile((path) => {
		const old = new DatabaseSync(path);
		old.exec(`${frozenLayout(1)}
			INSERT INTO indexes VALUES (7, 10001, 'by_a', '["a"]', 'enabled'), (9, 10001, 'by_b', '["b"]', 'staged');
			INSERT INTO tables (num, component, name, state) VALUES (1, '', '_storage', 'active'), (10001, '', 'notes', 'active');
			INSERT INTO files VALUES ('id', '', 'ab', 1, NULL, '/gone/files/01234567-89ab-4def-8123-456789abcdef', 1);
			INSERT INTO docs VALUES (1, x'${'01'.repeat(16)}', '{"sha256":"${'fb'.repeat(32)}","size":1.0,"_creationTime":1.5,"_id":"x"}');`);
		old.close();
		const store = SqliteStore.open(path);
		expect(store.catalog.table('', 'notes').number).toBe(10_001);
		expect(store.catalog.table('', '_storage').number).toBe(1);
		expect(store.database.rows('SELECT path, uuid FROM files')).toEqual([
			['01234567-89ab-4def-8123-456789abcdef', '01234567-89ab-4def-8123-456789abcdef']
		]);
		const sha256 = Buffer.alloc(32, 0xfb).toString('base64');
		expect(store.database.row('SELECT json FROM docs')?.[0]).toBe(
			`{"sha256":"${sha256}","size":1.0,"_creationTime":1.5,"_id":"x"}`
		);
		const declared = exportedSchema({ notes: { indexes: { by_a: ['a'] }, staged: { by_b: ['b'] } } });
		expect(store.diffIndexes('', declared).identical.map(({ existing }) => existing?.id)).toEqual([7, 9]);
		write(store, (tx) => tx.insert('', 'notes', { a: 1, b: 2 }));
		applySchema(store, exportedSchema({ notes: { indexes: { by_b: ['b'] } } }));
		expect(read(store, (tx) => drain(tx.scan('', 'notes', 'by_b', EVERYTHING, 'asc')))).toHaveLength(1);
		store.close();
	});
});
