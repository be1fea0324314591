import { ConvexHttpClient } from 'convex/browser';
import { error, isHttpError, isRedirect } from '@sveltejs/kit';
import { getRequestEvent } from '$app/server';
import { env } from '$env/dynamic/private';
import { env as publicEnv } from '$env/dynamic/public';

/** Milliseconds a page waits for the deployment before it says so. */
const DEADLINE_MS = 10_000;

/** Instead of a URL: browsers reach the deployment under the origin of the page, whose server hands WebSockets on. */
const OWN_ORIGIN = '/';

/** The deployment's URL as browsers reach it, `/` for the page's own origin; null when none is configured. */
export function browserConvexUrl(): string | null {
	return env['PLUMBLINE_RELAY_TO'] ? OWN_ORIGIN : convexUrl();
}

/** The deployment's URL as this server reaches it; null when none is configured. */
export function convexUrl(): string | null {
	return publicEnv.PUBLIC_CONVEX_URL || env.CONVEX_URL || env.CONVEX_SELF_HOSTED_URL || null;
}

/** Where the deployment answers HTTP actions; null when none is configured. */
export function siteUrl(): string | null {
	if (env.CONVEX_SITE_URL) return env.CONVEX_SITE_URL;
	const url = convexUrl();
	if (url === null) return null;
	const { origin, hostname } = new URL(url);
	return hostname.endsWith('.convex.cloud') ? origin.replace(/\.convex\.cloud$/, '.convex.site') : `${origin}/http`;
}

/**
 * Runs the reads of a page's load with a client of its own, as whoever sent the request, and turns a deployment that
 * does not answer, or that does not know our functions yet, into a 503 page that says what to do. An action that asks
 * others gets a longer deadline.
 */
export async function fromConvex<T>(
	read: (client: ConvexHttpClient) => Promise<T>,
	deadlineMs = DEADLINE_MS
): Promise<T> {
	const url = convexUrl();
	if (url === null) {
		error(503, {
			message: 'No Convex deployment is configured.',
			hint: 'Start Plumbline with the command below, or set CONVEX_URL to the address of your deployment.',
			command: 'npm run dev'
		});
	}
	const client = new ConvexHttpClient(url, {
		skipConvexDeploymentUrlCheck: true,
		logger: false,
		fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(deadlineMs) })
	});
	try {
		const token = await getRequestEvent().locals.convexToken();
		if (token !== null) client.setAuth(token);
		return await read(client);
	} catch (cause) {
		if (isHttpError(cause) || isRedirect(cause)) throw cause;
		console.error('A page could not be read from the deployment:', cause);
		const text = cause instanceof Error ? cause.message : '';
		if (text.includes('Could not find public function')) {
			error(503, {
				message: 'The deployment answers, but Plumbline’s functions are not on it yet.',
				hint: 'They are being pushed, or the last push failed: look at the log of the process that runs Plumbline.'
			});
		}
		if (cause instanceof TypeError || (cause instanceof Error && cause.name === 'TimeoutError')) {
			error(503, {
				message: 'The data deployment does not answer.',
				hint: 'Your numbers are safe where they are stored. Check that the process that runs Plumbline is still up, then reload.'
			});
		}
		throw cause;
	}
}
