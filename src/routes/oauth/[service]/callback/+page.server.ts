import { error, redirect } from '@sveltejs/kit';
import { oauthProviderOf } from '$lib/config/oauth.ts';
import { fromConvex } from '$lib/server/convex.ts';
import { knownBrowserValue } from '$lib/server/signIn.ts';
import { api } from '../../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

/** The provider is asked for tokens, and the service whether they do. */
const DEADLINE_MS = 45_000;

/** Where the provider sends people back to: hands its answer on, and goes on to the connection, or says why not. */
export const load: PageServerLoad = async ({ params, url, cookies, setHeaders }) => {
	const provider = oauthProviderOf(params.service);
	if (provider === null) error(404, { message: 'There is no such provider.' });
	setHeaders({ 'cache-control': 'no-store' });
	const answer = url.searchParams.toString();
	const browser = knownBrowserValue(cookies);
	const done = await fromConvex(
		(client) => client.action(api.oauth.finish, { provider: provider.id, answer, browser }),
		DEADLINE_MS
	);
	if (!done.success) return { provider: provider.name, refusal: done };
	if (done.connectionId !== null) redirect(303, `/connections/${done.connectionId}`);
	redirect(303, `/integrations/${done.integrationId}?${new URLSearchParams({ grant: done.grantKey ?? '' })}`);
};
