/** The i-th document of the benches: 50 series, each with a document a day. */
export function item(i: number) {
	return {
		name: `series ${i % 50}`,
		day: 20_000 + Math.floor(i / 50),
		value: i * 1.5,
		state: i % 7 === 0 ? 'partial' : 'complete'
	};
}
