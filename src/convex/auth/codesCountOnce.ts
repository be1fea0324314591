/**
 * A code of an authenticator app lets in once (RFC 6238, section 5.2). Better Auth takes it again for as long as it is in
 * force, so whoever saw it typed could use it, too.
 */
import type { BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthMiddleware } from 'better-auth/api';
import { TWO_FACTOR_ERROR_CODES } from 'better-auth/plugins/two-factor';
import { z } from 'zod';

/** Longer than a code is good for: its own half minute and the one on each side. */
const REMEMBERED_MS = 2 * 60_000;

const shownSchema = z.object({ code: z.string() });

/** The plugin: takes a code out of use, in one transaction, before Better Auth looks whether it is right. */
export function codesCountOnce() {
	return {
		id: 'plumbline-codes-count-once',
		hooks: {
			before: [
				{
					matcher: ({ path }) => path === '/two-factor/verify-totp',
					handler: createAuthMiddleware(async (ctx) => {
						const { createAuthCookie, internalAdapter, secret } = ctx.context;
						const shown = shownSchema.safeParse(ctx.body);
						const attempt = await ctx.getSignedCookie(createAuthCookie('two_factor').name, secret);
						const person = attempt ? await internalAdapter.findVerificationValue(attempt) : null;
						// Nobody is signing in: Better Auth says so, or it is the code that turns the second factor on.
						if (!person || !shown.success) return;
						const isNew = await internalAdapter.reserveVerificationValue({
							identifier: `totp-${person.value}-${shown.data.code}`,
							value: person.value,
							expiresAt: new Date(Date.now() + REMEMBERED_MS)
						});
						if (!isNew) throw APIError.from('UNAUTHORIZED', TWO_FACTOR_ERROR_CODES.INVALID_CODE);
					})
				}
			]
		}
	} satisfies BetterAuthPlugin;
}
