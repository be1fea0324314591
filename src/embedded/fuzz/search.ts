import fc from 'fast-check';
import type { PushBundle } from '../engine/bundle.ts';
import { scenarios } from './generate/scenarios.ts';
import { play } from './play.ts';
import { scenarioText } from './program.ts';
import type { Scenario } from './program.ts';
import { shrink } from './shrink.ts';
import { programsBundle } from './target.ts';

export interface Search {
	/** The first scenario's; the next ones count on from it. */
	readonly seed: number;
	readonly seconds: number;
	/** Steps of a scenario, at most. */
	readonly length: number;
	/** Time for making a failure small. */
	readonly shrinkSeconds: number;
}

/** What the engine and the model part on. */
export interface Found {
	readonly seed: number;
	/** The smallest scenario found, as a file of `regressions` holds it. */
	readonly scenario: string;
	readonly difference: string;
}

/** Plays random scenarios until one fails or the time is up. Returns how many it played, and what it found. */
export async function search(options: Search): Promise<{ readonly played: number; readonly found: Found | null }> {
	const { length, shrinkSeconds } = options;
	const bundle = await programsBundle();
	const deadline = Date.now() + options.seconds * 1000;
	for (let seed = options.seed; ; seed++) {
		const played = seed - options.seed;
		if (Date.now() > deadline) return { played, found: null };
		const [scenario] = fc.sample(scenarios(length), { seed, numRuns: 1 });
		const difference = scenario === undefined ? null : await differenceOf(scenario, bundle);
		if (scenario === undefined || difference === null) continue;
		const isSame = async (less: Scenario) => kindOf(await differenceOf(less, bundle)) === kindOf(difference);
		// What comes after the failure has no part in it.
		const failed = Number(/step (\d+)/.exec(difference)?.[1] ?? scenario.steps.length);
		const short = { steps: scenario.steps.slice(0, failed + 1) };
		const small = await shrink(short, isSame, Date.now() + shrinkSeconds * 1000);
		const last = (await differenceOf(small, bundle)) ?? `It does not fail every time. The first time: ${difference}`;
		return { played: played + 1, found: { seed, scenario: scenarioText(small), difference: last } };
	}
}

/** How the engine and the model part over a scenario, or null. */
async function differenceOf(scenario: Scenario, bundle: PushBundle): Promise<string | null> {
	try {
		await play(scenario, bundle);
		return null;
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}

/** Its first line, wherever in the scenario it is: a smaller scenario must not fail for another reason. */
function kindOf(difference: string | null): string | null {
	return difference?.split('\n')[0]?.replace(/\d+/g, '') ?? null;
}
