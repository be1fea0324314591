/**
 * What CI asks about known holes in the packages: `npm audit`, and floors below which a package had one. A registry
 * without advisories (a mirror, no network) is said and tolerated; a finding is not, unless it is written down here.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** High or critical advisories that were looked at and do not concern us, by id (GHSA-…), with the reason. */
const WRITTEN_DOWN: Readonly<Record<string, string>> = {};

/** First versions without the hole that is named: known also where no advisories can be asked for. */
const FLOORS: readonly (readonly [name: string, version: string, hole: string])[] = [
	['svelte', '5.55.7', 'CVE-2026-27121, -27122, -27901, -27902, -42599: XSS in server rendering'],
	['@sveltejs/kit', '2.49.5', 'CVE-2026-22803 and CVE-2025-67647: denial of service, requests forged from the server'],
	['@sveltejs/adapter-node', '5.5.1', 'CVE-2025-67647: denial of service, requests forged from the server'],
	['devalue', '5.6.2', 'CVE-2026-22774, -22775: denial of service while parsing'],
	['vite', '6.0.9', 'GHSA-vg6x-rcgg-rjx6: any page may talk to the development server'],
	['esbuild', '0.25.0', 'GHSA-67mh-4wv8-2f99: any page may read from its development server'],
	['ws', '8.17.1', 'CVE-2024-37890: denial of service by many headers'],
	['better-auth', '1.3.26', 'CVE-2025-61928: API keys made for another user without a session'],
	['undici', '7.18.2', 'CVE-2026-22036: endless decompression'],
	['nodemailer', '7.0.11', 'CVE-2025-13033, -14874: letters to the wrong address, denial of service']
];

const reportSchema = z.object({
	vulnerabilities: z.record(
		z.string(),
		z.object({
			via: z.array(z.union([z.string(), z.object({ url: z.string(), severity: z.string(), title: z.string() })]))
		})
	)
});

/** What npm says when the registry does not answer it, or has no advisories. */
const unansweredSchema = z.object({ message: z.string(), vulnerabilities: z.undefined().optional() });

/** The report of npm, or null when there is nobody to ask. Throws when it cannot be understood. */
function audit(): z.infer<typeof reportSchema> | null {
	const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8' });
	const answer: unknown = JSON.parse(stdout);
	return unansweredSchema.safeParse(answer).success ? null : reportSchema.parse(answer);
}

function installed(name: string): string {
	const manifest: unknown = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
	return z.object({ version: z.string() }).parse(manifest).version;
}

/** Whether a version is the floor or above it. Both are plain releases. */
function reaches(version: string, floor: string): boolean {
	return version.localeCompare(floor, 'en', { numeric: true }) >= 0;
}

const below = FLOORS.filter(([name, floor]) => !reaches(installed(name), floor));
for (const [name, floor, hole] of below) console.error(`${name} ${installed(name)} is below ${floor}: ${hole}.`);

const report = audit();
const advisories = Object.values(report?.vulnerabilities ?? {}).flatMap(({ via }) =>
	via.flatMap((cause) => (typeof cause === 'string' ? [] : [cause]))
);
const open = advisories.filter(
	({ severity, url }) => /high|critical/.test(severity) && !((url.split('/').at(-1) ?? '') in WRITTEN_DOWN)
);
for (const { title, url, severity } of open) console.error(`${severity}: ${title} (${url})`);
if (report === null)
	console.warn('!! The registry gives no advisories: only the floors of scripts/tools/audit.ts were checked.');
if (below.length > 0 || open.length > 0) process.exitCode = 1;
else console.log(report === null ? 'No package is below its floor.' : 'No open advisory at high severity.');
