/** What the pages of signing in share: what is offered, and how a form's answer becomes cookies or a sentence. */
import { error } from '@sveltejs/kit';
import type { RequestEvent } from '@sveltejs/kit';
import { z } from 'zod';
import { failureOf } from '../auth/failure.ts';
import { callAuth, callEntry } from './authProxy.ts';

const offersSchema = z.object({
	setupNeeded: z.boolean(),
	openRegistration: z.boolean(),
	mail: z.boolean(),
	providers: z.array(z.object({ id: z.string(), name: z.string() }))
});
const invitationSchema = z
	.object({
		state: z.enum(['open', 'expired', 'used', 'withdrawn']),
		email: z.string(),
		role: z.string(),
		workspace: z.string(),
		inviter: z.string(),
		hasAccount: z.boolean()
	})
	.nullable();
const setupSchema = z.object({ outcome: z.enum(['made', 'taken', 'wrong_code', 'invalid']) });
const answerSchema = z.looseObject({
	message: z.string().optional(),
	code: z.string().optional(),
	twoFactorRedirect: z.boolean().optional(),
	url: z.string().optional()
});

export type Offers = z.infer<typeof offersSchema>;
export type Invitation = z.infer<typeof invitationSchema>;
export type SetupOutcome = z.infer<typeof setupSchema>['outcome'];

async function ask<Answer>(
	event: RequestEvent,
	schema: z.ZodType<Answer>,
	path: string,
	body?: object
): Promise<Answer> {
	const response = await callEntry(event, path, body).catch(() => null);
	const parsed = response && schema.safeParse(await response.json().catch(() => null));
	if (parsed?.success) return parsed.data;
	error(503, {
		message: 'Signing in is not possible right now.',
		hint: 'The data deployment does not answer, or its functions are being pushed. Reload in a moment.'
	});
}

export async function offersFor(event: RequestEvent): Promise<Offers> {
	return await ask(event, offersSchema, '');
}

export async function invitationFor(event: RequestEvent, id: string): Promise<Invitation> {
	return await ask(event, invitationSchema, `/invitations/${encodeURIComponent(id)}`);
}

/** `code` is null for somebody at this machine. */
export async function makeFirstAccount(
	event: RequestEvent,
	account: { name: string; email: string; password: string; code: string | null }
): Promise<SetupOutcome> {
	return (await ask(event, setupSchema, '/setup', account)).outcome;
}

/** As printed and as typed: without dashes and in capitals. */
export function plainCode(typed: string): string {
	return typed.toUpperCase().replace(/[^A-Z0-9]/g, '');
}

export type AuthAnswer =
	| { readonly ok: true; readonly secondFactor: boolean; readonly url: string | null }
	| { readonly ok: false; readonly status: number; readonly message: string; readonly code: string };

/** Calls an endpoint of Better Auth for a form. Its cookies go to the browser; what it refuses is said in words. */
export async function submitTo(event: RequestEvent, path: string, body?: object): Promise<AuthAnswer> {
	const own = { accept: 'application/json', origin: event.url.origin };
	const response = await (
		body === undefined
			? callAuth(event, { method: 'GET', path, headers: own })
			: callAuth(event, {
					method: 'POST',
					path,
					body: JSON.stringify(body),
					headers: { ...own, 'content-type': 'application/json' }
				})
	).catch(() => null);
	if (response === null) {
		return { ok: false, status: 503, code: 'UNAVAILABLE', message: 'The data deployment does not answer. Try again.' };
	}
	event.locals.authCookies.push(...response.headers.getSetCookie());
	const parsed = answerSchema.safeParse(await response.json().catch(() => ({})));
	const { message, code, twoFactorRedirect = false, url = null } = parsed.success ? parsed.data : {};
	if (response.ok) return { ok: true, secondFactor: twoFactorRedirect, url };
	const { status } = response;
	const failure = failureOf({ status, code, message });
	return { ok: false, status, code: failure.code, message: failure.message };
}

/** What a form sent under a name; empty when nothing was. */
export function textField(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value : '';
}
