/** Finds a Chromium for the browser tests: never downloads one, never skips silently. */
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

const SYSTEM = [
	'/usr/bin/chromium',
	'/usr/bin/chromium-browser',
	'/usr/bin/google-chrome',
	'/usr/bin/google-chrome-stable'
];

/** Path of the browser to use, in this order: CHROMIUM_PATH, Playwright's own, the system's. null when there is none. */
export function findChromium(): string | null {
	const named = process.env['CHROMIUM_PATH'];
	if (named) return existsSync(named) ? named : null;
	const own = chromium.executablePath();
	if (own && existsSync(own)) return own;
	return SYSTEM.find((path) => existsSync(path)) ?? null;
}

/** Quiet, offline, and able to run as root in a container. */
export const CHROMIUM_ARGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync'
];
