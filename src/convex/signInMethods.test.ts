// @vitest-environment node
import { afterEach, expect, test, vi } from 'vitest';
import { api } from './_generated/api.js';
import { deployEmpty, signIn } from './harness.testing.ts';

afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

test('a person sees their own ways to sign in, without anything secret, and nobody sees nothing', async () => {
	const t = deployEmpty();
	const ada = await signIn(t);
	const bob = await signIn(t, undefined, 'Bob');
	const times = { createdAt: 7, updatedAt: 7 };
	await t.run(async (ctx) => {
		const { userId } = ada;
		await ctx.db.insert('accounts', {
			userId,
			providerId: 'credential',
			accountId: userId,
			password: 'HASH',
			...times
		});
		await ctx.db.insert('accounts', { userId, providerId: 'github', accountId: '42', accessToken: 'SEALED', ...times });
		await ctx.db.insert('passkeys', {
			userId,
			credentialID: 'CREDENTIAL',
			publicKey: 'KEY',
			counter: 0,
			deviceType: 'singleDevice',
			backedUp: false
		});
	});
	const mine = await ada.caller.query(api.signInMethods.mine, {});
	expect(mine).toMatchObject({
		password: true,
		services: [{ providerId: 'github', linkedAt: 7 }],
		passkeys: [{ name: 'Passkey', synced: false, createdAt: null }]
	});
	expect(JSON.stringify(mine)).not.toMatch(/HASH|SEALED|CREDENTIAL|KEY/);
	expect(await bob.caller.query(api.signInMethods.mine, {})).toEqual({ password: false, services: [], passkeys: [] });
	expect(await t.query(api.signInMethods.mine, {})).toBeNull();
});

test('what the operator has set up is told without its secrets', async () => {
	const t = deployEmpty();
	const ada = await signIn(t);
	vi.stubEnv('BETTER_AUTH_SECRET', 's'.repeat(32));
	vi.stubEnv('PLUMBLINE_URL', 'https://plumb.example.com');
	vi.stubEnv('CONVEX_SITE_URL', 'https://site.example.com');
	expect(await ada.caller.query(api.signInMethods.offered, {})).toEqual({ services: [], mail: false });
	vi.stubEnv('PLUMBLINE_SMTP_URL', 'smtp://user:SECRET@mail.example.com');
	vi.stubEnv('PLUMBLINE_SIGN_IN_GITHUB_CLIENT_ID', 'ID');
	vi.stubEnv('PLUMBLINE_SIGN_IN_GITHUB_CLIENT_SECRET', 'SECRET');
	const offered = await ada.caller.query(api.signInMethods.offered, {});
	expect(offered).toEqual({ services: [{ id: 'github', name: 'GitHub' }], mail: true });
	expect(await t.query(api.signInMethods.offered, {})).toEqual({ services: [], mail: false });
});
