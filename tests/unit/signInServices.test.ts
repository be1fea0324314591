/**
 * Signing in with another service, on the embedded deployment. The whole way is gone with an OIDC provider that somebody
 * else wrote. Better Auth asks GitHub and Google for tokens at addresses that cannot be replaced, so with them only the
 * way out is looked at; the way back is the same endpoint for all three.
 */
import { OAuth2Server } from 'oauth2-mock-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { PAGES, SignInServer } from './signInServer.ts';

const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
const CLIENT_ID = 'plumbline';
const startedSchema = z.object({ url: z.url() });

/** Whom the provider vouches for, in the words of its tokens. */
let claims: Record<string, unknown> = {};
const provider = new OAuth2Server();
let server: SignInServer;
let owner = '';

beforeAll(async () => {
	await provider.issuer.keys.generate('RS256');
	await provider.start(0, '127.0.0.1');
	const issuer = `http://127.0.0.1:${provider.address().port}`;
	provider.issuer.url = issuer;
	provider.service.on('beforeTokenSigning', ({ payload }) => Object.assign(payload, claims));
	server = await SignInServer.start({
		PLUMBLINE_SIGN_IN_OIDC_ISSUER: `${issuer}/`,
		PLUMBLINE_SIGN_IN_OIDC_NAME: 'Acme',
		PLUMBLINE_SIGN_IN_OIDC_CLIENT_ID: CLIENT_ID,
		PLUMBLINE_SIGN_IN_OIDC_CLIENT_SECRET: 'an OIDC secret',
		PLUMBLINE_SIGN_IN_GITHUB_CLIENT_ID: 'github-client',
		PLUMBLINE_SIGN_IN_GITHUB_CLIENT_SECRET: 'a GitHub secret',
		PLUMBLINE_SIGN_IN_GOOGLE_CLIENT_ID: 'google-client',
		PLUMBLINE_SIGN_IN_GOOGLE_CLIENT_SECRET: 'a Google secret'
	});
	await server.setUp(OWNER);
	owner = (await server.signIn(OWNER)).cookie;
}, 120_000);
afterAll(async () => {
	await server.close();
	await provider.stop();
});

let people = 0;
/** Somebody whom the provider knows and Plumbline does not. */
function newcomer(emailVerified = true) {
	people += 1;
	return { sub: `person-${people}`, name: 'Grace', email: `grace${people}@example.org`, email_verified: emailVerified };
}
beforeEach(() => {
	claims = newcomer();
});

/** Goes to a service: where it leads, and the cookie that belongs to it. */
async function leave(service = 'oidc', body: object = {}) {
	const client = server.newClient();
	const asked = { provider: service, callbackURL: '/dashboards', errorCallbackURL: '/sign-in', ...body };
	const { answer, cookie, status } = await server.ask('auth/sign-in/social', { client, body: asked });
	expect(status).toBe(200);
	return { url: new URL(startedSchema.parse(answer).url), cookie };
}

/** Lets the provider send the browser back: the query of the answer. */
async function vouch(url: URL): Promise<URLSearchParams> {
	const response = await fetch(url, { redirect: 'manual' });
	const back = new URL(response.headers.get('location') ?? '');
	expect(`${back.origin}${back.pathname}`).toBe(`${PAGES}/api/auth/callback/oidc`);
	return back.searchParams;
}

async function comeBack(query: URLSearchParams, cookie: string) {
	return await server.ask(`auth/callback/oidc?${query}`, { cookie, client: server.newClient() });
}

/** The whole way, as one browser. */
async function signIn() {
	const { url, cookie } = await leave();
	return await comeBack(await vouch(url), cookie);
}

/** Whom a session belongs to; null when the answer brought none. */
async function personOf({ cookie }: { cookie: string }): Promise<unknown> {
	return cookie.includes('session_token=') ? await server.viewer(await server.token(cookie)) : null;
}

async function expectRefused(answer: Awaited<ReturnType<typeof comeBack>>, error: string): Promise<void> {
	expect(answer.status).toBe(302);
	expect(new URL(answer.location ?? '', PAGES).searchParams.get('error')).toBe(error);
	expect(new URL(answer.location ?? '', PAGES).pathname).toBe('/sign-in');
	expect(await personOf(answer)).toBe(null);
}

