/** `npm start`: the product as built by `npm run build`; nothing is compiled or watched. */
import { existsSync } from 'node:fs';
import { localOrigins, localUrl, openDeployment } from './product/deployment.ts';
import { prepareEnvironment } from './product/environment.ts';
import { offerFirstAccount } from './product/firstRun.ts';
import { showLetters } from './product/letterLog.ts';
import { say } from './product/log.ts';
import { choosePort } from './product/ports.ts';
import { PREBUILT_FUNCTIONS, pushPrebuilt } from './product/push.ts';
import { runProduct } from './product/run.ts';
import { DEFAULT_PORT, isOnlyHere, readSettings, SettingsError } from './product/settings.ts';
import { SERVING } from './web/server.ts';

await runProduct(async (processes, ending) => {
	const settings = readSettings();
	if (!existsSync('build/index.js') || !existsSync(PREBUILT_FUNCTIONS)) {
		throw new SettingsError('Nothing is built yet. Run: npm run build');
	}
	const port = await choosePort('PORT', settings.port, DEFAULT_PORT, settings.host);
	const url = settings.publicUrl ?? localUrl(settings.host, port);
	const allowedOrigins = [...localOrigins(port), ...(settings.publicUrl === null ? [] : [settings.publicUrl])];
	const deployment = await openDeployment(settings, { allowedOrigins, durability: 'full' });
	ending.add(() => deployment.close());
	if (deployment.url === null) {
		throw new SettingsError(
			'npm start needs the URL of the deployment: set CONVEX_URL (and push with: npx convex deploy).'
		);
	}
	const { access } = deployment;
	const shared = access && (await prepareEnvironment(access, { ...settings.functionEnvironment, PLUMBLINE_URL: url }));
	if (access !== null) await pushPrebuilt(access);
	const offer = access && (await offerFirstAccount(access, url));
	const stopped = new AbortController();
	ending.add(async () => stopped.abort());
	if (access !== null) void showLetters(access, stopped.signal, (line) => say('plumbline', line));
	processes.start({
		speaker: 'web',
		command: [process.execPath, 'scripts/serve.ts'],
		environment: {
			...process.env,
			HOST: settings.host,
			PORT: String(port),
			PUBLIC_CONVEX_URL: deployment.url,
			// The embedded deployment listens on loopback: browsers reach it through the pages' own origin.
			PLUMBLINE_RELAY_TO: deployment.kind === 'embedded' ? deployment.url : '',
			...shared,
			PLUMBLINE_LOOPBACK: isOnlyHere(settings) ? '1' : '0',
			PLUMBLINE_DEPLOYMENT: deployment.kind
		},
		onLine: (line) => {
			if (line !== SERVING) return true;
			if (offer) say('plumbline', offer);
			say('plumbline', `Ready: open ${url}`);
			return false;
		}
	});
});
