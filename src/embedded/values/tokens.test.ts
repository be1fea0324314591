import { expect, test } from 'vitest';
import { tokensOf } from './tokens.ts';

test.each([
	['Hello, World!', ['hello', 'world']],
	["don't re-use a_b", ['don', 't', 're', 'use', 'a', 'b']],
	['Ünïcode ΟΔΟΣ Größe', ['ünïcode', 'οδοσ', 'größe']],
	['数据 v2.0 ½', ['数据', 'v2', '0', '½']],
	[`${'a'.repeat(31)} ${'b'.repeat(32)} ${'é'.repeat(15)} ${'é'.repeat(16)}`, ['a'.repeat(31), 'é'.repeat(15)]],
	['', []]
])('the words of %j', (text, words) => {
	expect(tokensOf(text)).toEqual(words);
});
