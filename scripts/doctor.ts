/**
 * `npm run doctor [-- --json]`: looks at everything Plumbline needs, says what to do, and ends with code 1 when something
 * fails. The embedded deployment is asked when it runs, and is started for a moment when it does not.
 */
import { existsSync } from 'node:fs';
import { runningUrl } from '../src/embedded/lock.ts';
import { checkAnswers, checkFunctions, checkKeys } from './doctor/deployment.ts';
import { failing, lineOf, ok, worst } from './doctor/finding.ts';
import type { Finding } from './doctor/finding.ts';
import { checkFolder } from './doctor/folder.ts';
import { checkBuilt, checkClock, checkNode, checkPorts } from './doctor/machine.ts';
import { checkMail, checkPages, checkUrls } from './doctor/reach.ts';
import { withDeployment } from './product/beside.ts';
import { readSettings } from './product/settings.ts';
import type { Settings } from './product/settings.ts';
import { runTask, sentence } from './product/task.ts';

function settingsOrFinding(): Settings | Finding {
	try {
		return readSettings();
	} catch (error) {
		return failing('Settings', sentence(error), 'Change that environment variable.');
	}
}

async function examineDeployment(settings: Settings, found: Finding[]): Promise<void> {
	const { deployment } = settings;
	if (deployment.kind === 'external' && (deployment.url === null || deployment.adminKey === null)) {
		if (deployment.url === null) {
			found.push(ok('Deployment', 'named by CONVEX_DEPLOYMENT: ask npx convex dashboard.'));
			return;
		}
		const answers = await checkAnswers(deployment.url);
		found.push(...answers);
		if (answers[0]?.state === 'ok') found.push(await checkFunctions(deployment.url));
		return;
	}
	await withDeployment(async (access) => {
		const answers = await checkAnswers(access.url);
		found.push(...answers);
		if (answers[0]?.state === 'ok') found.push(await checkFunctions(access.url), ...(await checkKeys(access)));
	});
}

async function examine(): Promise<Finding[]> {
	const found: Finding[] = [checkNode(), checkBuilt()];
	const settings = settingsOrFinding();
	if ('state' in settings) return [...found, settings];
	const { deployment } = settings;
	const folder = deployment.kind === 'embedded' ? deployment.dataDir : null;
	const runs = folder === null || (existsSync(folder) && runningUrl(folder) !== null);
	found.push(...checkUrls(settings));
	if (!runs) found.push(await checkPorts(settings));
	if (folder !== null) found.push(...checkFolder(folder));
	const started = found.length;
	const clock = await checkClock(async () => {
		found.push(...(await checkPages(settings, runs)), await checkMail(process.env['PLUMBLINE_SMTP_URL']));
		if (folder !== null && !existsSync(folder)) return;
		await examineDeployment(settings, found).catch((error: unknown) => {
			found.push(failing('Deployment', sentence(error), 'Follow what it says; the log of Plumbline may say more.'));
		});
	});
	return found.toSpliced(started, 0, clock);
}

await runTask(async () => {
	const findings = await examine();
	const state = worst(findings);
	if (process.argv.includes('--json')) console.log(JSON.stringify({ state, findings }, null, '\t'));
	else {
		for (const finding of findings) console.log(lineOf(finding));
		console.log(
			{
				ok: '\nAll is well.',
				attention: '\nIt works; look at the lines marked attention.',
				failing: '\nSomething fails: see above.'
			}[state]
		);
	}
	process.exitCode = state === 'failing' ? 1 : 0;
});
