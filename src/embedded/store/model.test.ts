import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rangeFromExpressions } from '../values/ranges.ts';
import { indexFaults } from './integrity.ts';
import { apply, ask, expectSame, query, schema, step } from './model.testing.ts';
import type { Model } from './model.testing.ts';
import { SqliteStore } from './store.ts';
import { SubscriptionIndex } from './subscriptions.ts';
import { applySchema } from './testStore.ts';
import type { StoreTransaction } from './transaction.ts';

describe('the store against a model', () => {
	test('random programs: documents, ranges in both orders, savepoints, rollbacks, indexes', () => {
		fc.assert(
			fc.property(
				fc.array(step, { minLength: 1, maxLength: 40 }),
				fc.array(query, { minLength: 1, maxLength: 6 }),
				(steps, queries) => {
					const store = SqliteStore.open(':memory:');
					applySchema(store, schema);
					let model: Model = new Map();
					let committed: Model = new Map();
					let tx = store.begin('write');
					const open: { savepoint: ReturnType<StoreTransaction['savepoint']>; before: Model }[] = [];
					for (const now of steps) {
						if (now.type === 'savepoint') open.push({ savepoint: tx.savepoint(), before: new Map(model) });
						else if (now.type === 'release') open.pop()?.savepoint.release();
						else if (now.type === 'rollback') {
							const last = open.pop();
							last?.savepoint.rollback();
							if (last) model = last.before;
						} else if (now.type === 'commit' && open.length === 0) {
							tx.commit();
							committed = new Map(model);
							tx = store.begin('write');
						} else if (now.type === 'abort') {
							open.length = 0;
							tx.rollback();
							model = new Map(committed);
							tx = store.begin('write');
						} else apply(tx, model, now);
					}
					expectSame(tx, model, queries);
					while (open.length > 0) open.pop()?.savepoint.release();
					tx.commit();
					const reading = store.begin('read');
					expectSame(reading, model, queries);
					reading.rollback();
					expect(indexFaults(store)).toEqual([]);
					store.close();
				}
			),
			{ numRuns: 300 }
		);
	});

	test('a commit that changes the answer of a query always meets its read set', () => {
		let changes = 0;
		let misses = 0;
		fc.assert(
			fc.property(
				fc.array(step, { maxLength: 25 }),
				fc.array(query, { minLength: 1, maxLength: 8 }),
				fc.array(step, { minLength: 1, maxLength: 3 }),
				(before, queries, after) => {
					const store = SqliteStore.open(':memory:');
					applySchema(store, schema);
					const model: Model = new Map();
					let tx = store.begin('write');
					for (const now of before) apply(tx, model, now);
					tx.commit();
					const subscriptions = new SubscriptionIndex();
					const answers = queries.map((asked, i) => {
						tx = store.begin('read');
						const documents = ask(tx, asked);
						subscriptions.add(`q${i}`, tx.reads);
						tx.commit();
						return JSON.stringify(documents);
					});
					tx = store.begin('write');
					for (const now of after) apply(tx, model, now);
					const invalidated = new Set(subscriptions.invalidatedBy(tx.commit()));
					tx = store.begin('read');
					queries.forEach((asked, i) => {
						const changed = JSON.stringify(ask(tx, asked)) !== answers[i];
						if (changed) expect(invalidated).toContain(`q${i}`);
						if (changed) changes++;
						else if (!invalidated.has(`q${i}`)) misses++;
					});
					tx.commit();
					store.close();
				}
			),
			{ numRuns: 400 }
		);
		// Both kinds occurred: the property is not satisfied by invalidating everything or changing nothing.
		expect(changes).toBeGreaterThan(50);
		expect(misses).toBeGreaterThan(50);
	});

	test('a long scan equals the model while its own transaction writes', () => {
		const store = SqliteStore.open(':memory:');
		applySchema(store, schema);
		const tx = store.begin('write');
		for (let n = 0; n < 3000; n++) tx.insert('', 'items', { a: n % 10, b: n });
		const seen: number[] = [];
		const range = rangeFromExpressions(
			'items.by_ab',
			['a', 'b', '_creationTime'],
			[{ type: 'Eq', fieldPath: 'a', value: 3 }]
		);
		const scan = tx.scan('', 'items', 'by_ab', range, 'desc');
		for (let entry = scan.next(); entry !== null; entry = scan.next()) {
			const document = JSON.parse(entry.document.json);
			seen.push(document.b);
			if (document.b % 2 === 1) tx.remove('', entry.document.id);
			else tx.patch('', entry.document.id, { b: document.b + 100_000 });
		}
		expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => 2993 - i * 10));
		tx.commit();
		expect(indexFaults(store)).toEqual([]);
		store.close();
	});
});
