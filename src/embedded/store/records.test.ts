import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eachChange, PUT, Records, REMOVED, SAME } from './records.ts';
import type { SharedRecords } from './records.ts';

/** One write: of a document when the target is negative. */
interface Write {
	readonly target: number;
	readonly key: string;
	readonly what: number;
	readonly text: string;
}

const write: fc.Arbitrary<Write> = fc.record({
	target: fc.constantFrom(-2, -1, 1, 2),
	key: fc.constantFrom('a', 'b', 'c\xff', 'd\0d'),
	what: fc.constantFrom(PUT, PUT, REMOVED, SAME),
	text: fc.constantFrom('{}', '{"e":"é€😀"}', 'x'.repeat(700))
});

const step = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ type: fc.constant('write' as const), write }) },
	{ weight: 3, arbitrary: fc.record({ type: fc.constant('look' as const), target: fc.constantFrom(-2, -1, 1, 2) }) },
	{ weight: 2, arbitrary: fc.record({ type: fc.constant('truncate' as const), part: fc.double({ min: 0, max: 1 }) }) },
	{ weight: 1, arbitrary: fc.record({ type: fc.constant('append' as const), writes: fc.array(write) }) },
	{ weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const) }) }
);

function add(records: Records, { target, key, what, text }: Write): void {
	const bytes = records.begin().bytes(Buffer.from(key, 'latin1'));
	if (target > 0) return records.end(target, what);
	const keyEnd = bytes.length;
	if (what === PUT) bytes.text(text);
	records.endDocument(-target, what, keyEnd);
}

function changes(shared: SharedRecords): Write[] {
	const found: Write[] = [];
	const part = (start: number, end: number): Buffer => Buffer.from(shared.bytes.slice(start, end));
	eachChange(shared, ({ target, what, start, keyEnd, end }) =>
		found.push({
			target,
			what,
			key: part(start, keyEnd).toString('latin1'),
			text: part(keyEnd, end).toString()
		})
	);
	return found;
}

const asChanged = ({ target, key, what, text }: Write): Write => ({
	target,
	key,
	what,
	text: target < 0 && what === PUT ? text : ''
});

describe('records', () => {
	test('hold what a plain list holds, however they are written, looked up and taken back', () => {
		let looked = 0;
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
				const records = new Records();
				let list: Write[] = [];
				for (const now of steps) {
					if (now.type === 'write') {
						add(records, now.write);
						list.push(now.write);
					} else if (now.type === 'append') {
						const newer = new Records();
						for (const one of now.writes) add(newer, one);
						records.append(newer);
						list.push(...now.writes);
					} else if (now.type === 'truncate') {
						list = list.slice(0, Math.floor(now.part * list.length));
						records.truncate(list.length);
					} else if (now.type === 'clear') {
						list = [];
						records.clear();
					} else {
						const newest = new Map(
							list.filter(({ target, what }) => target === now.target && what !== SAME).map((one) => [one.key, one])
						);
						const keys = records.keysOf(now.target);
						expect(keys?.size ?? 0).toBe(newest.size);
						const cursor = keys?.cursor('', null, 'asc');
						for (const [key, one] of [...newest].sort(([a], [b]) => (a < b ? -1 : 1))) {
							looked++;
							const found = keys?.find(key) ?? -1;
							expect([cursor?.key, cursor?.value]).toEqual([key, found]);
							cursor?.advance();
							expect(records.isPresent(found)).toBe(one.what === PUT);
							expect(Buffer.from(records.key(found)).toString('latin1')).toBe(key);
							if (one.target < 0 && one.what === PUT) expect(records.text(found)).toBe(one.text);
						}
						expect(cursor?.key ?? null).toBeNull();
					}
					expect(records.size).toBe(list.length);
				}
				expect(changes(records.shared)).toEqual(list.filter(({ what }) => what !== SAME).map(asChanged));
			}),
			{ numRuns: 500 }
		);
		expect(looked).toBeGreaterThan(1_000);
	});

	test('a record that is not ended is forgotten', () => {
		const records = new Records();
		records.begin().bytes(Uint8Array.of(1, 2, 3));
		add(records, { target: 1, key: 'k', what: PUT, text: '' });
		records.begin().bytes(Uint8Array.of(4));
		expect(changes(records.shared).map(({ key }) => key)).toEqual(['k']);
	});

	test('memory of a large transaction is given back', () => {
		const records = new Records();
		for (let n = 0; n < 20_000; n++) add(records, { target: -1, key: String(n), what: PUT, text: 'x'.repeat(700) });
		expect(records.shared.bytes.length).toBeGreaterThan(14_000_000);
		records.clear();
		expect(records.shared.bytes.length).toBeLessThan(10_000);
	});
});
