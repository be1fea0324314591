/** The second factor and passkeys, on the embedded deployment, as requests. The browser's way: e2e/accounts.spec.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { totpAt } from '../e2e/totp.ts';
import { SignInServer } from './signInServer.ts';
import { SoftPasskey } from './softPasskey.ts';

const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
const STEP_MS = 30_000;
const enabledSchema = z.object({ totpURI: z.url(), backupCodes: z.array(z.string()) });
const challengeSchema = z.looseObject({ challenge: z.string() });
let server: SignInServer;

beforeAll(async () => {
	server = await SignInServer.start();
	await server.setUp(OWNER);
}, 120_000);
afterAll(() => server.close());

describe('the second factor', () => {
	let secret = '';
	let backupCodes: string[] = [];
	const used = new Set<string>();
	/** One that is good and was not given out: of this half minute, else of the next. */
	function code(): string {
		const [now, next] = [Date.now(), Date.now() + STEP_MS].map((at) => totpAt(secret, at));
		const given = now && !used.has(now) ? now : (next ?? '');
		used.add(given);
		return given;
	}

	async function verify(path: 'verify-totp' | 'verify-backup-code', cookie: string, given: string, client?: string) {
		const body = { code: given };
		return await server.ask(`auth/two-factor/${path}`, { cookie, client: client ?? server.newClient(), body });
	}
	/** The password is right; what is left to show is a code. */
	async function half(): Promise<string> {
		const { answer, cookie } = await server.signIn(OWNER);
		expect(answer).toMatchObject({ twoFactorRedirect: true });
		expect(cookie).not.toMatch(/session_token=[^;]/);
		expect((await server.ask('auth/token', { cookie })).status).toBe(401);
		return cookie;
	}
	const isIn = async ({ cookie }: { cookie: string }) =>
		/session_token=[^;]/.test(cookie) && (await server.viewer(await server.token(cookie))) !== null;

	beforeAll(async () => {
		const { cookie } = await server.signIn(OWNER);
		const wrong = await server.ask('auth/two-factor/enable', { cookie, body: { password: 'not the password' } });
		expect(wrong.status).toBe(400);
		const { answer } = await server.ask('auth/two-factor/enable', {
			cookie,
			client: server.newClient(),
			body: { password: OWNER.password }
		});
		const enabled = enabledSchema.parse(answer);
		secret = new URL(enabled.totpURI).searchParams.get('secret') ?? '';
		backupCodes = enabled.backupCodes;
		// Nothing is asked for before a code has shown that the app has the secret.
		expect((await server.signIn(OWNER)).answer).not.toMatchObject({ twoFactorRedirect: true });
		expect((await verify('verify-totp', cookie, totpAt(secret, Date.now()))).status).toBe(200);
	});
	/** No test meets the lock of another. */
	beforeEach(async () => {
		const [row] = await server.rows('twoFactors');
		await server.change('twoFactors', { id: String(row?.['id']) }, { failedVerificationCount: 0, lockedUntil: 0 });
	});

	test('lets in with a code, which counts once', async () => {
		const given = code();
		const [first, second] = [await half(), await half()];
		expect(await isIn(await verify('verify-totp', first, given))).toBe(true);
		const again = await verify('verify-totp', second, given);
		expect(again).toMatchObject({ status: 401, answer: { code: 'INVALID_CODE' } });
		expect(await isIn(again)).toBe(false);
	});

	test('of two who show one code at once lets one in', async () => {
		const cookies = [await half(), await half()];
		const given = code();
		const answers = await Promise.all(cookies.map((cookie) => verify('verify-totp', cookie, given)));
		expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
	});

	test('lets in with a backup code, once', async () => {
		expect(backupCodes).toHaveLength(10);
		const given = backupCodes[0] ?? '';
		expect(await isIn(await verify('verify-backup-code', await half(), given))).toBe(true);
		const again = await verify('verify-backup-code', await half(), given);
		expect(again).toMatchObject({ status: 401, answer: { code: 'INVALID_BACKUP_CODE' } });
		expect(await isIn(again)).toBe(false);
		const held = JSON.stringify(await server.rows('twoFactors'));
		for (const one of [secret, ...backupCodes]) expect(held).not.toContain(one);
	});

	test('of two who show one backup code at once lets one in', async () => {
		const cookies = [await half(), await half()];
		const given = backupCodes[1] ?? '';
		const answers = await Promise.all(cookies.map((cookie) => verify('verify-backup-code', cookie, given)));
		expect((await Promise.all(answers.map(isIn))).toSorted()).toEqual([false, true]);
	});

	test('is shown to a sign-in that has begun, and to it only', async () => {
		for (const cookie of ['', 'plumbline.two_factor=forged', `plumbline.two_factor=2fa-${'x'.repeat(20)}.forged`]) {
			expect(await verify('verify-totp', cookie, totpAt(secret, Date.now()))).toMatchObject({ status: 401 });
			expect(await verify('verify-backup-code', cookie, backupCodes[2] ?? '')).toMatchObject({ status: 401 });
		}
	});

	test('takes three codes of a client in ten seconds', async () => {
		const cookie = await half();
		const client = server.newClient();
		const statuses = [];
		for (const wrong of ['000001', '000002', '000003', '000004'])
			statuses.push((await verify('verify-totp', cookie, wrong, client)).status);
		expect(statuses).toEqual([401, 401, 401, 429]);
	});

	test('takes five codes for a password, and is locked after ten wrong ones, from wherever they come', async () => {
		for (const round of [0, 1]) {
			const cookie = await half();
			for (let n = 0; n < 5; n++) {
				expect((await verify('verify-backup-code', cookie, `wrong-${round}${n}`)).status).toBe(401);
			}
			if (round === 0) expect((await verify('verify-backup-code', cookie, 'wrong-06')).status).toBe(400);
		}
		expect(await verify('verify-backup-code', await half(), backupCodes[3] ?? '')).toMatchObject({ status: 429 });
		const [row] = await server.rows('twoFactors');
		const wait = Number(row?.['lockedUntil']) - Date.now();
		expect(wait).toBeGreaterThan(14 * 60_000);
		expect(wait).toBeLessThanOrEqual(15 * 60_000);
	});
});

