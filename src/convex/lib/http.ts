'use node';
/** The one HTTP client through which every call to a service goes. */
import { setTimeout as delay } from 'node:timers/promises';
import { fetch as send } from 'undici';
import type { Agent, Response as UndiciResponse } from 'undici';
import { checkUrl } from './address.ts';
import { failureCode, guardedAgent, integrationError, isLasting } from './connect.ts';
import type { Resolve } from './connect.ts';
import { IntegrationError } from './errors.ts';
import type { ErrorDetails, ErrorKind } from './errors.ts';
import { pacer } from './quota.ts';
import type { Quota } from './quota.ts';
import { excerpt, looksLikeHtml, redactor } from './redact.ts';
import { backoffMs, isRateLimit, isRetried, rateLimitEnd, retryTime } from './retry.ts';
import { kindOfStatus, sentence } from './sentences.ts';
import type { Messages } from './sentences.ts';

export interface HttpRequest {
	readonly method?: 'GET' | 'POST';
	/** Absolute, or relative to the client's base URL. */
	readonly url: string;
	readonly query?: Readonly<Record<string, string | number | undefined>>;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Statuses besides 2xx that are an answer, not a failure. */
	readonly accept?: readonly number[];
}

export interface HttpResponse {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	/** Parses the body as JSON; throws IntegrationError `bad_response` when it is not. */
	json(): unknown;
}

export interface HttpClient {
	request(request: HttpRequest): Promise<HttpResponse>;
	/** A `fetch` for SDKs that bring their own requests; the same guards apply. Answers of any status are returned. */
	readonly fetch: typeof fetch;
	/** Requests sent so far, retries and redirects included. */
	readonly calls: number;
	/** Replaces every secret in a text by `[hidden]`: for sentences made of what a service said. */
	redact(text: string): string;
}

/** Access that is lent for a while, as by OAuth. */
export interface Bearer {
	/** An access token that is valid for some time yet. */
	token(): Promise<string>;
	/** Another one than that which the service has just refused. Throws when there is none to be had. */
	renew(refused: string): Promise<string>;
}

export interface HttpClientOptions {
	readonly integrationId: string;
	readonly baseUrl?: string;
	/** `host` or `host:port`; null allows the base URL's host only. */
	readonly allowedHosts: readonly string[] | null;
	/** Allows http, and addresses inside the operator's own network. */
	readonly allowPrivate: boolean;
	/** Never shown in an error, in whatever encoding. */
	readonly secrets: readonly string[];
	/** Puts the access token on every request; one that is refused with 401 is renewed once. */
	readonly bearer?: Bearer;
	/** Cancels everything under way; its reason is thrown as it is. */
	readonly signal?: AbortSignal;
	readonly quota?: Quota | null;
	/** The integration's own sentences by kind of failure. */
	readonly messages?: Messages;
	/** From the first byte out to the last byte in, redirects included; default 30 s. */
	readonly deadlineMs?: number;
	/** After decompression; default 20 MB. */
	readonly maxBytes?: number;
	/** Attempts per request; default 5. */
	readonly tries?: number;
	/** A longer wait for a rate limit is not slept but thrown as `rate_limited` with `retryAt`; default 30 s. */
	readonly maxWaitMs?: number;
	readonly now?: () => number;
	readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
	readonly random?: () => number;
	readonly resolve?: Resolve;
}

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const DEFAULT_HEADERS = { accept: 'application/json', 'user-agent': 'Plumbline' };

interface Outgoing {
	readonly method: 'GET' | 'POST';
	readonly url: URL;
	readonly headers: Headers;
	readonly body: string | undefined;
}

interface Incoming {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
}

class Client implements HttpClient {
	calls = 0;
	readonly redact = (text: string): string => this.#hide(text);
	#hide: (text: string) => string;
	readonly #options: HttpClientOptions;
	readonly #allowedHosts: readonly string[];
	readonly #agent: Agent;
	readonly #now: () => number;
	readonly #pause: () => number;

	constructor(options: HttpClientOptions) {
		this.#options = options;
		this.#now = options.now ?? Date.now;
		this.#pause = pacer(options.quota ?? null, this.#now);
		this.#agent = guardedAgent(options.allowPrivate, options.resolve);
		this.#hide = redactor(options.secrets);
		const base = options.baseUrl === undefined ? [] : [checkUrl(options.baseUrl, null, options.allowPrivate).host];
		this.#allowedHosts = options.allowedHosts ?? base;
	}

