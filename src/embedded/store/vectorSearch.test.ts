import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterKey } from './filterKeys.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { applySchema, exportedSchema, read, write } from './testStore.ts';
import type { StoreTransaction } from './transaction.ts';

const schema = exportedSchema({ points: { vector: { near: { fields: ['at', 'color', 'size'], dimensions: 3 } } } });
const vector = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 });
const point = fc.record({
	at: fc.oneof(
		{ weight: 5, arbitrary: vector },
		{ weight: 1, arbitrary: fc.constantFrom(null, 'x', [1, 2], [1, 'a', 2]) }
	),
	color: fc.constantFrom('red', 'blue'),
	size: fc.constantFrom(1, 2)
});

function cosine(a: readonly number[], b: readonly number[]): number {
	const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
	const length = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
	return length === 0 ? 0 : dot(a, b) / length;
}

const isVector = (at: unknown): at is number[] =>
	Array.isArray(at) && at.length === 3 && at.every((x) => typeof x === 'number');

describe('vector search', () => {
	it('finds what a plain list of vectors finds, after inserts, changes, removals and rollbacks', () => {
		const change = fc.record({ type: fc.constantFrom('replace', 'remove', 'undone'), at: fc.nat(), fields: point });
		fc.assert(
			fc.property(
				fc.array(point, { minLength: 1, maxLength: 20 }),
				fc.array(change, { maxLength: 10 }),
				vector,
				fc.integer({ min: 1, max: 25 }),
				fc.boolean(),
				(points, changes, wanted, limit, filtered) => {
					const store = SqliteStore.open(':memory:');
					applySchema(store, schema);
					const model = new Map(
						write(store, (tx) => points.map((fields) => [tx.insert('', 'points', fields), fields] as const))
					);
					const filters = filtered
						? [
								{ field: 0, anyOf: [filterKey('red')] },
								{ field: 1, anyOf: [filterKey(2), filterKey(7)] }
							]
						: [];
					const search = (tx: StoreTransaction) =>
						tx.searches.vectors('', 'points', 'near', { vector: wanted, limit, filters });
					const check = (): void => {
						const scores = read(store, search).map(({ id, score }) => {
							const at = model.get(id)?.at;
							expect(score).toBeCloseTo(isVector(at) ? cosine(at, wanted) : NaN, 5);
							return score;
						});
						const all = [...model.values()]
							.filter(({ color, size }) => !filtered || color === 'red' || size === 2)
							.flatMap(({ at }) => (isVector(at) ? [cosine(at, wanted)] : []))
							.sort((a, b) => b - a)
							.slice(0, limit);
						expect(scores).toHaveLength(all.length);
						for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(all[i] ?? NaN, 5);
					};
					check();
					for (const { type, at, fields } of changes) {
						const id = [...model.keys()][at % Math.max(model.size, 1)];
						if (type === 'undone') {
							const tx = store.begin('write');
							tx.insert('', 'points', fields);
							search(tx);
							tx.rollback();
						} else if (id !== undefined && type === 'replace') {
							write(store, (tx) => tx.replace('', id, fields));
							model.set(id, fields);
						} else if (id !== undefined) {
							write(store, (tx) => tx.remove('', id));
							model.delete(id);
						}
						check();
					}
					expect(indexFaults(store)).toEqual([]);
					store.close();
				}
			),
			{ numRuns: 100 }
		);
	});
});
