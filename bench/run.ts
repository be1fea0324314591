/**
 * `npm run bench`: every bench of this folder, one after the other. Each measures ours against a floor in the same run and
 * is read as a ratio; the figures of the last deliberate run stand in bench/README.md.
 */
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { Measure } from './measure.ts';

interface Bench {
	run(): Promise<readonly Measure[]>;
}

const isBench = (module: unknown): module is Bench =>
	typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function';

/** This file, and what takes too long to be run with the others. */
const APART = new Set(['run.ts', 'measure.ts', 'rawFile.ts', 'embedded-soak.ts']);

const only = process.argv.slice(2);
const files = readdirSync(import.meta.dirname).filter(
	(file) => file.endsWith('.ts') && !APART.has(file) && (only.length === 0 || only.some((word) => file.includes(word)))
);
for (const file of files.toSorted()) {
	const bench: unknown = await import(pathToFileURL(join(import.meta.dirname, file)).href);
	if (!isBench(bench)) throw new Error(`bench/${file} exports no run().`);
	console.log(`\n${file}`);
	console.table(
		(await bench.run()).map(({ name, unit, ours, floor, ratio }) => ({
			work: name,
			ours: Math.round(ours),
			floor: Math.round(floor),
			unit,
			ratio: ratio.toFixed(2)
		}))
	);
}