	async request(request: HttpRequest): Promise<HttpResponse> {
		const outgoing = this.#outgoing(request);
		const incoming = await this.#attempts(outgoing, (status) => request.accept?.includes(status) ?? false);
		if (incoming.status >= 200 && incoming.status < 300) return this.#response(outgoing.url, incoming);
		if (request.accept?.includes(incoming.status)) return this.#response(outgoing.url, incoming);
		throw this.#refusal(outgoing.url, incoming);
	}

	readonly fetch: typeof fetch = async (input, init) => {
		const request = new Request(input, init);
		if (request.method !== 'GET' && request.method !== 'POST')
			throw new IntegrationError('config', `An integration only reads; ${request.method} is not sent.`);
		const body = await request.text();
		const outgoing = this.#outgoing({
			method: request.method,
			url: request.url,
			headers: Object.fromEntries(request.headers),
			...(body === '' ? {} : { body })
		});
		const { status, headers, text } = await this.#attempts(outgoing, () => false);
		return new Response(status === 204 || status === 205 || status === 304 ? null : text, { status, headers });
	};

	#failure(kind: ErrorKind, url: URL, said = '', details: ErrorDetails = {}): IntegrationError {
		const text = sentence(kind, url.host, this.#options.messages ?? {}, details.status, said);
		return new IntegrationError(kind, this.redact(text), details);
	}

	#refusal(url: URL, { status, headers, text }: Incoming): IntegrationError {
		const said = excerpt(text, this.redact);
		if (!isRateLimit(status, headers, text)) return this.#failure(kindOfStatus(status), url, said, { status });
		return this.#failure('rate_limited', url, said, { status, retryAt: rateLimitEnd(headers, this.#now()) });
	}

	#response(url: URL, incoming: Incoming): HttpResponse {
		return {
			...incoming,
			json: (): unknown => {
				try {
					return JSON.parse(incoming.text);
				} catch {
					const said = looksLikeHtml(incoming.text)
						? 'a web page, perhaps a login page'
						: excerpt(incoming.text, this.redact);
					throw this.#failure('bad_response', url, said === '' ? 'an empty answer' : said, { status: incoming.status });
				}
			}
		};
	}

	#outgoing(request: HttpRequest): Outgoing {
		const { baseUrl, allowPrivate } = this.#options;
		const absolute = /^[a-z][a-z0-9+.-]*:/i.test(request.url);
		const path = request.url.replace(/^\/+/, '');
		const text = absolute || baseUrl === undefined ? request.url : `${baseUrl.replace(/\/+$/, '')}/${path}`;
		const url = checkUrl(text, this.#allowedHosts, allowPrivate);
		for (const [key, value] of Object.entries(request.query ?? {}))
			if (value !== undefined) url.searchParams.append(key, String(value));
		return {
			method: request.method ?? 'GET',
			url,
			headers: this.#headers(request.headers ?? {}, url),
			body: request.body
		};
	}

	#headers(given: Readonly<Record<string, string>>, url: URL): Headers {
		const headers = new Headers(DEFAULT_HEADERS);
		for (const [name, value] of Object.entries(given)) {
			if (!/^[\x20-\x7e\t]*$/.test(value))
				throw this.#failure(
					'config',
					url,
					'The credential holds a line break, an emoji or another character that no key has'
				);
			headers.set(name, value);
		}
		return headers;
	}

	/** Sends until there is an answer worth returning, waiting in between. */
	async #attempts(outgoing: Outgoing, accepted: (status: number) => boolean): Promise<Incoming> {
		const { tries = 5, maxWaitMs = 30_000, random = Math.random } = this.#options;
		let token = await this.#authorize(outgoing, null);
		let renewed = false;
		for (let attempt = 1; ; attempt++) {
			const outcome = await this.#attempt(outgoing);
			const failed = outcome instanceof IntegrationError;
			if (!failed && outcome.status === 401 && token !== null && !renewed) {
				token = await this.#authorize(outgoing, token);
				renewed = true;
				continue;
			}
			if (!failed) {
				const limited = isRateLimit(outcome.status, outcome.headers, outcome.text);
				if (accepted(outcome.status) || !(limited || isRetried(outcome.status))) return outcome;
			}
			if (attempt >= tries) {
				if (failed) throw outcome;
				return outcome;
			}
			const due = failed ? null : retryTime(outcome.headers, this.#now());
			const wait = due === null ? backoffMs(attempt, random) : Math.max(0, due - this.#now()) + random() * 250;
			if (wait > maxWaitMs && !failed) throw this.#refusal(outgoing.url, outcome);
			await this.#sleep(wait);
		}
	}

	/** Puts the access token on a request, a new one when `refused` is given; null when there is no bearer. */
	async #authorize({ headers }: Outgoing, refused: string | null): Promise<string | null> {
		const { bearer, secrets } = this.#options;
		if (bearer === undefined) return null;
		const token = await (refused === null ? bearer.token() : bearer.renew(refused));
		// The earlier one may still be quoted in an answer.
		this.#hide = redactor([...secrets, token, ...(refused === null ? [] : [refused])]);
		headers.set('authorization', `Bearer ${token}`);
		return token;
	}

	/** One exchange, redirects followed. A broken connection is returned, so that it can be retried; the rest is thrown. */
	async #attempt(outgoing: Outgoing): Promise<Incoming | IntegrationError> {
		await this.#sleep(this.#pause());
		const deadline = AbortSignal.timeout(this.#options.deadlineMs ?? 30_000);
		const cancelled = this.#options.signal;
		const signal = cancelled === undefined ? deadline : AbortSignal.any([deadline, cancelled]);
		try {
			return await this.#follow(outgoing, signal);
		} catch (error) {
			cancelled?.throwIfAborted();
			const known = integrationError(error);
			if (known !== null) throw known;
			if (deadline.aborted) throw this.#failure('timeout', outgoing.url);
			const code = failureCode(error);
			const failure = this.#failure('unreachable', outgoing.url, code);
			if (isLasting(code)) throw failure;
			return failure;
		}
	}

	async #follow(outgoing: Outgoing, signal: AbortSignal): Promise<Incoming> {
		let current = outgoing;
		for (let hop = 0; ; hop++) {
			signal.throwIfAborted();
			this.calls++;
			const { method, url, headers, body } = current;
			const response = await send(url, {
				method,
				headers: [...headers],
				...(body === undefined ? {} : { body }),
				redirect: 'manual',
				dispatcher: this.#agent,
				signal
			});
			const location = response.headers.get('location');
			if (!REDIRECTS.has(response.status) || location === null) return await this.#read(url, response);
			await response.body?.cancel();
			if (hop === MAX_REDIRECTS) throw this.#failure('bad_response', url, `more than ${MAX_REDIRECTS} redirects`);
			current = this.#redirected(current, response.status, location);
		}
	}

	#redirected(from: Outgoing, status: number, location: string): Outgoing {
		if (!URL.canParse(location, from.url.href)) throw this.#failure('bad_response', from.url, 'a redirect to nowhere');
		const url = checkUrl(new URL(location, from.url.href).href, this.#allowedHosts, this.#options.allowPrivate);
		const keepsBody = status === 307 || status === 308;
		const elsewhere = url.origin !== from.url.origin;
		if (elsewhere && keepsBody && from.body !== undefined)
			throw this.#failure('bad_response', from.url, 'a redirect that would hand the request to another host');
		const headers = elsewhere ? new Headers(DEFAULT_HEADERS) : new Headers(from.headers);
		if (keepsBody) return { ...from, url, headers };
		headers.delete('content-type');
		return { method: 'GET', url, headers, body: undefined };
	}

	async #read(url: URL, response: UndiciResponse): Promise<Incoming> {
		const { maxBytes = 20_000_000 } = this.#options;
		const chunks: Uint8Array[] = [];
		let size = 0;
		for await (const chunk of response.body ?? []) {
			if (!(chunk instanceof Uint8Array)) continue;
			size += chunk.byteLength;
			// Leaving the loop cancels the body.
			if (size > maxBytes) throw this.#failure('bad_response', url, `more than ${Math.floor(maxBytes / 1_000_000)} MB`);
			chunks.push(chunk);
		}
		const headers = new Headers([...response.headers]);
		headers.delete('set-cookie');
		// The text is decoded; these would be lies about it.
		headers.delete('content-encoding');
		headers.delete('content-length');
		return { status: response.status, headers, text: new TextDecoder().decode(Buffer.concat(chunks)) };
	}

	async #sleep(ms: number): Promise<void> {
		const { sleep, signal } = this.#options;
		if (ms <= 0) return;
		try {
			await (sleep ? sleep(ms, signal) : delay(ms, undefined, { signal }));
		} finally {
			signal?.throwIfAborted();
		}
	}
}

/** Makes the client of one connection for the length of one action. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
	return new Client(options);
}
