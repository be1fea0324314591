/** `npm test`: every test there is, on what this machine has or can install by itself. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChromium } from './tools/chromium.ts';
import { installDebianPackage } from './tools/debian.ts';
import { findPrometheus } from './tools/prometheus.ts';

function step(name: string, command: readonly string[]): void {
	console.log(`\n── ${name}`);
	const started = performance.now();
	const [file = process.execPath, ...args] = command;
	const { status } = spawnSync(file, args, { stdio: 'inherit' });
	console.log(
		`── ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(1)} s`
	);
	if (status !== 0) process.exit(status ?? 1);
}

const bin = (path: string) => [process.execPath, `node_modules/${path}`];

if (findChromium() === null) installDebianPackage('chromium');
if (findChromium() === null) {
	console.error(
		'No Chromium found. Do one of these and run npm test again: apt-get install -y chromium, ' +
			'npx playwright install --with-deps chromium, or set CHROMIUM_PATH.'
	);
	process.exit(1);
}
if (findPrometheus() === null) installDebianPackage('prometheus');
if (findPrometheus() === null) {
	console.warn(
		'\n!! No Prometheus found: the tests that need a real one are SKIPPED by name. apt-get install prometheus brings it.\n'
	);
}

step('unit, functions, contracts', [...bin('vitest/vitest.mjs'), 'run']);
if (!process.argv.includes('--no-build') || !existsSync('build/functions.json')) {
	step('production build (pages)', [...bin('vite/bin/vite.js'), 'build', '--logLevel', 'warn']);
	step('production build (functions)', [process.execPath, 'scripts/build-functions.ts']);
}
step('journeys in a real browser', [...bin('@playwright/test/cli.js'), 'test']);
