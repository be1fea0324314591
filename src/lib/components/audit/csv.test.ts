import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLine } from './csv.ts';

test.each([
	['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
	['+1', `'+1`],
	['-1', `'-1`],
	['@x', `'@x`],
	['\tx', `'\tx`],
	['\rx', `"'\rx"`],
	['a,b', '"a,b"'],
	['two\nlines', '"two\nlines"'],
	['"quoted"', '"""quoted"""'],
	['plain', 'plain'],
	['', '']
])('%j is written as %s', (text, written) => {
	expect(csvLine([text])).toBe(`${written}\r\n`);
});

test('numbers stay numbers', () => {
	expect(csvLine([-1, 0.5, 'x'])).toBe('-1,0.5,x\r\n');
});

/** A reader of RFC 4180. */
function parse(line: string): string[] {
	const cells: string[] = [];
	let [at, cell, quoted] = [0, '', false];
	for (; at < line.length; at += 1) {
		const letter = line.charAt(at);
		if (quoted && letter === '"' && line.charAt(at + 1) === '"') {
			cell += '"';
			at += 1;
		} else if (letter === '"') quoted = !quoted;
		else if (!quoted && letter === ',') {
			cells.push(cell);
			cell = '';
		} else if (!quoted && letter === '\r') break;
		else cell += letter;
	}
	return [...cells, cell];
}

test('any text comes back, and none begins as a formula does', () => {
	fc.assert(
		fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (texts) => {
			const read = parse(csvLine(texts));
			expect(read.map((text, index) => (text === texts[index] ? text : text.replace(/^'/, '')))).toEqual(texts);
			for (const text of read) expect(text).not.toMatch(/^[=+\-@\t\r]/);
		})
	);
});
