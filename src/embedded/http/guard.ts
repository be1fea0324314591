/**
 * Which requests may come in at all. A page of any website can send requests to a loopback address, and a name that it
 * controls can be made to resolve to one (DNS rebinding); so Host must name this machine, and Origin, when there is
 * one, must be listed or be this server.
 *
 * Without an Origin a request comes in: the CLI and clients outside of browsers send none. Browsers send one with every
 * WebSocket and with every request that is not a plain GET, whose answer the page cannot read.
 */
import type { IncomingMessage } from 'node:http';
import { RequestFailure } from './failure.ts';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

export class OriginGuard {
	readonly #allowed: ReadonlySet<string>;

	/** `allowedOrigins`: `http://localhost:5173` and the like. Throws on what is not an http(s) origin. */
	constructor(allowedOrigins: readonly string[]) {
		this.#allowed = new Set(allowedOrigins.map(parseOrigin));
	}

	/** Throws a RequestFailure 403 unless the request may come in. */
	check(request: IncomingMessage): void {
		const host = parseHost(request.headers.host);
		if (!host || !LOOPBACK_NAMES.has(host.hostname) || host.port !== request.socket.localPort) {
			throw new RequestFailure(403, 'ForbiddenHost', 'The Host header does not name this deployment.');
		}
		const { origin } = request.headers;
		if (origin !== undefined && this.allowedOrigin(request) === null) {
			throw new RequestFailure(
				403,
				'ForbiddenOrigin',
				'This origin may not talk to the deployment. Start it with --origin to allow it.'
			);
		}
	}

	/** The request's origin when it may read answers; null without one, and for others. */
	allowedOrigin(request: IncomingMessage): string | null {
		const { origin, host } = request.headers;
		if (origin === undefined) return null;
		return this.#allowed.has(origin) || origin === `http://${host}` ? origin : null;
	}
}

function parseHost(header: string | undefined): { hostname: string; port: number } | null {
	const match = /^(\[[0-9a-f:]+\]|[^:/@]+)(?::(\d{1,5}))?$/i.exec(header ?? '');
	if (!match?.[1]) return null;
	return { hostname: match[1].toLowerCase(), port: Number(match[2] ?? 80) };
}

function parseOrigin(text: string): string {
	const url = URL.parse(text);
	if (!url || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, '')) {
		throw new Error(`"${text}" is not an origin such as http://localhost:5173.`);
	}
	return url.origin;
}
