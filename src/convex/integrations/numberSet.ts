/** A set of whole numbers as a short text, for checkpoints: gaps where they lie far apart, bits where they lie close. */

/** Never negative numbers as text. */
export function packNumbers(numbers: ReadonlySet<number>): string {
	const sorted = [...numbers].toSorted((a, b) => a - b);
	const gaps = sorted.map((number, index) => (number - (sorted[index - 1] ?? 0)).toString(36)).join(' ');
	const [first = 0] = sorted;
	const bitsLength = Math.ceil(((sorted.at(-1) ?? 0) - first + 1) / 6);
	return gaps.length <= bitsLength ? `gaps ${gaps}` : `bits ${first.toString(36)} ${bitsOf(sorted, first)}`;
}

/** The set that was packed; null when the text is none of `packNumbers`. */
export function unpackNumbers(text: string): Set<number> | null {
	const [kind, first = '', bits = ''] = text.split(' ');
	if (kind === 'bits') return fromBits(parseInt(first, 36), bits);
	if (kind !== 'gaps') return null;
	const numbers = new Set<number>();
	let number = 0;
	for (const gap of text.split(' ').slice(1)) {
		if (gap === '') continue;
		number += parseInt(gap, 36);
		if (Number.isNaN(number)) return null;
		numbers.add(number);
	}
	return numbers;
}

function bitsOf(sorted: readonly number[], first: number): string {
	const bytes = new Uint8Array(Math.ceil(((sorted.at(-1) ?? first) - first + 1) / 8));
	for (const number of sorted) {
		const index = (number - first) >> 3;
		bytes[index] = (bytes[index] ?? 0) | (1 << ((number - first) & 7));
	}
	return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBits(first: number, bits: string): Set<number> | null {
	if (Number.isNaN(first) || !/^[A-Za-z0-9+/]*={0,2}$/.test(bits)) return null;
	const numbers = new Set<number>();
	for (const [index, letter] of [...atob(bits)].entries()) {
		for (let bit = 0; bit < 8; bit += 1) {
			if ((letter.charCodeAt(0) >> bit) & 1) numbers.add(first + index * 8 + bit);
		}
	}
	return numbers;
}
