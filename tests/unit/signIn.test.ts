/** Signing in on the embedded deployment, with our own functions, as the server of the pages asks for it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decodeJwt } from 'jose';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { convexCommand, convexEnvironment } from '../../scripts/product/cli.ts';
import { callFunction, prepareEnvironment } from '../../scripts/product/environment.ts';
import { offerFirstAccount } from '../../scripts/product/firstRun.ts';
import { showLetters } from '../../scripts/product/letterLog.ts';
import { Processes } from '../../scripts/product/processes.ts';
import { startDeployment } from '../../src/embedded/deployment.ts';
import type { RunningDeployment } from '../../src/embedded/deployment.ts';

const PAGES = 'http://127.0.0.1:4399';
const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
const folder = mkdtempSync(join(tmpdir(), 'plumbline-sign-in-'));
/** Letters that the mail server took, as they were sent. */
const letters: string[] = [];
const mailServer = new SMTPServer({
	authOptional: true,
	disabledCommands: ['STARTTLS'],
	onData: (stream, _session, done) => {
		let text = '';
		stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
		stream.on('end', () => {
			letters.push(text.replaceAll('=\r\n', '').replaceAll('=3D', '='));
			done();
		});
	}
});
let deployment: RunningDeployment;
let proxySecret = '';

async function mailUrl(): Promise<string> {
	const { port } = z.object({ port: z.number() }).parse(mailServer.server.address());
	return `smtp://127.0.0.1:${port}`;
}

async function configure(settings: Record<string, string> = {}): Promise<void> {
	const { PLUMBLINE_PROXY_SECRET } = await prepareEnvironment(deployment, { PLUMBLINE_URL: PAGES, ...settings });
	proxySecret = PLUMBLINE_PROXY_SECRET;
}

beforeAll(async () => {
	mailServer.listen(0, '127.0.0.1');
	await once(mailServer.server, 'listening');
	const appDir = resolve('.');
	deployment = await startDeployment({ dataDir: folder, appDir, port: 0, allowedOrigins: [PAGES] });
	await configure({ PLUMBLINE_SMTP_URL: await mailUrl() });
	const code = await new Processes(() => {}).run({
		speaker: 'convex',
		command: convexCommand('deploy', '-y', '--typecheck', 'disable', '--codegen', 'disable'),
		environment: convexEnvironment(deployment)
	});
	expect(code).toBe(0);
}, 120_000);

afterAll(async () => {
	await deployment.close();
	mailServer.close();
	rmSync(folder, { recursive: true, force: true });
});

interface Ask {
	readonly cookie?: string;
	readonly client?: string;
	readonly secret?: string;
	readonly body?: object;
}

async function ask(path: string, { cookie = '', client = '192.0.2.1', secret = proxySecret, body }: Ask = {}) {
	const response = await fetch(`${deployment.siteUrl}/api/${path}`, {
		method: body ? 'POST' : 'GET',
		headers: {
			'x-plumbline-proxy': secret,
			'x-plumbline-client': client,
			origin: PAGES,
			cookie,
			...(body ? { 'content-type': 'application/json' } : {})
		},
		body: body && JSON.stringify(body)
	});
	const answer: unknown = await response.json().catch(() => null);
	const cookies = response.headers.getSetCookie();
	return { status: response.status, answer, cookies, cookie: cookies.map((one) => one.split(';')[0]).join('; ') };
}

const tokenSchema = z.object({ token: z.string() });
async function viewer(token: string): Promise<unknown> {
	const response = await fetch(`${deployment.url}/api/query`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
		body: JSON.stringify({ path: 'viewer:current', args: {}, format: 'json' })
	});
	return z.object({ value: z.unknown() }).parse(await response.json()).value;
}

/** Each test is another client, so that none meets the limits of another. */
let clients = 10;
const newClient = () => `192.0.2.${(clients += 1)}`;

async function signIn(account: { email: string; password: string } = OWNER) {
	const { email, password } = account;
	return await ask('auth/sign-in/email', { client: newClient(), body: { email, password } });
}

