/** The second factor and passkeys, on the embedded deployment, as requests. The browser's way: e2e/accounts.spec.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { totpAt } from '../e2e/totp.ts';
import { PAGES, SignInServer } from './signInServer.ts';

const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' };
const STEP_MS = 30_000;
const enabledSchema = z.object({ totpURI: z.url(), backupCodes: z.array(z.string()) });
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

describe('passkeys', () => {
	test.each(['generate-authenticate-options', 'generate-register-options'])(
		'%s names the host of the pages and none that the request asks for',
		async (path) => {
			await server.change('users', { email: OWNER.email }, { twoFactorEnabled: false });
			const { cookie } = await server.signIn(OWNER);
			const { status, answer } = await server.ask(`auth/passkey/${path}`, { cookie, client: server.newClient() });
			expect(status).toBe(200);
			const { rpId, rp } = z
				.looseObject({ rpId: z.string().optional(), rp: z.looseObject({ id: z.string() }).optional() })
				.parse(answer);
			expect(rpId ?? rp?.id).toBe('localhost');
		}
	);

	test.each(['verify-registration', 'verify-authentication'])('%s is refused to another site', async (path) => {
		await server.change('users', { email: OWNER.email }, { twoFactorEnabled: false });
		const { cookie } = await server.signIn(OWNER);
		const body = { response: { id: 'x', rawId: 'x', type: 'public-key', response: {} } };
		const asked = { cookie, client: server.newClient(), body };
		const foreign = await server.ask(`auth/passkey/${path}`, { ...asked, origin: 'https://evil.example' });
		expect(foreign).toMatchObject({ status: 403, cookie: '' });
		// From our own pages it is looked at, and refused for what it is.
		const own = await server.ask(`auth/passkey/${path}`, { ...asked, origin: PAGES });
		expect(own.status).toBe(400);
		expect(own.cookie).not.toMatch(/session_token=[^;]/);
		expect(await server.rows('passkeys')).toEqual([]);
	});
});
