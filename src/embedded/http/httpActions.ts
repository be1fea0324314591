/** HTTP actions: requests that the app's own router answers, under `/http` and on the site port. */
import { AuthenticationFailure } from '../auth/failure.ts';
import type { Identity } from '../engine/types.ts';
import { newRequestId } from '../requestId.ts';
import { readBody } from './body.ts';
import type { Exchange } from './exchange.ts';

const MAX_BODY_BYTES = 20 * 1024 * 1024;
const HOP_BY_HOP = new Set([
	'connection',
	'keep-alive',
	'transfer-encoding',
	'upgrade',
	'content-length',
	'trailer',
	'te'
]);

/** Hands the request to the app, with `path` (which includes the query string) instead of its own. */
export async function runHttpAction({ request, response, deployment }: Exchange, path: string): Promise<void> {
	const answer = await deployment.engine.httpAction({
		method: request.method ?? 'GET',
		url: deployment.siteUrl + path,
		headers: headerPairs(request.rawHeaders),
		body: await readBody(request, MAX_BODY_BYTES),
		identity: await identify(deployment.authentication.fromHeader(request.headers.authorization)),
		requestId: newRequestId()
	});
	for (const [name, value] of answer.headers) {
		if (!HOP_BY_HOP.has(name.toLowerCase())) response.appendHeader(name, value);
	}
	response.writeHead(answer.status, { 'content-length': answer.body.byteLength });
	response.end(request.method === 'HEAD' ? undefined : answer.body);
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

function headerPairs(raw: readonly string[]): [string, string][] {
	const pairs: [string, string][] = [];
	for (let i = 0; i + 1 < raw.length; i += 2) {
		const name = raw[i] ?? '';
		// The body has been decoded on the way in.
		if (!HOP_BY_HOP.has(name.toLowerCase()) && name.toLowerCase() !== 'content-encoding')
			pairs.push([name, raw[i + 1] ?? '']);
	}
	return pairs;
}
