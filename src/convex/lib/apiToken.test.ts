import { defaultKeyHasher } from '@better-auth/api-key';
import { expect, test } from 'vitest';
import { ALL_SCOPES } from '../../lib/config/permissions.ts';
import { decodeScopes, encodeMaker, encodeScopes, hashOf, isToken, makerOf, newToken, startOf } from './apiToken.ts';

test('a token is long, random, recognised, and hashed as the apiKey plugin would', async () => {
	const tokens = Array.from({ length: 100 }, newToken);
	expect(new Set(tokens).size).toBe(100);
	for (const token of tokens) {
		expect(isToken(token)).toBe(true);
		expect(startOf(token)).toHaveLength(10);
		expect(await hashOf(token)).toBe(await defaultKeyHasher(token));
	}
	for (const text of ['', 'plb_', tokens[0] + 'x', ` ${tokens[0]}`, '__proto__', 'x'.repeat(1_000_000)]) {
		expect(isToken(text)).toBe(false);
	}
});

test('scopes and the maker are read as they were written, and nothing else counts', () => {
	expect(decodeScopes(encodeScopes(ALL_SCOPES))).toEqual(ALL_SCOPES);
	expect(decodeScopes(encodeScopes(['sync:run']))).toEqual(['sync:run']);
	expect(encodeScopes(['numbers:read'])).toBe('{"numbers":["read"]}');
	expect(decodeScopes(undefined)).toEqual([]);
	expect(decodeScopes('{"members":["manage"],"numbers":["write"],"__proto__":["read"]}')).toEqual([]);
	expect(decodeScopes('[]')).toEqual([]);
	expect(makerOf(encodeMaker('someone'))).toBe('someone');
	expect([makerOf(undefined), makerOf('{"makerId":7}'), makerOf('"x"')]).toEqual([null, null, null]);
});
