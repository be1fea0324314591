/** The server of the pages in production: the gate, the headers, SvelteKit's handler, and the way to the deployment. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Gate, Refusal } from './gate.ts';
import type { GateOptions, Visit } from './gate.ts';
import { floorHeaders } from './headers.ts';
import { isRelayed, refuse, relay } from './relay.ts';

/** How long a peer may take, in milliseconds. */
interface PageTiming {
	/** For the headers to have come in. */
	readonly headers: number;
	/** For the whole request, its body included. */
	readonly request: number;
	/** Between two requests of one connection. */
	readonly keepAlive: number;
	/** Without a byte in either direction, while a request is answered. */
	readonly idle: number;
	/** How often the above are looked at. */
	readonly check: number;
}

export type PageHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface PageServerOptions extends GateOptions {
	/** What adapter-node built: static files and pages. */
	readonly handler: PageHandler;
	/** Where WebSockets of the sync protocol are handed on to; null: browsers reach the deployment by themselves. */
	readonly deployment: URL | null;
	readonly timing?: Partial<PageTiming>;
}

/**
 * Headers through which adapter-node learns what the gate found out (its PROTOCOL_HEADER, HOST_HEADER and
 * ADDRESS_HEADER). Nobody else can set them: the gate removes them first.
 */
export const VISIT_HEADERS = {
	protocol: 'x-plumbline-protocol',
	host: 'x-plumbline-host',
	address: 'x-plumbline-address',
	/** Read by src/lib/server/firstRun.ts: there when somebody said that the request was handed on. */
	forwarded: 'x-plumbline-forwarded'
} as const;

/** What the process of the pages says when it listens. */
export const SERVING = 'Serving the pages.';

const TIMING: PageTiming = { headers: 10_000, request: 30_000, keepAlive: 5_000, idle: 60_000, check: 2_000 };
/** A proxy keeps its connections; we must not be the first to close them, or it answers 502 now and then. */
const KEEP_ALIVE_BEHIND_PROXY = 75_000;
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_SOCKETS = 4_096;

/** A server that is not listening yet. */
export function createPageServer(options: PageServerOptions): Server {
	const { handler, deployment, publicUrl, trustedProxies } = options;
	const keepAlive = trustedProxies.length > 0 ? KEEP_ALIVE_BEHIND_PROXY : TIMING.keepAlive;
	const timing = { ...TIMING, keepAlive, ...options.timing };
	const gate = new Gate(options);
	const floor = Object.entries(floorHeaders(publicUrl?.startsWith('https:') ?? false));
	const server = createServer(
		{
			headersTimeout: timing.headers,
			requestTimeout: timing.request,
			keepAliveTimeout: timing.keepAlive,
			connectionsCheckingInterval: timing.check,
			maxHeaderSize: MAX_HEADER_BYTES
		},
		(request, response) => {
			for (const [name, value] of floor) response.setHeader(name, value);
			try {
				tell(request, gate.admit(request));
			} catch (error) {
				answer(response, error);
				return;
			}
			handler(request, response);
		}
	);
	server.timeout = timing.idle;
	server.maxConnections = MAX_SOCKETS;
	server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, gate, deployment));
	return server;
}

/** Leaves what the gate found out where SvelteKit looks for it. */
function tell({ headers }: IncomingMessage, { origin, address, forwarded }: Visit): void {
	const { protocol, host } = new URL(origin);
	headers[VISIT_HEADERS.protocol] = protocol.slice(0, -1);
	headers[VISIT_HEADERS.host] = host;
	headers[VISIT_HEADERS.address] = address;
	if (forwarded) headers[VISIT_HEADERS.forwarded] = '1';
}

function answer(response: ServerResponse, error: unknown): void {
	const { status, message } = error instanceof Refusal ? error : new Refusal(500, 'The request could not be answered.');
	response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(message);
}

function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, gate: Gate, deployment: URL | null): void {
	socket.on('error', () => socket.destroy());
	try {
		const { origin } = gate.admit(request);
		// Browsers always say from which page a WebSocket comes, and other clients do not come through here.
		if (request.headers.origin !== origin)
			throw new Refusal(403, 'A WebSocket is opened only for pages of this very origin.');
		if (deployment === null || !isRelayed(request.url ?? '')) throw new Refusal(404, 'There is no WebSocket here.');
		if ('setTimeout' in socket && typeof socket.setTimeout === 'function') socket.setTimeout(0);
		relay(request, socket, head, deployment);
	} catch (error) {
		const { status, message } = error instanceof Refusal ? error : new Refusal(502, 'The deployment does not answer.');
		refuse(socket, status, message);
	}
}
