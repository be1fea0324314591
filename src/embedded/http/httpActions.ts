/** HTTP actions: requests that the app's own router answers, under `/http` and on the site port. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AuthenticationFailure } from '../auth/failure.ts';
import type { Identity } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { bodyParts } from './body.ts';
import type { Exchange } from './exchange.ts';

/** Requests of these methods reach the app without a body. */
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS']);
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'te']);

/** Hands the request to the app, with `path` (which includes the query string) instead of its own. */
export async function runHttpAction({ request, response, deployment }: Exchange, path: string): Promise<void> {
	const method = request.method ?? 'GET';
	const client = new AbortController();
	response.once('close', () => client.abort());
	const answer = await deployment.engine.httpAction({
		method,
		url: deployment.siteUrl + path,
		headers: headerPairs(request),
		body: BODILESS.has(method) ? null : bodyParts(request),
		identity: await identify(deployment.authentication.fromHeader(request.headers.authorization)),
		requestId: newRequestId(),
		signal: client.signal
	});
	for (const [name, value] of answer.headers) {
		// How long the body is turns out when it has been made.
		if (!HOP_BY_HOP.has(name.toLowerCase()) && name.toLowerCase() !== 'content-length')
			response.appendHeader(name, value);
	}
	response.writeHead(answer.status);
	response.flushHeaders();
	try {
		await pipeline(answer.body, response);
	} catch {
		// The client has gone away, or the action was lost: then the client sees that the body is not whole.
		response.destroy();
	}
	dropRest(request);
}

/** Reads what the action did not read of a request, so that the connection can be used again. */
function dropRest(request: IncomingMessage): void {
	if (request.complete || request.destroyed) return;
	request.unpipe();
	request.removeAllListeners('readable');
	request.resume();
}

/** The Authorization header may be the app's own affair (a webhook's key, say): what is not ours is nobody. */
async function identify(caller: Promise<{ identity: Identity }>): Promise<Identity> {
	try {
		return (await caller).identity;
	} catch (error) {
		if (error instanceof AuthenticationFailure) return { kind: 'none' };
		throw error;
	}
}

/** A body that was encoded has been decoded on the way in, so that its length and encoding are no longer true. */
function headerPairs({ rawHeaders, headers }: IncomingMessage): [string, string][] {
	const isDecoded = headers['content-encoding'] !== undefined;
	const pairs: [string, string][] = [];
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const name = rawHeaders[i] ?? '';
		const lower = name.toLowerCase();
		const isOfEncoding = lower === 'content-encoding' || lower === 'content-length';
		if (!HOP_BY_HOP.has(lower) && !(isDecoded && isOfEncoding)) pairs.push([name, rawHeaders[i + 1] ?? '']);
	}
	return pairs;
}
