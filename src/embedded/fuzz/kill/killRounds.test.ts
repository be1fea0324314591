/** The short form of `killRounds.ts`. */
import { expect, test } from 'vitest';
import { killRounds } from './rounds.ts';

const SEED = Math.floor(Date.now() / 86_400_000);

test.runIf(process.platform === 'linux')(
	`a deployment that is killed under load loses nothing (seed ${SEED})`,
	async () => {
		const report = await killRounds({ rounds: 8, seed: SEED, perFolder: 8 });
		expect(report.faults).toEqual([]);
		expect(report.kills.server).toBeGreaterThan(0);
		expect(report.kills.engine).toBeGreaterThan(0);
		expect(report.acknowledged).toBeGreaterThan(100);
		expect(report.batches).toBeGreaterThan(0);
	},
	120_000
);
