import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerpt, redactor } from './redact.ts';

const secret = fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }).filter((text) => text.trim().length >= 8);
const around = fc.string({ maxLength: 20 });

describe('redaction', () => {
	it('hides a secret in every encoding', () => {
		fc.assert(
			fc.property(secret, around, around, (key, before, after) => {
				const redact = redactor([key]);
				const encodings: ((text: string) => string)[] = [
					(text) => text,
					(text) => JSON.stringify(text).slice(1, -1),
					encodeURIComponent,
					(text) => new URLSearchParams({ q: text }).toString().slice(2)
				];
				for (const encode of encodings) expect(redact(`${before}${encode(key)}${after}`)).not.toContain(encode(key));
			})
		);
	});

	it('hides a secret inside base64, wherever it begins', () => {
		fc.assert(
			fc.property(secret, fc.string({ maxLength: 12 }), (key, user) => {
				const redact = redactor([key]);
				for (const alphabet of ['base64', 'base64url'] as const) {
					const token = Buffer.from(`${user}:${key}`).toString(alphabet);
					// Of the letters that depend on the secret alone, at most one at each end may be left.
					const shown = redact(`Basic ${token}`).replace('Basic ', '').replace('[hidden]', '');
					expect(shown.length).toBeLessThanOrEqual(Math.ceil(((Buffer.byteLength(user) + 1) * 4) / 3) + 6);
					expect(redact(`Basic ${token}`)).toContain('[hidden]');
				}
			})
		);
	});

	it('leaves other words alone', () => {
		expect(redactor(['', 'abc'])('abc of nothing')).toBe('abc of nothing');
		expect(redactor([])('plain')).toBe('plain');
	});

	it('hides the longer of two secrets first', () => {
		expect(redactor(['token', 'token-with-more'])('a token-with-more b')).toBe('a [hidden] b');
	});
});

describe('an excerpt', () => {
	const plain = (text: string) => text;

	it('is 200 characters on one line', () => {
		expect(excerpt(`a\n\tb\u0000\u202e${'c'.repeat(300)}`, plain)).toBe(`a b ${'c'.repeat(196)}…`);
	});

	it('leaves out web pages', () => {
		expect(excerpt('<!DOCTYPE html><html><title>Log in</title>', plain)).toBe('');
	});

	it('shows no half of a secret where it is cut', () => {
		const body = `${'x'.repeat(190)}planted-secret-1234567890`;
		expect(excerpt(body, redactor(['planted-secret-1234567890']))).toBe(`${'x'.repeat(190)}[hidden]`);
	});
});
