/**
 * `npm run bench`: every bench of this folder, one after the other. Each measures ours against a floor in the same run and
 * is read as a ratio; the figures of the last deliberate run stand in bench/README.md.
 */
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

export interface Measure {
	readonly name: string;
	readonly unit: string;
	readonly ours: number;
	readonly floor: number;
	/** ours / floor, or floor / ours where less is better: above 1 is better than the floor. */
	readonly ratio: number;
}

interface Bench {
	run(): Promise<readonly Measure[]>;
}

const isBench = (module: unknown): module is Bench =>
	typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function';

/** This file, and what takes too long to be run with the others. */
const APART = new Set(['run.ts', 'embedded-soak.ts']);

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
