/** `npm run convex:embedded -- --data DIR --port N`: a deployment as a process of its own. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { keepCompiled } from './compiled.ts';
import type { DeploymentOptions } from './deployment.ts';

const USAGE =
	'Usage: npm run convex:embedded -- --data DIR --port N [--admin-key KEY] [--origin URL]... [--app DIR] [--site-port N] [--durability normal|full]';

function say(sentence: string): void {
	process.stdout.write(`${sentence}\n`);
}

function readOptions(): DeploymentOptions {
	const { values } = parseArgs({
		options: {
			data: { type: 'string' },
			port: { type: 'string' },
			'site-port': { type: 'string' },
			'admin-key': { type: 'string' },
			origin: { type: 'string', multiple: true },
			app: { type: 'string' },
			durability: { type: 'string' }
		}
	});
	if (values.data === undefined || values.port === undefined) throw new Error(USAGE);
	const { durability = 'normal' } = values;
	if (durability !== 'normal' && durability !== 'full') throw new Error('The durability is normal or full.');
	return {
		dataDir: path.resolve(values.data),
		appDir: path.resolve(values.app ?? '.'),
		port: parsePort(values.port),
		sitePort: values['site-port'] === undefined ? undefined : parsePort(values['site-port']),
		adminKey: values['admin-key'],
		allowedOrigins: values.origin ?? [],
		durability,
		log: (sentence) => void process.stderr.write(`${sentence}\n`)
	};
}

function parsePort(text: string): number {
	const port = Number(text);
	if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`"${text}" is not a port.`);
	return port;
}

// Everything the deployment writes is for its owner only.
process.umask(0o077);

try {
	const options = readOptions();
	keepCompiled(options.dataDir);
	const { startDeployment } = await import('./deployment.ts');
	const { limitsFrom } = await import('./engine/limits.ts');
	const deployment = await startDeployment({ ...options, limits: limitsFrom(process.env) });
	const stop = (): void => {
		process.off('SIGTERM', stop).off('SIGINT', stop);
		void deployment.close().then(
			() => process.exit(0),
			(error: unknown) => {
				process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
				process.exit(1);
			}
		);
	};
	process.on('SIGTERM', stop).on('SIGINT', stop);
	say(`Deployment: ${deployment.url}`);
	say(`HTTP actions: ${deployment.siteUrl}`);
	say(`Admin key: ${deployment.adminKey}`);
} catch (error) {
	process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
	process.exit(1);
}
