/** `npm start`: the product as built by `npm run build`; nothing is compiled or watched. */
import { existsSync } from 'node:fs';
import { localOrigins, openDeployment } from './product/deployment.ts';
import { prepareEnvironment } from './product/environment.ts';
import { say } from './product/log.ts';
import { choosePort } from './product/ports.ts';
import { PREBUILT_FUNCTIONS, pushPrebuilt } from './product/push.ts';
import { runProduct } from './product/run.ts';
import { DEFAULT_PORT, readSettings, SettingsError } from './product/settings.ts';

await runProduct(async (processes, ending) => {
	const settings = readSettings();
	if (!existsSync('build/index.js') || !existsSync(PREBUILT_FUNCTIONS)) {
		throw new SettingsError('Nothing is built yet. Run: npm run build');
	}
	const port = await choosePort('PORT', settings.port, DEFAULT_PORT, settings.host);
	const origins = localOrigins(port);
	const deployment = await openDeployment(settings, { allowedOrigins: origins, durability: 'full' });
	ending.add(() => deployment.close());
	if (deployment.url === null) {
		throw new SettingsError(
			'npm start needs the URL of the deployment: set CONVEX_URL (and push with: npx convex deploy).'
		);
	}
	if (deployment.access !== null) {
		await prepareEnvironment(deployment.access, settings.functionEnvironment);
		await pushPrebuilt(deployment.access);
	}
	const url = `http://${settings.host === '::1' ? '[::1]' : settings.host}:${port}`;
	processes.start({
		speaker: 'web',
		command: [process.execPath, 'build/index.js'],
		environment: {
			...process.env,
			HOST: settings.host,
			PORT: String(port),
			// adapter-node assumes https; on plain http every form would be refused as cross-site.
			ORIGIN: process.env['ORIGIN'] ?? url,
			SHUTDOWN_TIMEOUT: '5',
			PUBLIC_CONVEX_URL: deployment.url,
			PLUMBLINE_DEPLOYMENT: deployment.kind
		},
		onLine: (line) => {
			if (!line.startsWith('Listening on')) return true;
			say('plumbline', `Ready: open ${url}`);
			return false;
		}
	});
});
