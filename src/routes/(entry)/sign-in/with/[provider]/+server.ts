import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { safeRedirect } from '$lib/navigation/safeRedirect.ts';
import { submitTo } from '$lib/server/entry.ts';
import type { RequestHandler } from './$types';

/**
 * Goes to a service that vouches for people. A link and not a form: the policy of pages lets forms lead to this site
 * only, also through redirects.
 */
export const GET: RequestHandler = async (event) => {
	const redirectTo = safeRedirect(event.url.searchParams.get('redirectTo'));
	// On the server `resolve` gives a path from this page, and Better Auth wants one from the root.
	const { pathname } = new URL(resolve('/sign-in'), event.url);
	const back = `${pathname}?${new URLSearchParams({ redirectTo })}`;
	const answer = await submitTo(event, '/sign-in/social', {
		provider: event.params.provider,
		callbackURL: redirectTo,
		errorCallbackURL: back
	});
	redirect(303, answer.ok && answer.url !== null ? answer.url : `${back}&error=provider`);
};
