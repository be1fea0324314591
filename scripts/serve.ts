/** The process that `npm start` keeps for the pages: what `npm run build` made, behind our own server. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSettings } from './product/settings.ts';
import { createPageServer, SERVING, VISIT_HEADERS } from './web/server.ts';
import type { PageHandler } from './web/server.ts';

const GRACE_MS = 5_000;

function isHandlerModule(module: unknown): module is { handler: PageHandler } {
	return typeof module === 'object' && module !== null && 'handler' in module && typeof module.handler === 'function';
}

/** adapter-node reads its settings when it is imported. ORIGIN would win over what the gate found out. */
async function builtHandler(): Promise<PageHandler> {
	delete process.env['ORIGIN'];
	process.env['PROTOCOL_HEADER'] = VISIT_HEADERS.protocol;
	process.env['HOST_HEADER'] = VISIT_HEADERS.host;
	process.env['ADDRESS_HEADER'] = VISIT_HEADERS.address;
	const module: unknown = await import(pathToFileURL(resolve('build/handler.js')).href);
	if (isHandlerModule(module)) return module.handler;
	throw new Error('build/handler.js is not what adapter-node builds. Run: npm run build');
}

const settings = readSettings();
const relayTo = process.env['PLUMBLINE_RELAY_TO'];
const server = createPageServer({
	handler: await builtHandler(),
	publicUrl: settings.publicUrl,
	trustedProxies: settings.trustedProxies,
	deployment: relayTo ? new URL(relayTo) : null
});
/** WebSockets leave the server's own bookkeeping. */
const upgraded = new Set<{ destroy(): void }>();
server.on('upgrade', (_request, socket) => {
	upgraded.add(socket);
	socket.once('close', () => upgraded.delete(socket));
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
	process.once(signal, () => {
		server.close(() => process.exit(0));
		server.closeIdleConnections();
		for (const socket of upgraded) socket.destroy();
		setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
	});
}
server.listen({ host: settings.host, port: settings.port ?? 0 });
await once(server, 'listening');
console.log(SERVING);
