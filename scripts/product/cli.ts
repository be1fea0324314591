/** How the official Convex CLI is called. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DeploymentAccess } from './environment.ts';

const CLI = join(dirname(createRequire(import.meta.url).resolve('convex/package.json')), 'bin', 'main.js');

/** The command line of the CLI, on this very Node. */
export function convexCommand(...args: string[]): string[] {
	return [process.execPath, CLI, ...args];
}

/** The environment the CLI needs to reach a deployment; null leaves the operator's own choice in place. */
export function convexEnvironment(access: DeploymentAccess | null): Record<string, string | undefined> {
	const environment: Record<string, string | undefined> = {
		...process.env,
		// Without a network the CLI's crash reporter hangs; with this it is never started.
		CONVEX_PROVISION_HOST: process.env['CONVEX_PROVISION_HOST'] ?? 'http://127.0.0.1:9'
	};
	if (access === null) {
		delete environment['CONVEX_PROVISION_HOST'];
		return environment;
	}
	delete environment['CONVEX_DEPLOYMENT'];
	delete environment['CONVEX_DEPLOY_KEY'];
	return { ...environment, CONVEX_SELF_HOSTED_URL: access.url, CONVEX_SELF_HOSTED_ADMIN_KEY: access.adminKey };
}
