/**
 * The HTTP API, version 1, for programs with an API token (notes/API.md). JSON in every answer; errors are
 * `{ "error": { "kind", "message" } }` of a closed list of kinds. Each route names the scope that its token needs.
 */
import { ConvexError } from 'convex/values';
import type { HttpRouter } from 'convex/server';
import { z } from 'zod';
import type { Scope } from '../../lib/config/permissions.ts';
import { titleOf } from '../../lib/config/permissions.ts';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import { httpAction } from '../_generated/server.js';
import type { ActionCtx } from '../_generated/server.js';
import { hashOf, isToken } from '../lib/apiToken.ts';

const STATUS = {
	invalid: 400,
	unauthorized: 401,
	forbidden: 403,
	not_found: 404,
	/** The connection is in no state for it. */
	config: 409,
	rate_limited: 429
} as const;
type ErrorKind = keyof typeof STATUS;

interface Call {
	readonly ctx: ActionCtx;
	readonly workspaceId: Id<'workspaces'>;
	readonly query: URLSearchParams;
	/** What the path holds in place of `:id`; "" where it has none. */
	readonly id: string;
}

interface ApiRoute {
	readonly method: 'GET' | 'POST';
	/** `:id` stands for one id. */
	readonly path: string;
	readonly scope: Scope;
	readonly status: number;
	readonly answer: (call: Call) => Promise<object>;
}

/** Every route of the API. */
export const API_ROUTES: readonly ApiRoute[] = [
	{
		method: 'GET',
		path: '/api/v1/connections',
		scope: 'numbers:read',
		status: 200,
		answer: async ({ ctx, workspaceId, query }) =>
			await ctx.runQuery(internal.http.answers.connections, { workspaceId, ...pagingIn(query) })
	},
	{
		method: 'GET',
		path: '/api/v1/metrics',
		scope: 'numbers:read',
		status: 200,
		answer: async ({ ctx, workspaceId, query }) =>
			await ctx.runQuery(internal.http.answers.metrics, { workspaceId, connection: given(query, 'connection') })
	},
	{
		method: 'GET',
		path: '/api/v1/series',
		scope: 'numbers:read',
		status: 200,
		answer: async ({ ctx, workspaceId, query }) =>
			await ctx.runQuery(internal.http.answers.series, {
				workspaceId,
				connection: given(query, 'connection'),
				metric: given(query, 'metric'),
				from: given(query, 'from'),
				to: given(query, 'to'),
				...pagingIn(query)
			})
	},
	{
		method: 'POST',
		path: '/api/v1/connections/:id/sync',
		scope: 'sync:run',
		status: 202,
		answer: async ({ ctx, workspaceId, id }) =>
			await ctx.runMutation(internal.http.answers.sync, { workspaceId, connection: id })
	}
];

/** Adds the API to the deployment's router. Whatever else is under /api/v1 answers `not_found`. */
export function addApiRoutes(http: HttpRouter): void {
	for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
		http.route({ pathPrefix: '/api/v1/', method, handler: httpAction(serve) });
	}
}

async function serve(ctx: ActionCtx, request: Request): Promise<Response> {
	try {
		const { pathname, searchParams: query } = new URL(request.url);
		const found = routeOf(request.method, pathname);
		if (!found) throw problem('not_found', 'There is no such address in version 1 of the API.');
		const workspaceId = await admitted(ctx, request, found.route.scope);
		const answer = await found.route.answer({ ctx, workspaceId, query, id: found.id });
		return json(found.route.status, answer);
	} catch (error) {
		const known = problemShape.safeParse(error instanceof ConvexError ? error.data : null);
		if (!known.success) throw error;
		const { kind, message, retryAfterSeconds } = known.data;
		return json(STATUS[kind], { error: { kind, message } }, retryAfterSeconds);
	}
}

function routeOf(method: string, path: string): { route: ApiRoute; id: string } | null {
	for (const route of API_ROUTES) {
		const [before = '', behind] = route.path.split(':id');
		if (route.method !== method) continue;
		if (behind === undefined) {
			if (path === route.path) return { route, id: '' };
		} else if (path.startsWith(before) && path.endsWith(behind) && path.length > before.length + behind.length) {
			const id = path.slice(before.length, path.length - behind.length);
			if (!id.includes('/')) return { route, id };
		}
	}
	return null;
}

/** The workspace of the request's token, which has the scope. Throws the problem otherwise. */
async function admitted(ctx: ActionCtx, request: Request, needed: Scope): Promise<Id<'workspaces'>> {
	const token = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
	const unauthorized = 'Send a token that works as "Authorization: Bearer plb_…". Make one under Settings, API tokens.';
	if (!isToken(token)) throw problem('unauthorized', unauthorized);
	const admission = await ctx.runMutation(internal.apiKeys.admit, { hash: await hashOf(token), needed });
	if (!('refused' in admission)) return admission.workspaceId;
	if (admission.refused === 'rate_limited') {
		const { retryAfterSeconds } = admission;
		throw problem('rate_limited', `Too many requests. Try again in ${retryAfterSeconds} s.`, retryAfterSeconds);
	}
	if (admission.refused === 'unauthorized') throw problem('unauthorized', unauthorized);
	throw problem('forbidden', `This token may not ${titleOf(needed)}: it lacks the scope ${needed}.`);
}

const problemShape = z.object({
	kind: z.enum(['invalid', 'unauthorized', 'forbidden', 'not_found', 'config', 'rate_limited']),
	message: z.string(),
	retryAfterSeconds: z.number().optional()
});

function problem(kind: ErrorKind, message: string, retryAfterSeconds?: number) {
	return new ConvexError({ kind, message, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
}

function given(query: URLSearchParams, name: string): string {
	const value = query.get(name);
	if (value === null) throw problem('invalid', `The request lacks "${name}".`);
	return value;
}

function pagingIn(query: URLSearchParams): { limit?: number; after?: string } {
	const limit = query.get('limit');
	const after = query.get('after');
	return { ...(limit === null ? {} : { limit: Number(limit) }), ...(after === null ? {} : { after }) };
}

function json(status: number, body: object, retryAfterSeconds?: number): Response {
	const headers = new Headers({
		'content-type': 'application/json; charset=utf-8',
		'cache-control': 'no-store',
		'x-content-type-options': 'nosniff'
	});
	if (status === 401) headers.set('www-authenticate', 'Bearer');
	if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds));
	return new Response(JSON.stringify(body), { status, headers });
}
