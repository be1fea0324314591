import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedMap } from './orderedMap.ts';

const key = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\xff'), maxLength: 3 });
const step = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ type: fc.constant('set' as const), key, value: fc.nat(9) }) },
	{ weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
	{
		weight: 2,
		arbitrary: fc.record({
			type: fc.constant('walk' as const),
			lower: key,
			upper: fc.option(key),
			order: fc.constantFrom('asc' as const, 'desc' as const)
		})
	},
	{ weight: 1, arbitrary: fc.record({ type: fc.constant('many' as const), value: fc.nat(9) }) }
);

test('walks over ranges equal those of a sorted list, whatever was set and deleted', () => {
	fc.assert(
		fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
			const map = new OrderedMap<number>();
			const model = new Map<string, number>();
			const set = (name: string, value: number): void => {
				map.set(name, value);
				model.set(name, value);
			};
			for (const now of steps) {
				if (now.type === 'set') set(now.key, now.value);
				else if (now.type === 'many') {
					for (let i = 0; i < 40; i++) set(`a${i}`, now.value);
				} else if (now.type === 'delete') {
					map.delete(now.key);
					model.delete(now.key);
				} else {
					const { lower, upper, order } = now;
					const expected = [...model]
						.filter(([name]) => name >= lower && (upper === null || name < upper))
						.sort(([a], [b]) => (a < b ? -1 : 1));
					if (order === 'desc') expected.reverse();
					const walked: [string, number | undefined][] = [];
					for (const cursor = map.cursor(lower, upper, order); cursor.key !== null; cursor.advance())
						walked.push([cursor.key, cursor.value]);
					expect(walked).toEqual(expected);
				}
				expect(map.size).toBe(model.size);
			}
		}),
		{ numRuns: 500 }
	);
});