describe('the first account', () => {
	test('is refused to who holds no code, and to who holds an old one', async () => {
		const first = await offerFirstAccount(deployment, PAGES);
		const stale = /code ([A-Z0-9-]+)$/.exec(first ?? '')?.[1]?.replaceAll('-', '') ?? '';
		expect(stale).toHaveLength(20);
		await offerFirstAccount(deployment, PAGES);
		for (const code of ['', 'WRONG', stale]) {
			expect((await ask('entry/setup', { body: { ...OWNER, code } })).answer).toEqual({ outcome: 'wrong_code' });
		}
		expect((await ask('entry')).answer).toMatchObject({ setupNeeded: true });
	});

	test('is refused to who does not come through the pages', async () => {
		for (const secret of ['', 'guess']) {
			expect((await ask('entry/setup', { secret, body: { ...OWNER, code: null } })).status).toBe(403);
			expect((await ask('auth/ok', { secret })).status).toBe(403);
		}
	});

	test('is one, when two ask for it at the same time with the same code', async () => {
		const offer = await offerFirstAccount(deployment, PAGES);
		const code = /code ([A-Z0-9-]+)$/.exec(offer ?? '')?.[1]?.replaceAll('-', '') ?? '';
		const both = [OWNER, { ...OWNER, email: 'eve@example.org' }].map((account) =>
			ask('entry/setup', { body: { ...account, code } })
		);
		const outcomes = (await Promise.all(both)).map(({ answer }) => JSON.stringify(answer));
		expect(outcomes.toSorted()).toEqual(['{"outcome":"made"}', '{"outcome":"taken"}']);
		// Whoever of the two was first.
		if (outcomes[0] !== '{"outcome":"made"}') OWNER.email = 'eve@example.org';
		expect((await ask('entry/setup', { body: { ...OWNER, code: null } })).answer).toEqual({ outcome: 'taken' });
		expect(await offerFirstAccount(deployment, PAGES)).toBe(null);
	});
});

