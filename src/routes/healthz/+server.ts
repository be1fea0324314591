import { env } from '$env/dynamic/private';
import { convexUrl } from '$lib/server/convex.ts';
import { version } from '../../../package.json';
import type { RequestHandler } from './$types';

/** For monitors: whether pages are served and the deployment behind them answers. 503 when it does not. */
export const GET: RequestHandler = async () => {
	const url = convexUrl();
	const answers =
		url !== null &&
		(await fetch(new URL('/version', url), { signal: AbortSignal.timeout(2_000) }).then(
			(response) => response.ok,
			() => false
		));
	return Response.json(
		{
			status: answers ? 'ok' : 'unavailable',
			version,
			deployment: env['PLUMBLINE_DEPLOYMENT'] === 'embedded' ? 'embedded' : 'external'
		},
		{ status: answers ? 200 : 503, headers: { 'cache-control': 'no-store' } }
	);
};
