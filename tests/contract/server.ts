/**
 * A strict server made from a service's own OpenAPI file. It refuses unknown paths (404), wrong or missing
 * credentials (401) and undeclared or ill-typed parameters and bodies (400); and it refuses our own fixtures (500) when they break
 * the service's response schema, so that nobody tests against a service that does not exist.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { IncomingHttpHeaders } from 'node:http';
import { parseQuery, QueryRefused } from './query.ts';
import type { Query } from './query.ts';
import type { Operation, Schema, SecurityScheme, Spec } from './spec.ts';

export interface ContractRequest {
	/** `GET /v1/charges/{id}` */
	readonly operation: string;
	/** Values of the path's placeholders. */
	readonly path: Readonly<Record<string, string>>;
	/** Typed as declared: `{ created: { gte: 1767225600 }, expand: ['data.customer'], limit: 100 }`. */
	readonly query: Query;
	readonly url: URL;
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
}

export interface ContractAnswer {
	/** Default 200. */
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: unknown;
}

export interface ContractOptions {
	readonly spec: Spec;
	/** By operation. A key that the spec does not know is an error at once. */
	readonly fixtures: Readonly<Record<string, (request: ContractRequest) => ContractAnswer>>;
	/** The one credential that is right: a token, `user:password` for basic, or the key of an `apiKey` scheme. */
	readonly credential: string;
	/** The service's own words for a wrong credential. */
	readonly unauthorized?: unknown;
	/** A newer schema for an operation's answer than the spec has; undefined leaves it to the spec. */
	readonly responseSchema?: (operation: string, status: number) => Schema | undefined;
	/** Answers in the service's place (a rate limit, a broken body), unchecked, unless it returns null. */
	readonly fault?: (request: ContractRequest) => ContractAnswer | null;
}

interface LoggedRequest {
	readonly method: string;
	readonly target: string;
	/** null for a path that the spec does not know. */
	readonly operation: string | null;
	readonly query: Query;
	readonly status: number;
}

export interface ContractServer {
	readonly url: string;
	readonly log: readonly LoggedRequest[];
	/** Whatever was refused as outside the contract, our fixtures included; a test of good behaviour ends with none. */
	readonly problems: readonly string[];
	close(): Promise<void>;
}

function meets(scheme: SecurityScheme, headers: IncomingHttpHeaders, url: URL, credential: string): boolean {
	const { authorization = '' } = headers;
	const name = scheme.name ?? '';
	if (scheme.type === 'apiKey')
		return (scheme.in === 'query' ? url.searchParams.get(name) : headers[name.toLowerCase()]) === credential;
	if (scheme.type === 'http' && scheme.scheme?.toLowerCase() === 'basic') {
		const pair = credential.includes(':') ? credential : `${credential}:`;
		return authorization === `Basic ${Buffer.from(pair).toString('base64')}`;
	}
	return authorization === `Bearer ${credential}`;
}

function authorized({ security }: Operation, headers: IncomingHttpHeaders, url: URL, credential: string): boolean {
	if (security.length === 0) return true;
	return security.some((schemes) => schemes.every((scheme) => meets(scheme, headers, url, credential)));
}

/** Starts the server on a free loopback port. Throws when a fixture is for an operation that the spec lacks. */
export async function startContract(options: ContractOptions): Promise<ContractServer> {
	const { spec, fixtures, credential, unauthorized = { message: 'Bad credentials' } } = options;
	for (const key of Object.keys(fixtures)) if (!spec.has(key)) throw new Error(`The spec knows no operation "${key}".`);
	const log: LoggedRequest[] = [];
	const problems: string[] = [];

	function refuse(status: number, problem: string): ContractAnswer {
		problems.push(problem);
		return { status, body: { message: problem } };
	}

	function checked(operation: Operation, answer: ContractAnswer): ContractAnswer {
		const { status = 200, body } = answer;
		const schema = options.responseSchema?.(operation.key, status) ?? spec.responseSchema(operation, status);
		const declared = schema !== undefined || status >= 400;
		if (!declared) return refuse(500, `fixture of ${operation.key}: status ${status} is not declared`);
		const problem = schema === undefined || schema === null ? null : spec.problem(schema, body);
		return problem === null ? answer : refuse(500, `fixture of ${operation.key}: ${problem}`);
	}

	function respond(method: string, url: URL, headers: IncomingHttpHeaders, body: string): ContractAnswer {
		const match = spec.match(method, url.pathname);
		const target = `${url.pathname}${url.search}`;
		const done = (answer: ContractAnswer, query: Query = {}) => {
			log.push({ method, target, operation: match?.operation.key ?? null, query, status: answer.status ?? 200 });
			return answer;
		};
		if (match === null) return done(refuse(404, `${method} ${url.pathname} is not in the spec`));
		const { operation, path } = match;
		if (!authorized(operation, headers, url, credential)) return done({ status: 401, body: unauthorized });
		let query: Query;
		try {
			query = parseQuery(spec, operation, url.searchParams);
		} catch (error) {
			if (!(error instanceof QueryRefused)) throw error;
			return done(refuse(400, `${operation.key}: ${error.message}`));
		}
		const bodyProblem = spec.bodyProblem(operation, body);
		if (bodyProblem !== null) return done(refuse(400, `${operation.key}: ${bodyProblem}`), query);
		const request = { operation: operation.key, path, query, url, headers, body };
		const fault = options.fault?.(request) ?? null;
		if (fault !== null) return done(fault, query);
		const fixture = fixtures[operation.key];
		return done(
			fixture === undefined ? refuse(501, `${operation.key} has no fixture`) : checked(operation, fixture(request)),
			query
		);
	}

	const server = createServer(async (incoming, outgoing) => {
		let answer: ContractAnswer;
		try {
			const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host}`);
			answer = respond(incoming.method ?? 'GET', url, incoming.headers, await text(incoming));
		} catch (error) {
			answer = refuse(500, `the contract server broke: ${String(error)}`);
		}
		outgoing.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
		outgoing.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('The contract server has no port.');
	return {
		url: `http://127.0.0.1:${address.port}`,
		log,
		problems,
		close: () =>
			new Promise((closed) => {
				server.close(() => closed());
				server.closeAllConnections();
			})
	};
}
