/** What holds for every page and endpoint, whoever wrote it: no writes from other sites, and the policy of the page. */
import { text } from '@sveltejs/kit';
import type { Handle } from '@sveltejs/kit';
import { browserConvexUrl } from './convex.ts';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const POLICY = 'content-security-policy';

/**
 * Refuses requests that could change something and come from a page of another site. Browsers name the page's origin
 * with all of them; programs, which carry no cookies of anybody, name none.
 */
export const refuseForeignWrites: Handle = ({ event, resolve }) => {
	const { method, headers } = event.request;
	const origin = headers.get('origin');
	const site = headers.get('sec-fetch-site');
	const foreign = origin === null ? site === 'cross-site' || site === 'same-site' : origin !== event.url.origin;
	if (READING.has(method) || !foreign) return resolve(event);
	return text('This request comes from a page of another site and was refused.', { status: 403 });
};

/** Lets a page connect to its deployment when that has an origin of its own. */
export const allowDeployment: Handle = async ({ event, resolve }) => {
	const response = await resolve(event);
	const policy = response.headers.get(POLICY);
	const url = browserConvexUrl();
	if (policy === null || url === null || !URL.canParse(url)) return response;
	const { origin } = new URL(url);
	const sources = `${origin} ${origin.replace(/^http/, 'ws')}`;
	response.headers.set(
		POLICY,
		policy.replace(/connect-src [^;]*/, (directive) => `${directive} ${sources}`)
	);
	return response;
};
