/** Signing in on the embedded deployment, with our own functions, as the server of the pages asks for it. */
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { callFunction } from '../../scripts/product/environment.ts';
import { showLetters } from '../../scripts/product/letterLog.ts';
import { SignInServer } from './signInServer.ts';

const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
let server: SignInServer;

beforeAll(async () => {
	server = await SignInServer.start();
}, 120_000);
afterAll(() => server.close());

describe('the first account', () => {
	test('is refused to who holds no code, and to who holds an old one', async () => {
		const stale = await server.setupCode();
		expect(stale).toHaveLength(20);
		await server.setupCode();
		for (const code of ['', 'WRONG', stale]) {
			expect((await server.ask('entry/setup', { body: { ...OWNER, code } })).answer).toEqual({ outcome: 'wrong_code' });
		}
		expect((await server.ask('entry')).answer).toMatchObject({ setupNeeded: true });
	});

	test('is refused to who does not come through the pages', async () => {
		for (const secret of ['', 'guess']) {
			expect((await server.ask('entry/setup', { secret, body: { ...OWNER, code: null } })).status).toBe(403);
			expect((await server.ask('auth/ok', { secret })).status).toBe(403);
		}
	});

	test('is one, when two ask for it at the same time with the same code', async () => {
		const code = await server.setupCode();
		const both = [OWNER, { ...OWNER, email: 'eve@example.org' }].map((account) =>
			server.ask('entry/setup', { body: { ...account, code } })
		);
		const outcomes = (await Promise.all(both)).map(({ answer }) => JSON.stringify(answer));
		expect(outcomes.toSorted()).toEqual(['{"outcome":"made"}', '{"outcome":"taken"}']);
		// Whoever of the two was first.
		if (outcomes[0] !== '{"outcome":"made"}') OWNER.email = 'eve@example.org';
		expect((await server.ask('entry/setup', { body: { ...OWNER, code: null } })).answer).toEqual({ outcome: 'taken' });
		expect(await server.setupCode()).toBe(null);
	});
});

describe('a session', () => {
	test('is a cookie that no script reads, and a token that the deployment verifies', async () => {
		const { status, cookies, cookie } = await server.signIn(OWNER);
		expect(status).toBe(200);
		expect(cookies.join()).toMatch(/plumbline\.session_token=.*HttpOnly; SameSite=Lax/);
		const token = await server.token(cookie);
		const { sub, sid, iat = 0, exp = 0, ...rest } = decodeJwt(token);
		expect({ sub: typeof sub, sid: typeof sid, lasts: exp - iat }).toEqual({
			sub: 'string',
			sid: 'string',
			lasts: 600
		});
		expect(Object.keys(rest).toSorted()).toEqual(['aud', 'iss']);
		expect(await server.viewer(token)).toMatchObject({ user: { email: OWNER.email }, role: 'owner' });
	});

	test('is over at once when it ends, for tokens that are out too', async () => {
		const { cookie } = await server.signIn(OWNER);
		const token = await server.token(cookie);
		expect(await server.viewer(token)).not.toBe(null);
		expect((await server.ask('auth/sign-out', { cookie, body: {} })).status).toBe(200);
		expect(await server.viewer(token)).toBe(null);
		expect((await server.ask('auth/token', { cookie })).status).toBe(401);
	});

	test('goes on when the signing key is rotated: old tokens stay good, new ones are of the new key', async () => {
		const { cookie } = await server.signIn(OWNER);
		const tokenNow = () => server.token(cookie);
		const before = await tokenNow();
		expect(await server.viewer(before)).not.toBe(null);
		await callFunction(server.deployment, 'auth/keys:rotate', {});
		// Two at once must not make two keys: the deployment fetches unknown ones no more often than each half minute.
		const [after, beside] = await Promise.all([tokenNow(), tokenNow()]);
		const keyOf = (token: string | undefined) => Buffer.from(token?.split('.')[0] ?? '', 'base64url').toString();
		expect(keyOf(after)).not.toBe(keyOf(before));
		expect(keyOf(beside)).toBe(keyOf(after));
		expect(await server.viewer(before)).not.toBe(null);
		await vi.waitFor(async () => expect(await server.viewer(after ?? '')).not.toBe(null), {
			timeout: 40_000,
			interval: 1_000
		});
	}, 60_000);
});