describe('the way out', () => {
	test.each([
		['oidc', CLIENT_ID, /^http:\/\/127\.0\.0\.1:\d+\/authorize$/],
		['github', 'github-client', /^https:\/\/github\.com\/login\/oauth\/authorize$/],
		['google', 'google-client', /^https:\/\/accounts\.google\.com\/o\/oauth2\/v2\/auth$/]
	])('to %s has state, PKCE and our address to come back to', async (service, clientId, where) => {
		const { url } = await leave(service);
		const query = Object.fromEntries(url.searchParams);
		expect(`${url.origin}${url.pathname}`).toMatch(where);
		expect(query).toMatchObject({
			client_id: clientId,
			response_type: 'code',
			redirect_uri: `${PAGES}/api/auth/callback/${service}`,
			code_challenge_method: 'S256'
		});
		expect(query['state']?.length).toBeGreaterThanOrEqual(32);
		expect(query['code_challenge']?.length).toBe(43);
		if (service === 'oidc') expect(query['nonce']?.length).toBeGreaterThanOrEqual(32);
		// Nothing that writes, and no secret of ours.
		expect(query['scope']).toMatch(/^(?:(?:openid|email|profile|read:user|user:email) ?)+$/);
		expect(url.href).not.toMatch(/secret/i);
	});

	test.each([
		{ callbackURL: 'https://evil.example/' },
		{ callbackURL: '//evil.example' },
		{ callbackURL: '/\\evil.example' },
		{ callbackURL: 'javascript:alert(1)' },
		{ errorCallbackURL: 'https://evil.example/' },
		{ newUserCallbackURL: 'https://evil.example/' }
	])('is refused when it would end elsewhere: %o', async (body) => {
		const asked = { provider: 'oidc', ...body };
		const { status, cookie } = await server.ask('auth/sign-in/social', { client: server.newClient(), body: asked });
		expect({ status, cookie }).toEqual({ status: 403, cookie: '' });
	});

	test('leads to no service that is not set up', async () => {
		const body = { provider: 'gitlab' };
		expect((await server.ask('auth/sign-in/social', { client: server.newClient(), body })).status).toBe(404);
	});
});

describe('somebody new', () => {
	test('is refused while registration is closed', async () => {
		await expectRefused(await signIn(), 'REGISTRATION_CLOSED');
		expect(await server.rows('users', { email: String(claims['email']) })).toEqual([]);
	});

	test('is let in by an invitation, when the service has verified the address', async () => {
		const invitationId = await server.invite(owner, String(claims['email']), 'editor');
		const back = await signIn();
		expect(back.location).toBe('/dashboards');
		const { cookie } = back;
		expect((await server.ask('auth/organization/accept-invitation', { cookie, body: { invitationId } })).status).toBe(
			200
		);
		expect(await personOf(back)).toMatchObject({ user: { email: claims['email'] }, role: 'editor' });
		// And again, as the person whom the account belongs to.
		expect(await personOf(await signIn())).toMatchObject({ user: { email: claims['email'] } });
		expect(await server.rows('users', { email: String(claims['email']) })).toHaveLength(1);
	});

	test('is refused with an invitation, when the service has not verified the address', async () => {
		claims = newcomer(false);
		await server.invite(owner, String(claims['email']));
		await expectRefused(await signIn(), 'REGISTRATION_CLOSED');
	});

	test('is refused with an invitation that has ended', async () => {
		const email = String(claims['email']);
		await server.invite(owner, email);
		await server.change('invitations', { email }, { expiresAt: Date.now() - 1 });
		await expectRefused(await signIn(), 'REGISTRATION_CLOSED');
	});

	test('keeps no token of the service in clear', async () => {
		await server.invite(owner, String(claims['email']));
		let given = '';
		provider.service.once('beforeResponse', ({ body }) => (given = JSON.stringify(body)));
		await signIn();
		const { access_token, refresh_token } = z
			.object({ access_token: z.string(), refresh_token: z.string() })
			.parse(JSON.parse(given));
		const held = JSON.stringify(await server.rows('accounts', { providerId: 'oidc' }));
		expect(held).toContain(String(claims['sub']));
		expect(held).not.toContain(access_token);
		expect(held).not.toContain(refresh_token);
	});
});

