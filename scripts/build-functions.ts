/**
 * Second half of `npm run build`: lets the official CLI type-check, bundle and push the functions to a throw-away embedded
 * deployment, and keeps the request it makes. `npm start` makes that request again (see product/push.ts).
 */
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { startDeployment } from '../src/embedded/deployment.ts';
import { convexCommand, convexEnvironment } from './product/cli.ts';
import { prepareEnvironment } from './product/environment.ts';
import { say } from './product/log.ts';
import { choosePort } from './product/ports.ts';
import { Processes } from './product/processes.ts';
import { PREBUILT_FUNCTIONS } from './product/push.ts';

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of message) chunks.push(chunk);
	return Buffer.concat(chunks);
}

const dataDir = mkdtempSync(join(tmpdir(), 'plumbline-build-'));
const port = await choosePort('CONVEX_PORT', null, 23_210, '127.0.0.1', 2);
const deployment = await startDeployment({
	dataDir,
	appDir: process.cwd(),
	host: '127.0.0.1',
	port,
	sitePort: port + 1,
	allowedOrigins: [],
	durability: 'normal',
	log: () => {}
});

const pushes: Buffer[] = [];
const recorder = createServer(async (incoming, outgoing) => {
	const body = await bodyOf(incoming);
	if (incoming.url === '/api/deploy2/start_push') {
		pushes.push(incoming.headers['content-encoding'] === 'br' ? brotliDecompressSync(body) : body);
	}
	const onward = forward(
		{
			host: '127.0.0.1',
			port,
			path: incoming.url,
			method: incoming.method,
			headers: { ...incoming.headers, host: `127.0.0.1:${port}` }
		},
		(answer) => {
			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(outgoing);
		}
	);
	onward.on('error', () => outgoing.destroy());
	onward.end(body);
});
await new Promise<void>((listening) => recorder.listen(0, '127.0.0.1', listening));
const address = z.object({ port: z.number() }).parse(recorder.address());

const processes = new Processes(() => {});
await prepareEnvironment({ url: deployment.url, adminKey: deployment.adminKey }, {});
const code = await processes.run({
	speaker: 'convex',
	command: convexCommand('deploy', '-y', '--typecheck', 'enable', '--codegen', 'disable'),
	environment: convexEnvironment({ url: `http://127.0.0.1:${address.port}`, adminKey: deployment.adminKey })
});
recorder.close();
await deployment.close();
rmSync(dataDir, { recursive: true, force: true });
const pushed = pushes.at(-1);
if (code !== 0 || pushed === undefined) {
	say('plumbline', 'The functions could not be built: see the lines above.');
	process.exit(1);
}
const request = z.looseObject({ adminKey: z.string() }).parse(JSON.parse(pushed.toString('utf8')));
writeFileSync(PREBUILT_FUNCTIONS, JSON.stringify({ ...request, adminKey: '' }));
say('plumbline', `Functions built: ${PREBUILT_FUNCTIONS}`);
