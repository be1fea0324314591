import { siteUrl } from '$lib/server/convex.ts';
import type { RequestHandler } from './$types';

const DEADLINE_MS = 30_000;
const HANDED_BACK = ['content-type', 'retry-after', 'www-authenticate'];

/** Hands a request of the HTTP API on to the deployment: its token, and nothing else of the client. */
const answer: RequestHandler = async ({ request, url }) => {
	const answered = await fetch(`${siteUrl()}${url.pathname}${url.search}`, {
		method: request.method,
		headers: { authorization: request.headers.get('authorization') ?? '' },
		redirect: 'manual',
		signal: AbortSignal.timeout(DEADLINE_MS)
	}).catch(() => null);
	if (answered === null) {
		const message = 'The data deployment does not answer. Try again in a moment.';
		return Response.json({ error: { kind: 'unavailable', message } }, { status: 503 });
	}
	const headers = new Headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
	for (const name of HANDED_BACK) {
		const value = answered.headers.get(name);
		if (value !== null) headers.set(name, value);
	}
	return new Response(answered.body, { status: answered.status, headers });
};

export const GET = answer;
export const POST = answer;
