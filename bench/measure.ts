/** What every bench answers with, and how its sides take turns. */

export interface Measure {
	readonly name: string;
	readonly unit: string;
	readonly ours: number;
	readonly floor: number;
	/** ours / floor, or floor / ours where less is better: above 1 is better than the floor. */
	readonly ratio: number;
}

/** Operations a second. */
export type Round = () => number | Promise<number>;

/** The best of several rounds, in which the two sides take turns: other load only ever slows a round. */
export async function compare(
	name: string,
	unit: string,
	sides: { readonly ours: Round; readonly floor: Round },
	rounds = 5
): Promise<Measure> {
	const [ours, floor] = [[0], [0]];
	for (let round = 0; round < rounds; round++) {
		ours.push(await sides.ours());
		floor.push(await sides.floor());
	}
	const [a, b] = [Math.max(...ours), Math.max(...floor)];
	return { name, ours: a, floor: b, ratio: a / b, unit };
}

/** `count` operations took the time of `action`: operations a second. */
export async function perSecond(count: number, action: () => unknown): Promise<number> {
	const start = performance.now();
	await action();
	return (count * 1000) / (performance.now() - start);
}
