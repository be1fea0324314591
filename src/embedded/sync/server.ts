/** The sync endpoint: takes upgraded sockets, keeps their sessions, and beats their hearts. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Holdings } from './holdings.ts';
import { HEARTBEAT_MS, MAX_CONNECTIONS, MAX_FRAME_BYTES } from './limits.ts';
import { Rounds } from './rounds.ts';
import { Session } from './session.ts';
import type { SessionServices } from './session.ts';
import { understandsChunks } from './texts.ts';

const SYNC_PATH = /^\/api\/(?:([^/]+)\/)?sync$/;

/** `/api/sync` and `/api/<client version>/sync`. */
export function isSyncPath(pathname: string): boolean {
	return SYNC_PATH.test(pathname);
}

/** The version that a client says it has: `1.48.0`, or `npm-1.48.0` in a header; empty when it says none. */
function clientVersion({ url = '', headers }: IncomingMessage): string {
	const header = headers['convex-client'];
	return (typeof header === 'string' ? header : SYNC_PATH.exec(url.split('?')[0] ?? '')?.[1]) ?? '';
}

/** Close code of RFC 6455: the service restarts. Clients come back by themselves. */
const SERVICE_RESTART = 1012;
const GRACE_MS = 500;

export class SyncServer {
	readonly #services: SessionServices;
	readonly #adminKeyFromPages: boolean;
	readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
	readonly #sessions = new Set<Session>();
	readonly #heart: NodeJS.Timeout;

	/** `adminKeyFromPages`: whether a browser's page may show the admin key. */
	constructor(
		services: Omit<SessionServices, 'holdings' | 'rounds' | 'takesAdminKey'>,
		{ adminKeyFromPages }: { readonly adminKeyFromPages: boolean }
	) {
		this.#services = { ...services, holdings: new Holdings(), rounds: new Rounds(), takesAdminKey: true };
		this.#adminKeyFromPages = adminKeyFromPages;
		this.#heart = setInterval(() => this.#beat(), HEARTBEAT_MS);
		this.#heart.unref();
	}

	get connections(): number {
		return this.#sessions.size;
	}

	get full(): boolean {
		return this.#sessions.size >= MAX_CONNECTIONS;
	}

	/** Completes the WebSocket handshake. The caller has checked Host, Origin and path. */
	accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
		this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
			// Browsers send an Origin with every socket, and nothing else does.
			const takesAdminKey = this.#adminKeyFromPages || request.headers.origin === undefined;
			const services = { ...this.#services, takesAdminKey };
			const session = new Session(webSocket, services, understandsChunks(clientVersion(request)));
			this.#sessions.add(session);
			// Before the frames are read, so that a whole one ends the count.
			socket.prependListener('data', ({ length }: Buffer) => session.arrived(length));
			webSocket.on('close', () => this.#sessions.delete(session));
		});
	}

	/** Asks every client to come back later, and cuts those that do not hang up. */
	async close(): Promise<void> {
		clearInterval(this.#heart);
		for (const session of this.#sessions) session.close(SERVICE_RESTART, 'Restarting');
		const deadline = Date.now() + GRACE_MS;
		while (this.#sessions.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
		for (const socket of this.#sockets.clients) socket.terminate();
		this.#sockets.close();
	}

	#beat(): void {
		for (const session of this.#sessions) session.beat();
		this.#services.hub.beat();
	}
}
