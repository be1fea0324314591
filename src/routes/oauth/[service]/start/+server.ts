import { error, json } from '@sveltejs/kit';
import { z } from 'zod';
import { oauthProviderOf } from '$lib/config/oauth.ts';
import { fromConvex } from '$lib/server/convex.ts';
import { browserValue } from '$lib/server/signIn.ts';
import { api } from '../../../../convex/_generated/api.js';
import type { RequestHandler } from './$types';

const asked = z.object({ integrationId: z.string(), connectionId: z.string().optional() });

/**
 * Begins a sign-in: `{ integrationId, connectionId? }` in, `{ success, url }` or a failure with its sentence out. Only JSON
 * is taken, which no form of another site can send.
 */
export const POST: RequestHandler = async ({ params, request, cookies, url }) => {
	if (oauthProviderOf(params.service) === null) error(404, { message: 'There is no such provider.' });
	if (!request.headers.get('content-type')?.startsWith('application/json'))
		error(415, { message: 'A sign-in is begun with JSON.' });
	const parsed = asked.safeParse(await request.json().catch(() => null));
	if (!parsed.success) error(400, { message: 'Say which service is to be connected.' });
	const browser = browserValue(cookies, url.protocol === 'https:');
	const answer = await fromConvex((client) =>
		client.action(api.oauth.start, { ...parsed.data, origin: url.origin, browser })
	);
	return json(answer, { headers: { 'cache-control': 'no-store' } });
};