describe('somebody who has an account', () => {
	const links = async () => (await server.rows('accounts', { providerId: 'oidc' })).map(({ accountId }) => accountId);

	test('is not taken for whoever a service knows by that address, until both sides have verified it', async () => {
		// The owner has not confirmed the address: somebody else may hold it.
		claims = { ...newcomer(), email: OWNER.email };
		await expectRefused(await signIn(), 'account_not_linked');
		await server.change('users', { email: OWNER.email }, { emailVerified: true });
		claims = { ...claims, email_verified: false };
		await expectRefused(await signIn(), 'account_not_linked');
		expect(await links()).not.toContain(claims['sub']);

		claims = { ...claims, email_verified: true };
		expect(await personOf(await signIn())).toMatchObject({ user: { email: OWNER.email }, role: 'owner' });
		expect(await links()).toContain(claims['sub']);
	});

	test('stays who they are when the service knows them by another address', async () => {
		await server.invite(owner, String(claims['email']));
		const { email } = claims;
		expect(await personOf(await signIn())).toMatchObject({ user: { email } });
		claims = { ...claims, email: 'eve@example.org' };
		expect(await personOf(await signIn())).toMatchObject({ user: { email } });
		expect(await server.rows('users', { email: 'eve@example.org' })).toEqual([]);
	});
});

describe('an answer', () => {
	beforeEach(async () => {
		await server.invite(owner, String(claims['email']));
	});

	test('without state, or with one that nobody was given, is refused', async () => {
		const { url, cookie } = await leave();
		const query = await vouch(url);
		query.set('state', 'x'.repeat(32));
		await expectRefused(await comeBack(query, cookie), 'state_mismatch');
		query.delete('state');
		await expectRefused(await comeBack(query, cookie), 'state_not_found');
	});

	test('with the state of another browser is refused', async () => {
		const attacker = await leave();
		const query = await vouch(attacker.url);
		await expectRefused(await comeBack(query, ''), 'state_mismatch');
		await expectRefused(await comeBack(query, (await leave()).cookie), 'state_mismatch');
	});

	test('counts once', async () => {
		const { url, cookie } = await leave();
		const query = await vouch(url);
		expect(await personOf(await comeBack(query, cookie))).not.toBe(null);
		await expectRefused(await comeBack(query, cookie), 'state_mismatch');
	});

	test('that comes after its ten minutes is refused', async () => {
		const { url, cookie } = await leave();
		const query = await vouch(url);
		for (const { id, value } of await server.rows('verifications')) {
			const held = z.looseObject({ expiresAt: z.number() }).safeParse(JSON.parse(String(value)));
			if (!held.success) continue;
			const aged = JSON.stringify({ ...held.data, expiresAt: Date.now() - 1 });
			await server.change('verifications', { id: String(id) }, { value: aged });
		}
		await expectRefused(await comeBack(query, cookie), 'state_mismatch');
	});

	test('with the code of another attempt is refused: PKCE', async () => {
		const mine = await leave();
		const query = await vouch(mine.url);
		query.set('code', (await vouch((await leave()).url)).get('code') ?? '');
		await expectRefused(await comeBack(query, mine.cookie), 'invalid_code');
	});

	test('that names another issuer is refused: mix-up', async () => {
		const { url, cookie } = await leave();
		const query = await vouch(url);
		query.set('iss', 'https://evil.example');
		await expectRefused(await comeBack(query, cookie), 'issuer_mismatch');
	});

	test('that is an error of the service is handed to the sign-in page', async () => {
		const { url, cookie } = await leave();
		const state = url.searchParams.get('state') ?? '';
		await expectRefused(
			await comeBack(new URLSearchParams({ state, error: 'access_denied' }), cookie),
			'access_denied'
		);
	});

	test.each([
		['of another attempt', { nonce: 'of another attempt' }],
		['for another client', { aud: 'somebody else' }],
		['by another issuer', { iss: 'https://evil.example' }],
		['whose time is over', { exp: 1_700_000_000 }]
	])('with a token %s is refused', async (_why, wrong) => {
		claims = { ...claims, ...wrong };
		await expectRefused(await signIn(), 'unable_to_get_user_info');
	});
});