describe('a passkey', () => {
	const OURS = { origin: 'http://localhost:4399', rpId: 'localhost' };
	const ELSEWHERE = [
		{ ...OURS, origin: 'https://evil.example' },
		{ ...OURS, origin: 'http://localhost:4400' },
		{ ...OURS, rpId: 'evil.example' },
		{ ...OURS, challenge: Buffer.from('not what was asked').toString('base64url') }
	];
	let session = '';
	beforeAll(async () => {
		await server.change('users', { email: OWNER.email }, { twoFactorEnabled: false });
		session = (await server.signIn(OWNER)).cookie;
	});

	/** What the site asks the browser, and the cookie that belongs to it. */
	async function begin(what: 'register' | 'authenticate', cookie = '') {
		const begun = await server.ask(`auth/passkey/generate-${what}-options`, { cookie, client: server.newClient() });
		expect(begun.status).toBe(200);
		return { ...challengeSchema.parse(begun.answer), cookie: `${cookie}; ${begun.cookie}` };
	}
	async function end(what: 'registration' | 'authentication', cookie: string, response: object, origin?: string) {
		const asked = { cookie, client: server.newClient(), origin, body: { response } };
		return await server.ask(`auth/passkey/verify-${what}`, asked);
	}
	async function add(passkey: SoftPasskey) {
		const { challenge, cookie } = await begin('register', session);
		return await end('registration', cookie, passkey.create({ challenge, ...OURS }));
	}

	test('made for our site is kept, and lets in', async () => {
		const passkey = new SoftPasskey();
		expect((await add(passkey)).status).toBe(200);
		const { challenge, cookie, ...asked } = await begin('authenticate');
		expect(asked).toMatchObject({ rpId: OURS.rpId });
		const response = passkey.get({ challenge, ...OURS });
		const back = await end('authentication', cookie, response);
		expect(await server.viewer(await server.token(back.cookie))).toMatchObject({ user: { email: OWNER.email } });
		// Whoever overheard the answer can do nothing with it.
		expect(await end('authentication', cookie, response)).toMatchObject({ status: 400, cookie: '' });
		const next = await begin('authenticate');
		expect(await end('authentication', next.cookie, response)).toMatchObject({ status: 400, cookie: '' });
	});

	test.each(ELSEWHERE)('made for another site or another question is refused: %o', async (elsewhere) => {
		const before = await server.rows('passkeys');
		const registering = await begin('register', session);
		const { challenge } = registering;
		const made = new SoftPasskey().create({ challenge, ...elsewhere });
		expect(await end('registration', registering.cookie, made)).toMatchObject({
			answer: { code: 'FAILED_TO_VERIFY_REGISTRATION' }
		});
		expect(await server.rows('passkeys')).toEqual(before);

		const passkey = new SoftPasskey();
		expect((await add(passkey)).status).toBe(200);
		const signingIn = await begin('authenticate');
		const shown = passkey.get({ challenge: signingIn.challenge, ...elsewhere });
		expect(await end('authentication', signingIn.cookie, shown)).toMatchObject({ status: 400, cookie: '' });
	});

	test('is taken from pages of ours only, for the person who asked', async () => {
		const { challenge, cookie } = await begin('register', session);
		const made = new SoftPasskey().create({ challenge, ...OURS });
		const count = (await server.rows('passkeys')).length;
		expect((await end('registration', cookie, made, 'https://evil.example')).status).toBe(403);
		expect((await end('registration', cookie.replace(session, ''), made)).status).toBe(401);
		expect((await end('registration', session, made)).status).toBe(400);
		expect(await server.rows('passkeys')).toHaveLength(count);
	});

	test('that nobody has added lets nobody in', async () => {
		const { challenge, cookie } = await begin('authenticate');
		const shown = new SoftPasskey().get({ challenge, ...OURS });
		expect(await end('authentication', cookie, shown)).toMatchObject({ status: 401, cookie: '' });
	});
});
