// @vitest-environment node
/** A deployment that was restored without its keys: what BETTER_AUTH_SECRET had encrypted opens no more. */
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { internal } from '../_generated/api.js';
import type { Deployment } from '../harness.testing.ts';
import { Browser, email, PASSWORD, setSignInUp, withAda } from './browser.testing.ts';

beforeEach(setSignInUp);
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

/** Which key signs the tokens of a browser's pages. */
async function signingKey(browser: Browser): Promise<string> {
	const { token } = z.object({ token: z.string() }).parse((await browser.get('/token')).answer);
	return decodeProtectedHeader(token).kid ?? '';
}

const publicKeys = async (t: Deployment): Promise<string[]> => {
	const { answer } = await new Browser(t).get('/jwks');
	return z
		.object({ keys: z.array(z.object({ kid: z.string() })) })
		.parse(answer)
		.keys.map(({ kid }) => kid);
};

test('tokens are signed by one new key, and those that are out stay good', async () => {
	const { t, browser } = await withAda();
	const old = await signingKey(browser);
	expect(await publicKeys(t)).toEqual([old]);
	vi.stubEnv('BETTER_AUTH_SECRET', 'c'.repeat(43));
	const [one, other] = [new Browser(t), new Browser(t)];
	for (const browser of [one, other])
		expect(await browser.post('/sign-in/email', { email, password: PASSWORD })).toMatchObject({ status: 200 });
	const signed = await Promise.all([signingKey(one), signingKey(other)]);
	expect(new Set(signed).size).toBe(1);
	expect(signed[0]).not.toBe(old);
	expect(await signingKey(one)).toBe(signed[0]);
	expect(new Set(await publicKeys(t))).toEqual(new Set([old, signed[0]]));
});

test('a second factor that cannot be checked any more is taken off by the operator, and by nobody else', async () => {
	const { t, browser } = await withAda();
	await signingKey(browser);
	expect(await browser.post('/two-factor/enable', { password: PASSWORD })).toMatchObject({ status: 200 });
	await t.run(async (ctx) => {
		const user = await ctx.db.query('users').first();
		if (user) await ctx.db.patch('users', user._id, { twoFactorEnabled: true });
	});
	vi.stubEnv('BETTER_AUTH_SECRET', 'c'.repeat(43));
	const again = new Browser(t);
	expect((await again.post('/sign-in/email', { email, password: PASSWORD })).answer).toMatchObject({
		twoFactorRedirect: true
	});
	await expect(t.mutation(internal.auth.secondFactor.remove, { email: 'nobody@example.com' })).rejects.toThrow(
		'There is no account'
	);
	await t.mutation(internal.auth.secondFactor.remove, { email: 'Ada@example.com' });
	expect(await t.run(async (ctx) => ctx.db.query('twoFactors').take(5))).toEqual([]);
	await again.post('/sign-in/email', { email, password: PASSWORD });
	expect(await signingKey(again)).not.toBe('');
});
