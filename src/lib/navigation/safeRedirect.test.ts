import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeRedirect } from './safeRedirect.ts';

const SITE = 'https://plumbline.example';
/** Pieces that open redirects have been made of. */
const piece = fc.constantFrom(
	...['/', '//', '\\', '.', '..', '@', ':', '?', '#', ';', '%2f', '%2F', '%5c', '%5C', '%00', '%09', '%2e', '%252f'],
	...['\t', '\n', '\r', '\0', ' ', '\u2028', '／', '。', 'http:', 'https:', 'javascript:', 'data:', 'evil.example', 'a']
);

describe('safeRedirect', () => {
	it.each([
		'//evil.example',
		'///evil.example',
		'/\\evil.example',
		'\\/evil.example',
		'\\\\evil.example',
		'https://evil.example',
		'https:evil.example',
		'https:/evil.example',
		'HTTP://evil.example',
		'//user:pw@evil.example',
		'%2f%2fevil.example',
		'/%2f%2fevil.example',
		'/%2Fevil.example',
		'/%5cevil.example',
		'/.//evil.example',
		'/./\\evil.example',
		'/a/..//evil.example',
		'/a/%2e%2e//evil.example',
		'/\t/evil.example',
		'/\n/evil.example',
		'\t//evil.example',
		' //evil.example',
		'/\u0000/evil.example',
		'/／evil.example',
		'javascript:alert(1)',
		'java\nscript:alert(1)',
		'data:text/html,<script>alert(1)</script>',
		'evil.example',
		'@evil.example',
		'.evil.example',
		'?next=1',
		'',
		`/${'a'.repeat(3_000)}`
	])('refuses %j', (target) => {
		expect(safeRedirect(target)).toBe('/');
		expect(safeRedirect(target, '/sign-in')).toBe('/sign-in');
	});

	it.each([null, undefined, 7, {}, ['/dashboards'], new URL(SITE)])('refuses what is no text: %o', (target) => {
		expect(safeRedirect(target)).toBe('/');
	});

	it.each([
		'/',
		'/dashboards',
		'/dashboards/abc?range=30d&compare=1#tile-2',
		'/a?to=https://elsewhere.example//x',
		'/%C3%A9'
	])('keeps %j', (target) => {
		expect(safeRedirect(target)).toBe(target);
	});

	it('never leaves the site, whatever it is made of, and is stable', () => {
		const text = fc.oneof(
			fc.string({ unit: 'binary' }),
			fc.webUrl(),
			fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
			fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`)
		);
		fc.assert(
			fc.property(text, (target) => {
				const path = safeRedirect(target);
				expect(new URL(path, SITE).origin).toBe(SITE);
				// A proxy or a router in front may decode once.
				const decoded = path.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
				expect(decoded).toMatch(/^\/(?![/\\])/);
				expect(safeRedirect(path)).toBe(path);
			}),
			{ numRuns: 5_000 }
		);
	});

	it('keeps every plain path of ours', () => {
		const segment = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
		const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
		fc.assert(
			fc.property(path, fc.webQueryParameters(), (plain, query) => {
				expect(safeRedirect(plain)).toBe(plain);
				fc.pre(/^[\x21-\x5b\x5d-\x7e]*$/.test(query));
				expect(new URL(safeRedirect(`${plain}?${query}`), SITE).pathname).toBe(plain);
			})
		);
	});
});
