/** `node src/embedded/fuzz/killRounds.ts [--rounds N] [--seed S]`: kills a deployment under load so often, and says what was lost. */
import { parseArgs } from 'node:util';
import { killRounds } from './kill/rounds.ts';

const { values } = parseArgs({
	options: { rounds: { type: 'string', default: '1000' }, seed: { type: 'string' } }
});
const seed = values.seed === undefined ? Date.now() % 1e9 : Number(values.seed);
process.stdout.write(`Seed ${seed}.\n`);
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const { faults, ...figures } = await killRounds({ rounds: Number(values.rounds), seed, perFolder: 25, say });
for (const fault of faults) say(fault);
say(`${JSON.stringify(figures)}: ${faults.length} faults.`);
process.exit(faults.length === 0 ? 0 : 1);
