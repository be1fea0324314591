import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { MAX_MESSAGE_CHARACTERS } from './limits.ts';
import { inMessages, shared, understandsChunks } from './texts.ts';
import type { Message } from './texts.ts';

const chunk = z.strictObject({
	type: z.literal('TransitionChunk'),
	chunk: z.string().min(1),
	partNumber: z.number(),
	totalParts: z.number(),
	transitionId: z.string()
});

const textOf = (message: Message): string => message.map(String).join('');

/** Characters of two and four bytes, those that JSON escapes, and lengths around the boundaries of pieces and messages. */
const part = fc
	.record({
		character: fc.constantFrom('a', 'é', '😀', '"', '\\', '\n', 'a😀'),
		length: fc.constantFrom(1, 65_535, 499_999, 500_001, 1_000_001, 2_500_000, MAX_MESSAGE_CHARACTERS - 1)
	})
	.map(({ character, length }) => character.repeat(Math.ceil(length / character.length)));

test('the chunks of a text are the text, in messages of bounded length, and so is the whole', () => {
	fc.assert(
		fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
			const text = parts.join('');
			const messages = inMessages(parts.map(shared), true);
			if (text.length <= MAX_MESSAGE_CHARACTERS) {
				expect(messages.map(textOf).join() === text).toBe(true);
				return;
			}
			const chunks = messages.map((message) => chunk.parse(JSON.parse(textOf(message))));
			expect(chunks.map((one) => one.chunk).join('') === text).toBe(true);
			expect(chunks.map(({ partNumber }) => partNumber)).toEqual(chunks.map((_, place) => place));
			expect(new Set(chunks.map(({ totalParts, transitionId }) => `${totalParts} ${transitionId}`)).size).toBe(1);
			expect(chunks[0]?.totalParts).toBe(chunks.length);
			for (const one of chunks) expect(one.chunk.length).toBeLessThanOrEqual(MAX_MESSAGE_CHARACTERS);
			expect(inMessages(parts.map(shared), false).map(textOf).join() === text).toBe(true);
		}),
		{ numRuns: 12 }
	);
}, 30_000);

test('a large text is the same bytes in every message that it is part of', () => {
	const large = shared('x'.repeat(2 * MAX_MESSAGE_CHARACTERS));
	const buffers = (chunks: boolean): Set<unknown> =>
		new Set(
			['one', 'another']
				.flatMap((head) => inMessages([head, large, 'tail'], chunks).flat())
				.filter((of) => typeof of !== 'string')
		);
	expect(buffers(false).size).toBe(1);
	expect(buffers(true).size).toBe(20);
});

test.each([
	['1.28.0', true],
	['npm-1.48.0', true],
	['2.0.0', true],
	['1.27.9', false],
	['', false],
	['dashboard', false]
])('a client of version "%s" understands chunks: %s', (version, understands) => {
	expect(understandsChunks(version)).toBe(understands);
});
