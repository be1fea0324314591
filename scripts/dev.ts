/** `npm run dev`: the working product in one terminal, functions and pages watched. */
import { convexCommand, convexEnvironment } from './product/cli.ts';
import { localOrigins, localUrl, openDeployment } from './product/deployment.ts';
import { prepareEnvironment } from './product/environment.ts';
import { offerFirstAccount } from './product/firstRun.ts';
import { say } from './product/log.ts';
import { choosePort } from './product/ports.ts';
import { Explained, runProduct } from './product/run.ts';
import { DEFAULT_PORT, isOnlyHere, readSettings } from './product/settings.ts';

await runProduct(async (processes, ending) => {
	const settings = readSettings();
	const port = await choosePort('PORT', settings.port, DEFAULT_PORT, settings.host);
	// Nobody develops on data that must survive a power cut, and every save would wait for the disk.
	const deployment = await openDeployment(settings, { allowedOrigins: localOrigins(port), durability: 'normal' });
	ending.add(() => deployment.close());
	const url = localUrl(settings.host, port);
	const shared =
		deployment.access &&
		(await prepareEnvironment(deployment.access, { ...settings.functionEnvironment, PLUMBLINE_URL: url }));

	const canPush = deployment.access !== null || deployment.url === null;
	if (canPush) {
		say('plumbline', 'Pushing the functions…');
		await new Promise<void>((ready, fail) => {
			const child = processes.start({
				speaker: 'convex',
				command: convexCommand('dev', '--tail-logs', 'always', '--typecheck', 'disable'),
				environment: convexEnvironment(deployment.access),
				onLine: (line) => {
					if (/Convex functions ready/.test(line)) ready();
				}
			});
			child.once('exit', () => fail(new Explained()));
		});
	} else {
		say(
			'plumbline',
			`Using ${deployment.url}. Without CONVEX_SELF_HOSTED_ADMIN_KEY, push functions yourself: npx convex deploy`
		);
	}

	processes.start({
		speaker: 'web',
		command: [
			process.execPath,
			'node_modules/vite/bin/vite.js',
			'dev',
			'--host',
			settings.host,
			'--port',
			String(port),
			'--strictPort'
		],
		environment: {
			...process.env,
			...(deployment.url === null ? {} : { PUBLIC_CONVEX_URL: deployment.url }),
			...shared,
			PLUMBLINE_LOOPBACK: isOnlyHere(settings) ? '1' : '0',
			PLUMBLINE_DEPLOYMENT: deployment.kind
		},
		onLine: (line) => !/^\s*(➜|VITE v)/.test(line)
	});
	await answered(url);
	const offer = deployment.access && (await offerFirstAccount(deployment.access, url));
	if (offer) say('plumbline', offer);
	say('plumbline', `Ready: open ${url}`);
});

/** Resolves when the page answers, so that the URL we print is one that works. */
async function answered(url: string): Promise<void> {
	const deadline = Date.now() + 120_000;
	while (Date.now() < deadline) {
		const response = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(60_000) }).catch(() => null);
		if (response !== null) return;
		await new Promise((settle) => setTimeout(settle, 150));
	}
	throw new Error(`${url} did not answer within two minutes: see the lines of "web" above.`);
}