describe('a session', () => {
	test('is a cookie that no script reads, and a token that the deployment verifies', async () => {
		const { status, cookies, cookie } = await signIn();
		expect(status).toBe(200);
		expect(cookies.join()).toMatch(/plumbline\.session_token=.*HttpOnly; SameSite=Lax/);
		const { token } = tokenSchema.parse((await ask('auth/token', { cookie })).answer);
		const { sub, sid, iat = 0, exp = 0, ...rest } = decodeJwt(token);
		expect({ sub: typeof sub, sid: typeof sid, lasts: exp - iat }).toEqual({
			sub: 'string',
			sid: 'string',
			lasts: 600
		});
		expect(Object.keys(rest).toSorted()).toEqual(['aud', 'iss']);
		expect(await viewer(token)).toMatchObject({ user: { email: OWNER.email }, role: 'owner' });
	});

	test('is over at once when it ends, for tokens that are out too', async () => {
		const { cookie } = await signIn();
		const { token } = tokenSchema.parse((await ask('auth/token', { cookie })).answer);
		expect(await viewer(token)).not.toBe(null);
		expect((await ask('auth/sign-out', { cookie, body: {} })).status).toBe(200);
		expect(await viewer(token)).toBe(null);
		expect((await ask('auth/token', { cookie })).status).toBe(401);
	});

	test('goes on when the signing key is rotated: old tokens stay good, new ones are of the new key', async () => {
		const { cookie } = await signIn();
		const tokenNow = async () => tokenSchema.parse((await ask('auth/token', { cookie })).answer).token;
		const before = await tokenNow();
		expect(await viewer(before)).not.toBe(null);
		await callFunction(deployment, 'auth/keys:rotate', {});
		// Two at once must not make two keys: the deployment fetches unknown ones no more often than each half minute.
		const [after, beside] = await Promise.all([tokenNow(), tokenNow()]);
		const keyOf = (token: string | undefined) => Buffer.from(token?.split('.')[0] ?? '', 'base64url').toString();
		expect(keyOf(after)).not.toBe(keyOf(before));
		expect(keyOf(beside)).toBe(keyOf(after));
		expect(await viewer(before)).not.toBe(null);
		await vi.waitFor(async () => expect(await viewer(after ?? '')).not.toBe(null), {
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
			answers.push(await ask('auth/sign-up/email', { client: newClient(), body }));
		}
		for (const { status, answer } of answers) {
			expect({ status, answer }).toMatchObject({ status: 403, answer: { code: 'REGISTRATION_CLOSED' } });
		}
		expect(answers[0]?.answer).toEqual(answers[1]?.answer);
	});

	test('is told the same of a wrong password and an unknown address', async () => {
		const wrong = await signIn({ email: OWNER.email, password: 'not this one at all' });
		const unknown = await signIn({ email: 'nobody@example.org', password: 'not this one at all' });
		expect({ ...wrong, cookies: [] }).toEqual({ ...unknown, cookies: [] });
		expect(wrong.status).toBe(401);
	});

	test('may try ten passwords in a minute, whatever they say of their address', async () => {
		const client = newClient();
		const statuses = [];
		for (let attempt = 0; attempt < 12; attempt++) {
			const body = { email: OWNER.email, password: `guess number ${attempt}` };
			statuses.push((await ask('auth/sign-in/email', { client, body })).status);
		}
		expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
	});

	test('gets nothing with a request from another site', async () => {
		const { cookie } = await signIn();
		const response = await fetch(`${deployment.siteUrl}/api/auth/change-password`, {
			method: 'POST',
			headers: {
				'x-plumbline-proxy': proxySecret,
				'content-type': 'application/json',
				cookie,
				origin: 'https://evil.example'
			},
			body: JSON.stringify({ currentPassword: OWNER.password, newPassword: 'stolen stolen stolen' })
		});
		expect(response.status).toBe(403);
	});

	test.each(['list-sessions', 'organization/list-invitations', 'organization/get-full-organization'])(
		'and nobody else is offered %s',
		async (path) => {
			const { cookie } = await signIn();
			expect((await ask(`auth/${path}`, { cookie })).status).toBe(404);
		}
	);
});

describe('a letter', () => {
	test('with a link that works once comes by mail, and nowhere else', async () => {
		const client = newClient();
		const { cookie } = await signIn();
		expect((await ask('auth/request-password-reset', { client, body: { email: OWNER.email } })).status).toBe(200);
		await vi.waitFor(() => expect(letters.length).toBe(1), { timeout: 20_000 });
		const token = /reset-password\?token=([\w-]+)/.exec(letters[0] ?? '')?.[1] ?? '';
		expect(token.length).toBeGreaterThan(20);
		const scheduled = await callFunction(deployment, '_system/cli/tableData', { table: '_scheduled_functions' }).catch(
			() => ''
		);
		expect(JSON.stringify(scheduled)).not.toContain(token);

		const newPassword = 'another horse battery';
		expect((await ask('auth/reset-password', { client, body: { token, newPassword } })).status).toBe(200);
		expect(
			(await ask('auth/reset-password', { client, body: { token, newPassword: 'a third one, too' } })).status
		).toBe(400);
		expect((await signIn()).status).toBe(401);
		expect((await ask('auth/token', { cookie })).status).toBe(401);
		OWNER.password = newPassword;
		expect((await signIn()).status).toBe(200);
	}, 40_000);

	test('is not written to who has no account, with the same answer', async () => {
		const client = newClient();
		const known = await ask('auth/request-password-reset', { client, body: { email: OWNER.email } });
		await vi.waitFor(() => expect(letters.length).toBe(2), { timeout: 20_000 });
		const unknown = await ask('auth/request-password-reset', { client, body: { email: 'nobody@example.org' } });
		expect(unknown).toEqual(known);
		expect(letters.length).toBe(2);
	}, 40_000);

	test('is shown to the operator where no mail server is set', async () => {
		await configure();
		const said: string[] = [];
		const end = new AbortController();
		void showLetters(deployment, end.signal, (line) => said.push(line));
		await vi.waitFor(
			async () => {
				await ask('auth/request-password-reset', { client: newClient(), body: { email: OWNER.email } });
				expect(said.join('\n')).toMatch(
					/No mail server is set.*\nhttp:\/\/127\.0\.0\.1:4399\/reset-password\?token=\w+/
				);
			},
			{ timeout: 30_000, interval: 2_000 }
		);
		end.abort();
		await configure({ PLUMBLINE_SMTP_URL: await mailUrl() });
	}, 60_000);
});

test('what is kept of a code and of a password cannot be used', async () => {
	const held = JSON.stringify(
		await callFunction(deployment, 'auth/store:find', {
			table: 'accounts',
			where: [],
			limit: 10,
			offset: 0,
			sortBy: null,
			joins: []
		})
	);
	expect(held).toContain('credential');
	expect(held).not.toContain(OWNER.password);
	expect(held).not.toContain(createHash('sha256').update(OWNER.password).digest('hex'));
});
