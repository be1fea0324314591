import { expect, test } from 'vitest';
import { KeySequence } from './keySequence.ts';

test('a key follows the first one soon after it, once, and nothing follows before there was a first', () => {
	const keys = new KeySequence();
	// Also in the first moments of a page, whose clock begins at 0.
	expect(keys.follow(300)).toBe(false);
	keys.begin(1_000);
	expect(keys.follow(2_199)).toBe(true);
	expect(keys.follow(2_200)).toBe(false);
	keys.begin(3_000);
	expect(keys.follow(4_200)).toBe(false);
});
