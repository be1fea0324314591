/** What the doctor looks at on this machine: Node, what is built, the clock, the ports. */
import { existsSync, statSync } from 'node:fs';
import { isFree } from '../product/ports.ts';
import { PREBUILT_FUNCTIONS } from '../product/push.ts';
import { DEFAULT_CONVEX_PORT, DEFAULT_PORT } from '../product/settings.ts';
import type { Settings } from '../product/settings.ts';
import { attention, failing, ok } from './finding.ts';
import type { Finding } from './finding.ts';

/** The oldest Node that strips types and has node:sqlite. */
const OLDEST = { major: 22, minor: 18 };
const JUMP_MS = 1_000;

export function checkNode(version: string = process.versions.node): Finding {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return ok('Node', `${version}.`);
	return failing(
		'Node',
		`${version} is too old to run Plumbline.`,
		`Run npm ci, which brings a newer one, and start with npm; or install Node ${OLDEST.major}.${OLDEST.minor} or newer.`
	);
}

export function checkBuilt(): Finding {
	if (existsSync('build/handler.js') && existsSync(PREBUILT_FUNCTIONS))
		return ok('Build', 'pages and functions are built.');
	return attention('Build', 'npm start has nothing to start.', 'Run npm run build. npm run dev needs no build.');
}

/**
 * Looks at the clock while `meanwhile` goes on. A wall clock that runs otherwise than the machine's own counter is being
 * set; one that is before the day of our own files is wrong: tokens and certificates would be refused.
 */
export async function checkClock(meanwhile: () => Promise<void>): Promise<Finding> {
	const [wall, counter] = [Date.now(), performance.now()];
	await meanwhile();
	const jump = Date.now() - wall - (performance.now() - counter);
	const made = statSync('package.json').mtimeMs;
	const now = new Date(wall).toISOString().slice(0, 19);
	const advice = 'Let the system keep the time (timedatectl set-ntp true): sign-in and syncs depend on it.';
	if (wall < made) return failing('Clock', `it is ${now} UTC here, which is before Plumbline was installed.`, advice);
	if (Math.abs(jump) > JUMP_MS)
		return attention('Clock', `it was set by ${Math.round(jump)} ms while this command ran.`, advice);
	return ok('Clock', `${now} UTC, and steady.`);
}

/** The ports that a start would take. */
export async function checkPorts({ host, port, deployment }: Settings): Promise<Finding> {
	const wanted: [string, number | null, number][] = [['PORT', port, DEFAULT_PORT]];
	if (deployment.kind === 'embedded') wanted.push(['CONVEX_PORT', deployment.port, DEFAULT_CONVEX_PORT]);
	const taken: string[] = [];
	for (const [name, chosen] of wanted)
		if (chosen !== null && !(await isFree(chosen, host))) taken.push(`${name}=${chosen}`);
	if (taken.length > 0)
		return failing(
			'Ports',
			`${taken.join(' and ')} ${taken.length === 1 ? 'is' : 'are'} used by another program.`,
			'Stop that program, or name another port.'
		);
	const free = wanted.map(([name, chosen, start]) => `${name} ${chosen ?? `from ${start} on`}`);
	return ok('Ports', `${free.join(', ')}.`);
}
