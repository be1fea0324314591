/** Labels that must not cover each other. Pure. */

/** Moves marks apart until they stand `gap` from each other, in their order, and none below `bottom`. */
export function spread<Mark extends { readonly top: number }>(
	marks: readonly Mark[],
	gap: number,
	bottom: number
): Mark[] {
	const sorted = marks.toSorted((a, b) => a.top - b.top);
	const tops: number[] = [];
	for (const { top } of sorted) tops.push(Math.max(top, (tops.at(-1) ?? -Infinity) + gap));
	let ceiling = bottom;
	for (let index = tops.length - 1; index >= 0; index -= 1) {
		tops[index] = Math.min(tops[index] ?? 0, ceiling);
		ceiling = (tops[index] ?? 0) - gap;
	}
	return sorted.map((mark, index) => ({ ...mark, top: tops[index] ?? mark.top }));
}
