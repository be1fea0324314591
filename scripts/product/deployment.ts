/** The Convex deployment of this start: the embedded one, started here, or the one the operator named. */
import { keepCompiled } from '../../src/embedded/compiled.ts';
import type { DeploymentAccess } from './environment.ts';
import { say } from './log.ts';
import { choosePort } from './ports.ts';
import { DEFAULT_CONVEX_PORT, type Durability, type Settings } from './settings.ts';

export interface OpenDeployment {
	readonly kind: 'embedded' | 'external';
	/** null for a cloud deployment known to the CLI by name only. */
	readonly url: string | null;
	/** null when no admin key is at hand: functions are then pushed by hand. */
	readonly access: DeploymentAccess | null;
	close(): Promise<void>;
}

export interface OpenOptions {
	/** Pages from these origins may talk to the embedded deployment. */
	readonly allowedOrigins: readonly string[];
	/** Unless the operator has chosen another. */
	readonly durability: Durability;
}

/** Opens the deployment. An embedded one is listening when this returns. */
export async function openDeployment(settings: Settings, options: OpenOptions): Promise<OpenDeployment> {
	const choice = settings.deployment;
	if (choice.kind === 'external') {
		const { url, adminKey } = choice;
		return {
			kind: 'external',
			url,
			access: url !== null && adminKey !== null ? { url, adminKey } : null,
			close: async () => {}
		};
	}
	// The port above the deployment's own serves its HTTP actions.
	const port = await choosePort('CONVEX_PORT', choice.port, DEFAULT_CONVEX_PORT, settings.host, 2);
	keepCompiled(choice.dataDir);
	const { startDeployment } = await import('../../src/embedded/deployment.ts');
	const { limitsFrom } = await import('../../src/embedded/engine/limits.ts');
	const deployment = await startDeployment({
		dataDir: choice.dataDir,
		appDir: process.cwd(),
		host: '127.0.0.1',
		port,
		sitePort: port + 1,
		allowedOrigins: [...options.allowedOrigins],
		// Ours show the tokens of people.
		adminKeyFromPages: false,
		durability: settings.durability ?? options.durability,
		limits: limitsFrom(process.env),
		log: (line) => say('convex', line)
	});
	return {
		kind: 'embedded',
		url: deployment.url,
		access: { url: deployment.url, adminKey: deployment.adminKey },
		close: () => deployment.close()
	};
}

/** The URL of the pages for a browser on this machine. */
export function localUrl(host: string, port: number): string {
	return `http://${host === '::1' ? '[::1]' : host}:${port}`;
}

/** Origins under which a browser on this machine may open the product. */
export function localOrigins(port: number): string[] {
	return ['127.0.0.1', 'localhost', '[::1]'].map((host) => `http://${host}:${port}`);
}
