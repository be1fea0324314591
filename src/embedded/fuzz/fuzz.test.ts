/** The engine and the model say the same: first over everything that they once parted on, then over new random scenarios. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { play } from './play.ts';
import { readScenario } from './program.ts';
import { search } from './search.ts';
import { programsBundle } from './target.ts';

const REGRESSIONS = new URL('../regressions/', import.meta.url);
/** A seed of every day, so that the suite goes on searching and can still be repeated. */
const SEED = Math.floor(Date.now() / 86_400_000) * 1000;

describe('the engine and the model', () => {
	const bundle = programsBundle();

	test.each(readdirSync(REGRESSIONS))('agree on %s', async (name) => {
		await play(readScenario(readFileSync(new URL(name, REGRESSIONS), 'utf8')), await bundle);
	});

	test(`agree on random scenarios from seed ${SEED}`, async () => {
		const { played, found } = await search({ seed: SEED, seconds: 12, length: 40, shrinkSeconds: 30 });
		expect(found).toBeNull();
		expect(played).toBeGreaterThan(0);
	}, 90_000);
});