describe('a stranger', () => {
	test('cannot register, and does not learn who has an account', async () => {
		const answers = [];
		for (const email of [OWNER.email, 'nobody@example.org']) {
			const body = { name: 'X', email, password: 'long enough for it' };
			answers.push(await server.ask('auth/sign-up/email', { client: server.newClient(), body }));
		}
		for (const { status, answer } of answers) {
			expect({ status, answer }).toMatchObject({ status: 403, answer: { code: 'REGISTRATION_CLOSED' } });
		}
		expect(answers[0]?.answer).toEqual(answers[1]?.answer);
	});

	test('is told the same of a wrong password and an unknown address', async () => {
		const wrong = await server.signIn({ email: OWNER.email, password: 'not this one at all' });
		const unknown = await server.signIn({ email: 'nobody@example.org', password: 'not this one at all' });
		expect({ ...wrong, cookies: [] }).toEqual({ ...unknown, cookies: [] });
		expect(wrong.status).toBe(401);
	});

	test('may try ten passwords in a minute, whatever they say of their address', async () => {
		const client = server.newClient();
		const statuses = [];
		for (let attempt = 0; attempt < 12; attempt++) {
			const body = { email: OWNER.email, password: `guess number ${attempt}` };
			statuses.push((await server.ask('auth/sign-in/email', { client, body })).status);
		}
		expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
	});

	test('gets nothing with a request from another site', async () => {
		const { cookie } = await server.signIn(OWNER);
		const body = { currentPassword: OWNER.password, newPassword: 'stolen stolen stolen' };
		const response = await server.ask('auth/change-password', { cookie, origin: 'https://evil.example', body });
		expect(response.status).toBe(403);
	});

	test.each(['list-sessions', 'organization/list-invitations', 'organization/get-full-organization'])(
		'and nobody else is offered %s',
		async (path) => {
			const { cookie } = await server.signIn(OWNER);
			expect((await server.ask(`auth/${path}`, { cookie })).status).toBe(404);
		}
	);
});

describe('a letter', () => {
	test('with a link that works once comes by mail, and nowhere else', async () => {
		const client = server.newClient();
		const { cookie } = await server.signIn(OWNER);
		expect((await server.ask('auth/request-password-reset', { client, body: { email: OWNER.email } })).status).toBe(
			200
		);
		await vi.waitFor(() => expect(server.letters.length).toBe(1), { timeout: 20_000 });
		const token = /reset-password\?token=([\w-]+)/.exec(server.letters[0] ?? '')?.[1] ?? '';
		expect(token.length).toBeGreaterThan(20);
		expect(server.keeps(token)).toBe(false);
		expect(server.keeps(createHash('sha256').update(token).digest('hex'))).toBe(false);
		expect(server.keeps(OWNER.email)).toBe(true);

		const newPassword = 'another horse battery';
		expect((await server.ask('auth/reset-password', { client, body: { token, newPassword } })).status).toBe(200);
		expect(
			(await server.ask('auth/reset-password', { client, body: { token, newPassword: 'a third one, too' } })).status
		).toBe(400);
		expect((await server.signIn(OWNER)).status).toBe(401);
		expect((await server.ask('auth/token', { cookie })).status).toBe(401);
		OWNER.password = newPassword;
		expect((await server.signIn(OWNER)).status).toBe(200);
	}, 40_000);

	test('is not written to who has no account, with the same answer', async () => {
		const client = server.newClient();
		const known = await server.ask('auth/request-password-reset', { client, body: { email: OWNER.email } });
		await vi.waitFor(() => expect(server.letters.length).toBe(2), { timeout: 20_000 });
		const unknown = await server.ask('auth/request-password-reset', { client, body: { email: 'nobody@example.org' } });
		expect(unknown).toEqual(known);
		expect(server.letters.length).toBe(2);
	}, 40_000);

	test('is shown to the operator where no mail server is set', async () => {
		await server.configure({});
		const said: string[] = [];
		const end = new AbortController();
		void showLetters(server.deployment, end.signal, (line) => said.push(line));
		await vi.waitFor(
			async () => {
				await server.ask('auth/request-password-reset', { client: server.newClient(), body: { email: OWNER.email } });
				expect(said.join('\n')).toMatch(
					/No mail server is set.*\nhttp:\/\/127\.0\.0\.1:4399\/reset-password\?token=\w+/
				);
			},
			{ timeout: 30_000, interval: 2_000 }
		);
		end.abort();
		await server.configure(server.mail);
	}, 60_000);
});

test('what is kept of a code and of a password cannot be used', async () => {
	const held = JSON.stringify(await server.rows('accounts'));
	expect(held).toContain('credential');
	expect(held).not.toContain(OWNER.password);
	expect(held).not.toContain(createHash('sha256').update(OWNER.password).digest('hex'));
});
