import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rangeContains } from '../values/keys.ts';
import { SubscriptionIndex } from './subscriptions.ts';
import type { ReadSet } from './types.ts';

const key = fc.uint8Array({ maxLength: 3, max: 4 });
const reads: fc.Arbitrary<ReadSet> = fc.record({
	intervals: fc.array(
		fc.record({ index: fc.integer({ min: 1, max: 2 }), lower: key, upper: fc.option(key, { nil: null }) }),
		{ maxLength: 4 }
	),
	ids: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 2 }).map((ids) => new Set(ids))
});
const writes = fc.record({
	ts: fc.constant(1n),
	entries: fc.array(fc.record({ index: fc.integer({ min: 1, max: 3 }), key }), { maxLength: 4 }),
	ids: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 1 }).map((ids) => new Set(ids))
});
const action = fc.oneof(
	fc.record({ type: fc.constant('add' as const), name: fc.nat(12).map(String), reads }),
	fc.record({ type: fc.constant('remove' as const), name: fc.nat(12).map(String) }),
	fc.record({ type: fc.constant('commit' as const), writes })
);

describe('which subscriptions a commit invalidates', () => {
	test('as the naive answer, while subscriptions come and go', () => {
		fc.assert(
			fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
				const index = new SubscriptionIndex();
				const naive = new Map<string, ReadSet>();
				for (const now of actions) {
					if (now.type === 'add') {
						index.add(now.name, now.reads);
						naive.set(now.name, now.reads);
					} else if (now.type === 'remove') {
						index.remove(now.name);
						naive.delete(now.name);
					} else {
						const expected = [...naive].filter(
							([, { intervals, ids }]) =>
								now.writes.entries.some((entry) =>
									intervals.some((interval) => interval.index === entry.index && rangeContains(interval, entry.key))
								) || [...now.writes.ids].some((id) => ids.has(id))
						);
						expect(index.invalidatedBy(now.writes).sort()).toEqual(expected.map(([name]) => name).sort());
					}
					expect(index.size).toBe(naive.size);
				}
			}),
			{ numRuns: 1000 }
		);
	});

	test('10,000 intervals are not compared one by one', () => {
		const index = new SubscriptionIndex();
		const bound = (n: number) => Uint8Array.of(n >> 8, n & 255);
		for (let n = 0; n < 10_000; n++)
			index.add(`q${n}`, { intervals: [{ index: 1, lower: bound(n * 6), upper: bound(n * 6 + 3) }], ids: new Set() });
		const start = performance.now();
		for (let n = 0; n < 10_000; n++) {
			const hit = index.invalidatedBy({ entries: [{ index: 1, key: bound(n * 6 + (n % 6)) }], ids: new Set() });
			expect(hit.length).toBe(n % 6 < 3 ? 1 : 0);
		}
		// One by one this would be 100 million comparisons, tens of seconds.
		expect(performance.now() - start).toBeLessThan(3000);
	});
});
