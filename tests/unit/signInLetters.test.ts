/** What comes by mail, on the embedded deployment: a new address, and invitations. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SignInServer } from './signInServer.ts';

const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
const GRACE = { name: 'Grace', email: 'grace@example.org', password: 'a password of her own' };
let server: SignInServer;

beforeAll(async () => {
	server = await SignInServer.start();
	await server.setUp(OWNER);
}, 120_000);
afterAll(() => server.close());

const owner = async () => (await server.signIn(OWNER)).cookie;
const pageOf = async (id: string) => (await server.ask(`entry/invitations/${id}`)).answer;

async function register(account: typeof GRACE, invitationId: string) {
	return await server.ask('auth/sign-up/email', { client: server.newClient(), body: { ...account, invitationId } });
}

async function accept(cookie: string, invitationId: string) {
	return await server.ask('auth/organization/accept-invitation', { cookie, body: { invitationId } });
}

async function isMember({ email }: { email: string }): Promise<boolean> {
	const [user] = await server.rows('users', { email });
	return (await server.rows('members', { userId: String(user?.['id']) })).length > 0;
}

describe('an invitation', () => {
	test('comes by mail, makes an account for its address, and is used up', async () => {
		const id = await server.invite(await owner(), GRACE.email, 'editor');
		const letter = await server.letterTo(GRACE.email);
		expect(letter).toContain(`http://127.0.0.1:4399/invite/${id}`);
		expect(letter).toContain('Ada invites you to');
		expect(await pageOf(id)).toMatchObject({ state: 'open', email: GRACE.email, role: 'editor', inviter: 'Ada' });

		expect(await register({ ...GRACE, email: 'eve@example.org' }, id)).toMatchObject({ status: 403 });
		const { status, cookie } = await register(GRACE, id);
		expect(status).toBe(200);
		expect((await accept(cookie, id)).status).toBe(200);
		expect(await server.viewer(await server.token(cookie))).toMatchObject({ user: GRACE_USER, role: 'editor' });

		expect((await accept(cookie, id)).status).toBe(400);
		expect(await register({ ...GRACE, email: 'eve@example.org' }, id)).toMatchObject({ status: 403 });
		expect(await pageOf(id)).toMatchObject({ state: 'used' });
	});
	const GRACE_USER = { email: GRACE.email, name: GRACE.name };

	test('is accepted by somebody who has an account, and by nobody else', async () => {
		const cookie = await owner();
		const body = { name: 'Second', slug: 'second' };
		const made = await server.ask('auth/organization/create', { cookie, body });
		const { id: organizationId } = z.looseObject({ id: z.string() }).parse(made.answer);
		const invitation = { email: GRACE.email, role: 'viewer', organizationId };
		const { answer } = await server.ask('auth/organization/invite-member', { cookie, body: invitation });
		const { id } = z.looseObject({ id: z.string() }).parse(answer);
		expect(await server.letterTo(GRACE.email, 1)).toContain(id);

		expect(await accept(cookie, id)).toMatchObject({
			status: 403,
			answer: { code: 'YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION' }
		});
		expect((await accept('', id)).status).toBe(401);
		const grace = (await server.signIn(GRACE)).cookie;
		expect((await accept(grace, id)).status).toBe(200);
		expect(await server.viewer(await server.token(grace))).toMatchObject({
			workspace: { name: 'Second' },
			role: 'viewer'
		});
	});

	test('of two who accept it at once is accepted by one', async () => {
		const cookie = await owner();
		const kim = { name: 'Kim', email: 'kim@example.org', password: 'a password for kim' };
		const id = await server.invite(cookie, kim.email);
		const { cookie: own } = await register(kim, id);
		const statuses = (await Promise.all([accept(own, id), accept(own, id)])).map(({ status }) => status);
		expect(statuses.toSorted()).toEqual([200, 400]);
		const [user] = await server.rows('users', { email: kim.email });
		expect(await server.rows('members', { userId: String(user?.['id']) })).toHaveLength(1);
	});

	test('that has ended or was withdrawn lets nobody in', async () => {
		const cookie = await owner();
		const late = { ...GRACE, email: 'late@example.org' };
		const expired = await server.invite(cookie, late.email);
		await server.change('invitations', { id: expired }, { expiresAt: Date.now() - 1 });
		expect(await pageOf(expired)).toMatchObject({ state: 'expired' });
		const withdrawn = await server.invite(cookie, late.email);
		const taken = { cookie, body: { invitationId: withdrawn } };
		expect((await server.ask('auth/organization/cancel-invitation', taken)).status).toBe(200);
		expect(await pageOf(withdrawn)).toMatchObject({ state: 'withdrawn' });
		for (const id of [expired, withdrawn]) {
			expect(await register(late, id)).toMatchObject({ status: 403, answer: { code: 'REGISTRATION_CLOSED' } });
		}
		expect(await server.rows('users', { email: late.email })).toEqual([]);

		// Somebody whose account came otherwise.
		const joined = await server.invite(cookie, late.email);
		const { cookie: own } = await register(late, joined);
		await server.change('invitations', { id: joined }, { expiresAt: Date.now() - 1 });
		for (const id of [expired, withdrawn, joined]) expect((await accept(own, id)).status).toBe(400);
		expect(await isMember(late)).toBe(false);
	});

	test('tells whether its address has an account only while it is open', async () => {
		const cookie = await owner();
		const id = await server.invite(cookie, 'late@example.org');
		expect(await pageOf(id)).toMatchObject({ state: 'open', hasAccount: true });
		await server.change('invitations', { id }, { expiresAt: Date.now() - 1 });
		expect(await pageOf(id)).toMatchObject({ state: 'expired', hasAccount: false });
	});
});

describe('a new address', () => {
	const NEXT = 'ada.lovelace@example.org';
	async function change(cookie: string, newEmail: string) {
		return await server.ask('auth/change-email', { cookie, client: server.newClient(), body: { newEmail } });
	}
	async function linkTo(email: string, already = 0): Promise<string> {
		return /verify-email\?token=([\w.-]+)/.exec(await server.letterTo(email, already))?.[1] ?? '';
	}
	const open = async (token: string, cookie = '') =>
		await server.ask(`auth/verify-email?${new URLSearchParams({ token })}`, { cookie, client: server.newClient() });

	test('counts once its link was opened, by nobody else, and then is confirmed', async () => {
		const cookie = await owner();
		expect((await change(cookie, NEXT)).status).toBe(200);
		const token = await linkTo(NEXT);
		expect(token).not.toBe('');
		expect(await server.rows('users', { email: NEXT })).toEqual([]);

		const stranger = (await server.signIn(GRACE)).cookie;
		expect((await open(token, stranger)).status).toBe(401);
		expect((await open(`${token.slice(0, -4)}AAAA`, cookie)).status).toBe(401);
		expect(await server.rows('users', { email: NEXT })).toEqual([]);

		expect((await open(token, cookie)).status).toBe(200);
		expect(await server.viewer(await server.token(cookie))).toMatchObject({
			user: { email: NEXT, emailVerified: true },
			role: 'owner'
		});
		expect((await server.signIn(OWNER)).status).toBe(401);
		expect((await server.signIn({ ...OWNER, email: NEXT })).status).toBe(200);

		expect(await open(token, cookie)).toMatchObject({ status: 401, answer: { code: 'INVALID_TOKEN' } });
		expect(await server.rows('users', { email: NEXT })).toHaveLength(1);
	});

	test('that somebody else has gets the same answer and no letter', async () => {
		const { cookie } = await server.signIn({ ...OWNER, email: NEXT });
		const before = server.letters.length;
		const had = await change(cookie, GRACE.email);
		const free = await change(cookie, 'free@example.org');
		expect({ ...had, cookies: [], cookie: '' }).toEqual({ ...free, cookies: [], cookie: '' });
		await linkTo('free@example.org');
		expect(server.letters).toHaveLength(before + 1);
	});

	test('that somebody took in the meantime stays theirs', async () => {
		const { cookie } = await server.signIn({ ...OWNER, email: NEXT });
		const wanted = { name: 'Quick', email: 'quick@example.org', password: 'faster than the link' };
		await change(cookie, wanted.email);
		const token = await linkTo(wanted.email);
		const id = await server.invite(cookie, wanted.email);
		expect((await register(wanted, id)).status).toBe(200);
		expect((await open(token, cookie)).status).not.toBe(200);
		expect(await server.rows('users', { email: wanted.email })).toMatchObject([{ name: 'Quick' }]);
		expect(await server.rows('users', { email: NEXT })).toHaveLength(1);
	});

	test('is confirmed for whoever has it by a link that does nothing when it is opened again', async () => {
		const { cookie } = await server.signIn(GRACE);
		const asked = { cookie, client: server.newClient(), body: { email: GRACE.email } };
		expect((await server.ask('auth/send-verification-email', asked)).status).toBe(200);
		const token = await linkTo(GRACE.email, 2);
		expect((await open(token)).cookie).not.toContain('session_token');
		expect(await server.rows('users', { email: GRACE.email })).toMatchObject([{ emailVerified: true }]);
		const again = await open(token);
		expect({ status: again.status, answer: again.answer, cookie: again.cookie }).toEqual({
			status: 200,
			answer: { status: true, user: null },
			cookie: ''
		});
	});
});
