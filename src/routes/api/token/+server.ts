import type { RequestHandler } from './$types';

const HEADERS = { 'cache-control': 'no-store', 'content-type': 'text/plain' };

/** The token for the deployment; no content when nobody is signed in. */
export const GET: RequestHandler = async ({ locals, url }) => {
	const token = await locals.convexToken(url.searchParams.has('fresh')).catch(() => undefined);
	if (token === undefined)
		return new Response('The data deployment does not answer.', { status: 503, headers: HEADERS });
	return token === null
		? new Response(null, { status: 204, headers: HEADERS })
		: new Response(token, { headers: HEADERS });
};
