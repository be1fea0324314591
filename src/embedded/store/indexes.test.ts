import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceOf } from './indexes.ts';

const keys = fc
	.uniqueArray(fc.uint8Array({ maxLength: 3 }), { selector: (key) => Buffer.from(key).toString('hex') })
	.map((list) => list.sort((a, b) => Buffer.compare(a, b)));

describe('differenceOf', () => {
	it('names what is in one list only', () => {
		fc.assert(
			fc.property(keys, keys, (before, after) => {
				const hex = (list: readonly Uint8Array[]): string[] => list.map((key) => Buffer.from(key).toString('hex'));
				const { removed, added } = differenceOf(before, after);
				expect(hex(removed)).toEqual(hex(before).filter((key) => !hex(after).includes(key)));
				expect(hex(added)).toEqual(hex(after).filter((key) => !hex(before).includes(key)));
			}),
			{ numRuns: 500 }
		);
	});
});
