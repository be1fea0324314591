/**
 * The way from the pages to Better Auth in the deployment. Browsers know only this origin: its cookies stay here, and
 * the deployment believes what is said about the client because of a secret that only this server and it know.
 */
import type { RequestEvent } from '@sveltejs/kit';
import { env } from '$env/dynamic/private';
import { siteUrl } from './convex.ts';

const DEADLINE_MS = 30_000;
const MAX_BODY_BYTES = 64 * 1024;
/** Cookies of Better Auth: none other is sent to the deployment. */
const OWN_COOKIE = /^(?:__Secure-)?plumbline\./;
const HANDED_ON = ['content-type', 'accept', 'origin', 'user-agent'];
const HANDED_BACK = ['content-type', 'location', 'retry-after', 'x-retry-after'];

/** Better Auth's cookies of a request, and those that it has set since, as one header. */
function authCookies({ cookies, locals }: RequestEvent): string {
	const sent = cookies.getAll().filter(({ name }) => OWN_COOKIE.test(name));
	const jar = new Map(sent.map(({ name, value }) => [name, encodeURIComponent(value)]));
	for (const set of locals.authCookies) {
		const [, name, value] = /^([^=;]+)=([^;]*)/.exec(set) ?? [];
		if (name !== undefined && value !== undefined) jar.set(name, value);
	}
	return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

interface Call {
	readonly method: 'GET' | 'POST';
	/** With its query. */
	readonly path: string;
	readonly body?: string | null;
	/** Instead of what the browser sent. */
	readonly headers?: Readonly<Record<string, string>>;
}

/** Calls Better Auth for the client of a request. Throws when the deployment does not answer. */
export async function callAuth(event: RequestEvent, call: Call): Promise<Response> {
	return await callSite(event, { ...call, path: `/api/auth${call.path}` });
}

/** Asks the deployment what stands beside Better Auth: what is offered, the first account, invitations. */
export async function callEntry(event: RequestEvent, path: string, body?: object): Promise<Response> {
	const method = body ? 'POST' : 'GET';
	return await callSite(event, { method, path: `/api/entry${path}`, body: body && JSON.stringify(body) });
}

async function callSite(event: RequestEvent, { method, path, body = null, headers: own }: Call): Promise<Response> {
	const site = siteUrl();
	if (site === null) return unavailable('No Convex deployment is configured.');
	const headers = new Headers();
	for (const name of HANDED_ON) {
		const value = event.request.headers.get(name);
		if (value !== null) headers.set(name, value);
	}
	for (const [name, value] of Object.entries(own ?? {})) headers.set(name, value);
	const cookies = authCookies(event);
	if (cookies !== '') headers.set('cookie', cookies);
	headers.set('x-plumbline-client', event.getClientAddress());
	headers.set('x-plumbline-proxy', env.PLUMBLINE_PROXY_SECRET ?? '');
	return await fetch(`${site}${path}`, {
		method,
		headers,
		body,
		redirect: 'manual',
		signal: AbortSignal.timeout(DEADLINE_MS)
	});
}

/** Answers a browser's request with Better Auth's answer. */
export async function proxyAuth(event: RequestEvent, path: string): Promise<Response> {
	const { request, url } = event;
	const method = request.method === 'POST' ? 'POST' : 'GET';
	const body = method === 'POST' ? await textOf(request) : null;
	if (body === undefined) return Response.json({ message: 'The request is too large.' }, { status: 413 });
	try {
		return await answerOf(await callAuth(event, { method, path: `${path}${url.search}`, body }));
	} catch {
		return unavailable('The data deployment does not answer. Try again in a moment.');
	}
}

function unavailable(message: string): Response {
	return Response.json({ code: 'UNAVAILABLE', message }, { status: 503 });
}

async function answerOf(response: Response): Promise<Response> {
	const headers = new Headers({ 'cache-control': 'no-store' });
	for (const name of HANDED_BACK) {
		const value = response.headers.get(name);
		if (value !== null) headers.set(name, value);
	}
	for (const cookie of response.headers.getSetCookie()) headers.append('set-cookie', cookie);
	const text = await response.text();
	// A redirect calls itself JSON and has no body.
	const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json');
	return new Response(isJson ? withoutSessionToken(text) : text || null, { status: response.status, headers });
}

/** Better Auth repeats the session's token in some answers; pages get it as a cookie only, which no script can read. */
function withoutSessionToken(json: string): string {
	const drop = (holder: unknown) => {
		if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, 'token');
	};
	const answer: unknown = JSON.parse(json);
	drop(answer);
	if (typeof answer === 'object' && answer !== null && 'session' in answer) drop(answer.session);
	return JSON.stringify(answer);
}

/** The body of a request; undefined when it is too large. */
async function textOf(request: Request): Promise<string | undefined> {
	if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) return undefined;
	const decoder = new TextDecoder();
	let text = '';
	let bytes = 0;
	for await (const part of request.body ?? []) {
		bytes += part.byteLength;
		if (bytes > MAX_BODY_BYTES) return undefined;
		text += decoder.decode(part, { stream: true });
	}
	return text + decoder.decode();
}
