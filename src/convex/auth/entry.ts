/** What the pages' server asks of the deployment about signing in, beside Better Auth: the first account, invitations. */
import { hashPassword } from 'better-auth/crypto';
import { v } from 'convex/values';
import { z } from 'zod';
import { LONGEST_NAME, PASSWORD_LENGTH } from '../../lib/config/signIn.ts';
import { internal } from '../_generated/api.js';
import { httpAction, internalQuery } from '../_generated/server.js';
import { isFromPages } from './handler.ts';
import { providersOf, readAuthSettings } from './settings.ts';

const setupBody = z.object({
	name: z.string().trim().min(1).max(LONGEST_NAME),
	email: z.email().max(254),
	password: z.string().min(PASSWORD_LENGTH.min).max(PASSWORD_LENGTH.max),
	/** Null for somebody at this machine: the pages' server has checked. */
	code: z.string().max(100).nullable()
});

function refused(): Response {
	return Response.json({ message: 'This is answered to the pages of Plumbline only.' }, { status: 403 });
}

/** What the sign-in page offers. */
export const offers = httpAction(async (ctx, request) => {
	if (!isFromPages(request)) return refused();
	const settings = readAuthSettings(process.env);
	const setupNeeded = await ctx.runQuery(internal.auth.setup.needed, {});
	const { openRegistration } = settings;
	const mail = settings.mail !== null;
	return Response.json({ setupNeeded, openRegistration, mail, providers: providersOf(settings) });
});

/** Makes the first account. */
export const setUp = httpAction(async (ctx, request) => {
	if (!isFromPages(request)) return refused();
	const parsed = setupBody.safeParse(await request.json().catch(() => null));
	if (!parsed.success) return Response.json({ outcome: 'invalid' }, { status: 400 });
	const { name, email, password, code } = parsed.data;
	const outcome = await ctx.runMutation(internal.auth.setup.claim, {
		name,
		email: email.toLowerCase(),
		passwordHash: await hashPassword(password),
		codeHash: code === null ? null : await sha256(code),
		ip: request.headers.get('x-plumbline-client'),
		userAgent: request.headers.get('user-agent')
	});
	return Response.json({ outcome });
});

/** Hexadecimal. */
async function sha256(text: string): Promise<string> {
	const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
	return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** An invitation for whoever holds its link. */
export const invitation = httpAction(async (ctx, request) => {
	if (!isFromPages(request)) return refused();
	const id = new URL(request.url).pathname.split('/').at(-1) ?? '';
	return Response.json(await ctx.runQuery(internal.auth.entry.invitationById, { id }));
});

const LONGEST_ID = 64;

/** Null when there is none of that id. */
export const invitationById = internalQuery({
	args: { id: v.string() },
	returns: v.union(
		v.object({
			state: v.union(v.literal('open'), v.literal('expired'), v.literal('used'), v.literal('withdrawn')),
			email: v.string(),
			role: v.string(),
			workspace: v.string(),
			inviter: v.string(),
			/** Said only while the invitation is open: making an account with it would say it, too. */
			hasAccount: v.boolean()
		}),
		v.null()
	),
	handler: async ({ db }, { id }) => {
		const normal = id.length > LONGEST_ID ? null : db.normalizeId('invitations', id);
		const row = normal && (await db.get('invitations', normal));
		const workspace = row && (await db.get('workspaces', row.workspaceId));
		if (!row || !workspace) return null;
		const { email, role = 'viewer', status, expiresAt, inviterId } = row;
		const pending = expiresAt > Date.now() ? ('open' as const) : ('expired' as const);
		const state = status === 'pending' ? pending : status === 'accepted' ? ('used' as const) : ('withdrawn' as const);
		const account = await db
			.query('users')
			.withIndex('by_email', (q) => q.eq('email', email))
			.first();
		return {
			state,
			email,
			role,
			workspace: workspace.name,
			inviter: (await db.get('users', inviterId))?.name ?? 'Somebody',
			hasAccount: state === 'open' && account !== null
		};
	}
});
