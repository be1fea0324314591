import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freshKey, generateKey, readKeyRing, seal, unseal } from './crypto.ts';
import { IntegrationError } from './errors.ts';

const old = generateKey('old');
const ring = readKeyRing(old);

describe('sealed credentials', () => {
	test('open again, and never look alike', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), fc.string({ minLength: 1 }), (text, connection) => {
				const [a, b] = [seal(ring, connection, text), seal(ring, connection, text)];
				expect(unseal(ring, connection, a)).toBe(Buffer.from(text).toString());
				expect(a.sealed).not.toBe(b.sealed);
			})
		);
	});

	test('open for no other connection, and not when a single bit was changed', () => {
		const one = seal(ring, 'connection 1', '{"token":"secret"}');
		expect(() => unseal(ring, 'connection 2', one)).toThrow(IntegrationError);
		const bytes = Buffer.from(one.sealed, 'base64');
		for (let index = 0; index < bytes.length; index += 1) {
			const changed = Buffer.from(bytes);
			changed[index] = (changed[index] ?? 0) ^ 1;
			expect(() => unseal(ring, 'connection 1', { ...one, sealed: changed.toString('base64') })).toThrow(
				IntegrationError
			);
		}
		expect(() => unseal(ring, 'connection 1', { ...one, sealed: '' })).toThrow(IntegrationError);
	});

	test('open after a new key was put in front, and new ones use that key', () => {
		const rotated = readKeyRing(`${generateKey('new')},${old}`);
		expect(unseal(rotated, 'c', seal(ring, 'c', 'text'))).toBe('text');
		expect(seal(rotated, 'c', 'text').keyId).toBe('new');
	});

	test('are sealed with a fresh key that has an id of its own', () => {
		const ids = Array.from({ length: 20 }, () => freshKey().split(':')[0]);
		expect(new Set(ids).size).toBe(20);
		expect(readKeyRing(ids.map((id) => generateKey(String(id))).join(',')).size).toBe(20);
	});

	test('name the key that is missing', () => {
		expect(() => unseal(readKeyRing(generateKey('new')), 'c', seal(ring, 'c', 'text'))).toThrow('"old"');
	});
});

test.each([undefined, '', ' ', 'k1', 'k1:', 'k1:AAAA', `${old},${old}`, `${old},`, old.slice(0, -2)])(
	'a key ring like %s is refused without being quoted',
	(text) => {
		expect(() => readKeyRing(text)).toThrow('PLUMBLINE_SECRET_KEYS');
		const secret = old.slice(4, 20);
		expect(() => readKeyRing(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(secret) }));
	}
);
