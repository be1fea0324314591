/** A service of our own making on a loopback port: an answer is a function of the request, faults come on top. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface FakeRequest {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly body: string;
	/** Where the fake listens, for links in answers. */
	readonly origin: string;
}

export interface Answer {
	/** Default 200. */
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** Text is sent as it is, everything else as JSON. */
	readonly body: unknown;
}

export type Respond = (request: FakeRequest) => Answer;

/** Stands in for the service's own answer to the nth request (counted from 1), unless it returns null. */
export type Fault = (request: FakeRequest, nth: number) => Answer | null;

export interface FakeService {
	readonly url: string;
	readonly requests: readonly FakeRequest[];
	/** Forgets the requests seen so far and behaves by this fault from now on. */
	reset(fault?: Fault): void;
	close(): Promise<void>;
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
	let body = '';
	for await (const chunk of incoming.setEncoding('utf8')) body += String(chunk);
	return body;
}

export async function startFake(respond: Respond): Promise<FakeService> {
	let requests: FakeRequest[] = [];
	let fault: Fault = () => null;
	const server = createServer((incoming, outgoing) => {
		void bodyOf(incoming).then((body) => {
			const origin = `http://${incoming.headers.host}`;
			const { pathname: path, searchParams: query } = new URL(incoming.url ?? '/', origin);
			const request = { method: incoming.method ?? 'GET', path, query, headers: incoming.headers, body, origin };
			requests.push(request);
			let answer: Answer;
			try {
				answer = fault(request, requests.length) ?? respond(request);
			} catch (error) {
				answer = { status: 599, body: `The fake broke: ${String(error)}` };
			}
			const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
			const type = typeof answer.body === 'string' ? 'text/plain' : 'application/json';
			outgoing.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers }).end(text);
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('The fake has no port.');
	return {
		url: `http://127.0.0.1:${address.port}`,
		get requests() {
			return requests;
		},
		reset(next = () => null) {
			requests = [];
			fault = next;
		},
		close: () =>
			new Promise((closed) => {
				server.close(() => closed());
				server.closeAllConnections();
			})
	};
}
