/** Prints "<passed> <failed>" of a Vitest or Playwright JSON report, for the closing line of CI. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const vitest = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });
const playwright = z.object({ stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number() }) });

const [path = ''] = process.argv.slice(2);
const report: unknown = JSON.parse(readFileSync(path, 'utf8'));
const unit = vitest.safeParse(report);
if (unit.success) {
	console.log(`${unit.data.numPassedTests} ${unit.data.numFailedTests}`);
} else {
	const { stats } = playwright.parse(report);
	console.log(`${stats.expected + stats.flaky} ${stats.unexpected}`);
}
