import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS, findChromium } from './scripts/tools/chromium.ts';

export default defineConfig({
	testDir: 'tests/e2e',
	// One product with one data folder per worker; two cores carry one browser well.
	workers: 1,
	fullyParallel: false,
	timeout: 90_000,
	expect: { timeout: 15_000 },
	reporter: [['list'], ['json', { outputFile: 'test-reports/e2e.json' }]],
	use: {
		actionTimeout: 15_000,
		navigationTimeout: 20_000,
		viewport: { width: 1280, height: 900 },
		locale: 'en-US',
		timezoneId: 'UTC',
		trace: 'retain-on-failure',
		launchOptions: { executablePath: findChromium() ?? undefined, args: CHROMIUM_ARGS }
	}
});
