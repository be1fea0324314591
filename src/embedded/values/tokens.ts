/** Words of this many UTF-8 bytes or more are not indexed. */
const MAX_TERM_BYTES = 32;

const WORD = /[\p{Alphabetic}\p{N}]+/gu;

/**
 * The words of a text as text search knows them: runs of letters and digits of any script, in lower case, long ones left
 * out. No stemming and no stop words, as in the backend's tokenizer (tantivy's simple one).
 */
export function tokensOf(text: string): string[] {
	const tokens: string[] = [];
	for (const [word] of text.matchAll(WORD)) {
		if (word.length * 3 >= MAX_TERM_BYTES && Buffer.byteLength(word) >= MAX_TERM_BYTES) continue;
		tokens.push(lowerCase(word));
	}
	return tokens;
}

/** Each character by itself: a capital sigma at the end of a word is like any other. */
function lowerCase(word: string): string {
	return word.includes('Σ') ? Array.from(word, (character) => character.toLowerCase()).join('') : word.toLowerCase();
}
