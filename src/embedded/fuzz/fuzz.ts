/** `node src/embedded/fuzz/fuzz.ts [--seconds N] [--seed S] [--length N]`: looks for what the engine and the model disagree on. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { search } from './search.ts';

const { values } = parseArgs({
	options: {
		seconds: { type: 'string', default: '60' },
		seed: { type: 'string' },
		length: { type: 'string', default: '40' }
	}
});
const seconds = Number(values.seconds);
const length = Number(values.length);
const until = Date.now() + seconds * 1000;
let seed = values.seed === undefined ? Date.now() % 1e9 : Number(values.seed);
let played = 0;
let differences = 0;
while (Date.now() < until) {
	const ran = await search({ seed, seconds: (until - Date.now()) / 1000, length, shrinkSeconds: 120 });
	played += ran.played;
	if (ran.found === null) {
		seed += ran.played;
		break;
	}
	differences += 1;
	const { scenario, difference } = ran.found;
	seed = ran.found.seed;
	const name = createHash('sha256').update(scenario).digest('hex').slice(0, 8);
	const file = fileURLToPath(new URL(`../regressions/${name}.json`, import.meta.url));
	writeFileSync(file, scenario);
	process.stdout.write(`Seed ${seed}: ${difference}\nThe smallest scenario found is in ${file}.\n`);
	seed += 1;
}
process.stdout.write(
	`${played} scenarios of up to ${length} steps, the next seed is ${seed}: ${differences} differences.\n`
);
process.exitCode = differences === 0 ? 0 : 1;
