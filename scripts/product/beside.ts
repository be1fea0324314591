/** Commands that work on the deployment of the product, whether the product runs or not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runningUrl } from '../../src/embedded/lock.ts';
import { openDeployment } from './deployment.ts';
import type { DeploymentAccess } from './environment.ts';
import { readSettings, SettingsError } from './settings.ts';

/** Calls `use` with the deployment: the one that runs, or the embedded one, started for as long as this takes. */
export async function withDeployment(use: (access: DeploymentAccess) => Promise<void>): Promise<void> {
	const settings = readSettings();
	const choice = settings.deployment;
	if (choice.kind === 'embedded') {
		const url = runningUrl(choice.dataDir);
		if (url !== null)
			return await use({ url, adminKey: readFileSync(join(choice.dataDir, 'admin.key'), 'utf8').trim() });
	}
	const deployment = await openDeployment(settings, { allowedOrigins: [], durability: 'full' });
	try {
		if (deployment.access === null) {
			throw new SettingsError('This needs the admin key: set CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY.');
		}
		await use(deployment.access);
	} finally {
		await deployment.close();
	}
}
