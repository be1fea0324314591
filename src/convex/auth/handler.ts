/** The HTTP action that is Better Auth. Only Plumbline's own pages may call it, except for the public keys. */
import { betterAuth } from 'better-auth/minimal';
import { constantTimeEqual, symmetricEncrypt } from 'better-auth/crypto';
import { internal } from '../_generated/api.js';
import { httpAction } from '../_generated/server.js';
import type { ActionCtx } from '../_generated/server.js';
import { convexAdapter } from './adapter.ts';
import { authOptions } from './options.ts';
import type { AuthBackend } from './options.ts';
import { readAuthSettings } from './settings.ts';

const BASE = '/api/auth';
const KEYS = '/jwks';

function backendOf(ctx: ActionCtx, secret: string): AuthBackend {
	const { create, find, count, change, remove } = internal.auth.store;
	return {
		database: convexAdapter({
			create: (args) => ctx.runMutation(create, args),
			find: (args) => ctx.runQuery(find, args),
			count: (args) => ctx.runQuery(count, args),
			change: (args) => ctx.runMutation(change, args),
			remove: (args) => ctx.runMutation(remove, args)
		}),
		send: async (letter) => {
			const sealed = await symmetricEncrypt({ key: secret, data: JSON.stringify(letter) });
			await ctx.scheduler.runAfter(0, internal.auth.mail.send, { sealed });
		},
		isInvited: (email, invitationId) => ctx.runQuery(internal.auth.registration.isInvited, { email, invitationId }),
		record: async ({ userId, workspaceId, ...deed }) => {
			await ctx.runMutation(internal.audit.record, { userId, workspaceId, ...deed });
		},
		keepKey: (made, unopened) => ctx.runMutation(internal.auth.keys.keep, { made, unopened })
	};
}

/** Whether the request comes from the server of the pages, which alone may say who the client is. */
export function isFromPages(request: Request): boolean {
	const shown = request.headers.get('x-plumbline-proxy');
	const secret = process.env.PLUMBLINE_PROXY_SECRET;
	return !!secret && shown !== null && constantTimeEqual(shown, secret);
}

export const handleAuth = httpAction(async (ctx, request) => {
	const { pathname, searchParams } = new URL(request.url);
	const path = pathname.slice(BASE.length);
	if (path !== KEYS && !isFromPages(request)) {
		const message = 'Sign-in is answered through the pages of Plumbline only.';
		return Response.json({ code: 'NOT_FROM_PAGES', message }, { status: 403 });
	}
	const settings = readAuthSettings(process.env);
	const auth = betterAuth(authOptions(settings, backendOf(ctx, settings.secret), path, searchParams));
	return await auth.handler(request);
});
