/**
 * Who may come in to the pages' server, and under which origin. A name that somebody else controls can be made to lead
 * to this machine (DNS rebinding), so Host must be a name of ours. What a proxy says about a request is believed only of
 * the proxies that the operator named; from everybody else it is removed, so that nothing behind can believe it.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress, within } from './networks.ts';

/** A request that is answered with a status and a sentence, and goes no further. */
export class Refusal extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

export interface Visit {
	/** The origin that the browser sees, as `https://numbers.example.com`. */
	readonly origin: string;
	/** The client's address: the peer's, or what a trusted proxy says it is. */
	readonly address: string;
	/** Whether anybody said that the request was handed on. */
	readonly forwarded: boolean;
}

export interface GateOptions {
	/** See Settings. */
	readonly publicUrl: string | null;
	readonly trustedProxies: readonly string[];
}

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const SAID_BY_PROXIES = /^(?:x-forwarded-.*|forwarded|x-real-ip|x-plumbline-.*)$/;

export class Gate {
	readonly #publicUrl: URL | null;
	readonly #trusted: (address: string) => boolean;

	constructor({ publicUrl, trustedProxies }: GateOptions) {
		this.#publicUrl = publicUrl === null ? null : new URL(publicUrl);
		this.#trusted = within(trustedProxies);
	}

	/** Lets a request in and cleans its headers, or throws a Refusal. */
	admit(request: IncomingMessage): Visit {
		const { headers, socket } = request;
		// `//host` and `/\host` would be read as another host by whoever resolves the path later.
		if (!/^\/(?![/\\])/.test(request.url ?? '')) throw new Refusal(400, 'The path of the request cannot be read.');
		if (request.headersDistinct['host']?.length !== 1) throw new Refusal(400, 'The request must have one Host header.');
		const peer = plainAddress(socket.remoteAddress ?? '');
		const said = this.#trusted(peer) ? { host: headers['x-forwarded-host'], for: headers['x-forwarded-for'] } : {};
		const saidByProxies = Object.keys(headers).filter((name) => SAID_BY_PROXIES.test(name));
		for (const name of saidByProxies) delete headers[name];
		const own = this.#origin(headers.host, socket.localPort);
		const forwarded = said.host === undefined ? own : this.#origin(oneOf(said.host), socket.localPort);
		if (own === null || forwarded === null)
			throw new Refusal(
				403,
				'This server does not know the name it was called by. Set PLUMBLINE_URL to where people open Plumbline.'
			);
		const behind = said.for !== undefined && this.#publicUrl !== null;
		return {
			origin: behind && this.#publicUrl !== null ? this.#publicUrl.origin : forwarded,
			address: this.#client(peer, oneOf(said.for)),
			forwarded: saidByProxies.length > 0
		};
	}

	/** The origin that a Host header stands for; null when it is none of ours. */
	#origin(host: string | undefined, localPort: number | undefined): string | null {
		if (host === undefined) return null;
		const name = host.toLowerCase();
		if (this.#publicUrl !== null && name === this.#publicUrl.host) return this.#publicUrl.origin;
		const [, hostname = '', port = '80'] = /^(\[[0-9a-f:]+\]|[^:/@]+)(?::(\d{1,5}))?$/.exec(name) ?? [];
		return LOOPBACK_NAMES.has(hostname) && Number(port) === localPort ? new URL(`http://${name}`).origin : null;
	}

	/** The last address in the list that no trusted proxy has: what stands before it, anybody can have written. */
	#client(peer: string, forwardedFor: string | undefined): string {
		const chain = (forwardedFor ?? '').split(',').map((entry) => plainAddress(entry.trim()));
		let client = peer;
		for (const entry of chain.toReversed()) {
			if (isIP(entry) === 0) break;
			client = entry;
			if (!this.#trusted(entry)) break;
		}
		return client;
	}
}

function oneOf(value: string | string[] | undefined): string | undefined {
	return Array.isArray(value) ? value.join(',') : value;
}
