/** The listening sockets: the main port (API and sync) and the port of the HTTP actions. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isSyncPath } from '../sync/server.ts';
import type { SyncServer } from '../sync/server.ts';
import type { Deployment } from './exchange.ts';
import { RequestFailure } from './failure.ts';
import type { OriginGuard } from './guard.ts';
import { handleRequest } from './router.ts';

/** How long a peer may take, in milliseconds. Everybody is on this machine, so nobody needs longer. */
export interface HttpTiming {
	/** For the headers to have come in. */
	readonly headers: number;
	/** For the whole request, its body included. */
	readonly request: number;
	/** Between two requests of one connection. */
	readonly keepAlive: number;
	/** How often the above are looked at. */
	readonly check: number;
}

const TIMING: HttpTiming = { headers: 10_000, request: 120_000, keepAlive: 5_000, check: 2_000 };
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_SOCKETS = 4_096;

/** What is behind the sockets, once it has started. */
export interface Backend {
	readonly deployment: Deployment;
	readonly sync: SyncServer;
}

export interface ServerOptions {
	readonly guard: OriginGuard;
	/** Requests wait for it; they fail when it rejects. */
	readonly backend: Promise<Backend>;
	readonly report: (sentence: string) => void;
	readonly timing?: HttpTiming;
}

/** A server that is not listening yet. `site`: everything goes to the app's HTTP actions. */
export function createHttpServer(options: ServerOptions, site: boolean): Server {
	const { guard, backend, report, timing = TIMING } = options;
	const deployment = backend.then((started) => started.deployment);
	deployment.catch(() => undefined);
	const server = createServer(
		{
			headersTimeout: timing.headers,
			requestTimeout: timing.request,
			keepAliveTimeout: timing.keepAlive,
			connectionsCheckingInterval: timing.check,
			maxHeaderSize: MAX_HEADER_BYTES
		},
		(request, response) => void handleRequest(request, response, guard, deployment, site, report)
	);
	server.maxConnections = MAX_SOCKETS;
	server.on('upgrade', (request, socket, head) => {
		socket.on('error', () => socket.destroy());
		if (site) refuse(socket, new RequestFailure(404, 'NotFound', 'There is no WebSocket here.'));
		else void upgrade(request, socket, head, options);
	});
	return server;
}

async function upgrade(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	{ guard, backend }: ServerOptions
): Promise<void> {
	try {
		guard.check(request);
		if (!isSyncPath(URL.parse(request.url ?? '', 'http://deployment')?.pathname ?? '')) {
			throw new RequestFailure(404, 'NotFound', 'There is no WebSocket here.');
		}
		const { sync } = await backend;
		if (sync.full)
			throw new RequestFailure(503, 'TooManyConnections', 'This deployment serves as many clients as it can.');
		sync.accept(request, socket, head);
	} catch (error) {
		refuse(
			socket,
			error instanceof RequestFailure ? error : new RequestFailure(503, 'NotReady', 'The deployment could not start.')
		);
	}
}

const REASONS: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' };

function refuse(socket: Duplex, { status, code, message }: RequestFailure): void {
	const body = JSON.stringify({ code, message });
	const head = [
		`HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}`,
		'content-type: application/json',
		`content-length: ${Buffer.byteLength(body)}`
	];
	socket.end(`${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`);
}

/** Listens, and returns the port. Throws a sentence when the port is taken. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			reject(
				error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken by another program. Choose another one.`) : error
			);
		});
		server.listen({ host, port }, resolve);
	});
	return portOf(server.address());
}

function portOf(address: string | AddressInfo | null): number {
	if (address === null || typeof address === 'string') throw new Error('The server has no port.');
	return address.port;
}

/** Stops listening, lets running requests finish for a while, and then cuts them. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
	if (!server.listening) return;
	const closed = new Promise((resolve) => server.close(resolve));
	server.closeIdleConnections();
	const cut = setTimeout(() => server.closeAllConnections(), graceMs);
	await closed;
	clearTimeout(cut);
}
