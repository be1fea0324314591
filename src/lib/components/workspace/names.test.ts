import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freshSlug } from './names.ts';

test('a slug is safe in a path whatever the name, and never the same twice', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'grapheme' }), (name) => {
			expect(freshSlug(name)).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
			expect(freshSlug(name)).not.toBe(freshSlug(name));
		})
	);
});

test('it begins with the words of the name', () => {
	expect(freshSlug(' Café & Söhne GmbH ')).toMatch(/^cafe-so-?hne-gmbh-[0-9a-f]{12}$/);
});
