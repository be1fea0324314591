// @vitest-environment node
/**
 * Signing in to connect Google Analytics: Google's sign-in as `emulate` plays it, consent included, and a fake of its
 * APIs. B20: whatever is wrong with an answer, it is refused with its sentence, and nothing is connected.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { GOOGLE_CLIENT, GOOGLE_USERS, startGoogle } from '../../tests/emulators/start.ts';
import type { GoogleEmulator } from '../../tests/emulators/start.ts';
import { api, internal } from './_generated/api.js';
import type { TableNames } from './_generated/dataModel.js';
import { deployEmpty, makeWorkspace, NOON, settle, signIn } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { startFake } from './integrations/fake.suite.ts';
import type { FakeService } from './integrations/fake.suite.ts';
import { FakeGoogleAnalytics } from './integrations/google-analytics.fake.ts';

const ORIGIN = 'http://127.0.0.1:3000';
const CALLBACK = `${ORIGIN}/oauth/google/callback`;
const [ADA, BOB] = GOOGLE_USERS;
const MINUTE = 60_000;

let google: GoogleEmulator;
let analytics: FakeGoogleAnalytics;
let service: FakeService;
/** Tokens that the API was called with, and those that it takes no more. */
const seen = new Set<string>();
const revoked = new Set<string>();

beforeAll(async () => {
	google = await startGoogle([CALLBACK]);
	service = await startFake((request) => analytics.answer(request));
});
afterAll(async () => {
	await google.close();
	await service.close();
});
beforeEach(() => {
	analytics = new FakeGoogleAnalytics();
	analytics.sessions = [{ at: NOON - 86_400_000, user: 'a', revenue: 5, channel: 'Direct', country: 'Germany' }];
	analytics.accepts = (authorization) => {
		seen.add(authorization);
		return authorization.startsWith('Bearer google_') && !revoked.has(authorization);
	};
	vi.stubEnv('PLUMBLINE_ALLOW_PRIVATE_HOSTS', '1');
	vi.stubEnv('PLUMBLINE_URL', ORIGIN);
	vi.stubEnv('INTEGRATION_BASE_URL_GOOGLE', google.url);
	vi.stubEnv('INTEGRATION_BASE_URL_GOOGLE_ANALYTICS', service.url);
	vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_ID', GOOGLE_CLIENT.id);
	vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_SECRET', GOOGLE_CLIENT.secret);
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

/** A workspace whose owner is signed in; timers wait for the test. */
async function deploy() {
	const t = deployEmpty();
	const workspaceId = await makeWorkspace(t);
	return { t, workspaceId, ada: (await signIn(t, { workspaceId, role: 'owner' })).caller };
}

const wish = { integrationId: 'google-analytics', origin: ORIGIN, browser: 'browser of ada' };

async function begin(caller: Deployment, over: Partial<typeof wish> & { connectionId?: string } = {}): Promise<URL> {
	const answer = await caller.action(api.oauth.start, { ...wish, ...over });
	if (!answer.success) throw new Error(answer.error);
	return new URL(answer.url);
}

/** What a person does on Google's page: chooses their account. Gives the query that comes back. */
async function consent(address: URL, email: string = ADA): Promise<URLSearchParams> {
	const page = await fetch(address);
	expect(page.status, await page.clone().text()).toBe(200);
	const fields = ['redirect_uri', 'scope', 'state', 'client_id', 'code_challenge', 'code_challenge_method'];
	const form = new URLSearchParams({ email, nonce: '' });
	for (const name of fields) form.set(name, address.searchParams.get(name) ?? '');
	const sent = await fetch(`${google.url}/o/oauth2/v2/auth/callback`, {
		method: 'POST',
		body: form,
		redirect: 'manual'
	});
	return new URL(sent.headers.get('location') ?? '').searchParams;
}

async function finish(
	caller: Deployment,
	answer: URLSearchParams | string,
	{ provider = 'google', browser = wish.browser } = {}
) {
	return await caller.action(api.oauth.finish, { provider, answer: String(answer), browser });
}

async function grant(caller: Deployment, email: string = ADA): Promise<string> {
	const done = await finish(caller, await consent(await begin(caller), email));
	if (!done.success || done.grantKey === null) throw new Error('No access was given.');
	return done.grantKey;
}

const PROPERTY = { property: 'properties/4711' };

async function connect(caller: Deployment, grantKey: string) {
	const what = { integrationId: 'google-analytics', credentials: {}, settings: PROPERTY, grantKey };
	const answer = await caller.action(api.connections.connect, what);
	if (!answer.success) throw new Error(answer.error);
	await settle(caller);
	return answer.connectionId;
}

async function rows<Table extends TableNames>(t: Deployment, table: Table) {
	return await t.run(async (ctx) => ctx.db.query(table).take(1_000));
}

describe('the way through', () => {
	test('asks with PKCE, state and what is needed, and no more', async () => {
		const { ada } = await deploy();
		const address = await begin(ada);
		expect(address.origin).toBe(google.url);
		expect(Object.fromEntries(address.searchParams)).toEqual({
			access_type: 'offline',
			prompt: 'consent',
			client_id: GOOGLE_CLIENT.id,
			redirect_uri: CALLBACK,
			response_type: 'code',
			scope: 'openid email https://www.googleapis.com/auth/analytics.readonly',
			state: expect.stringMatching(/^[\w-]{43}$/),
			code_challenge: expect.stringMatching(/^[\w-]{43}$/),
			code_challenge_method: 'S256'
		});
	});

	test('ends in a connection with numbers; tokens are sealed, and neither state nor verifier is kept as it is', async () => {
		const { t, ada } = await deploy();
		const address = await begin(ada);
		const answer = await consent(address);
		const done = await finish(ada, answer);
		if (!done.success || done.grantKey === null) throw new Error('No access was given.');
		const { grantKey } = done;
		const tested = await ada.action(api.connections.testConnection, {
			integrationId: 'google-analytics',
			credentials: {},
			grantKey
		});
		expect(tested).toMatchObject({
			success: true,
			accountInfo: { name: ADA, choices: { property: [{ value: 'properties/4711', label: 'Coffee shop' }] } }
		});
		const connectionId = await connect(ada, grantKey);
		const connection = await ada.query(api.connectionRecords.get, { connectionId });
		expect(connection).toMatchObject({
			name: 'Coffee shop',
			state: 'connected',
			timeZone: 'Europe/Berlin',
			accountDetails: { 'Google account': ADA, Currency: 'EUR' }
		});
		const series = await rows(t, 'series');
		expect(series.map(({ metricId }) => metricId)).toContain('google-analytics.sessions');
		expect(series.find(({ metricId }) => metricId === 'google-analytics.revenue')).toMatchObject({ currency: 'EUR' });
		// The grant is used up, and nothing anywhere is readable.
		expect(await rows(t, 'oauthGrants')).toEqual([]);
		const [credentials] = await rows(t, 'credentials');
		const kept = JSON.stringify([credentials, await rows(t, 'oauthStates'), await rows(t, 'connections')]);
		const secrets = [...seen].map((authorization) => authorization.replace('Bearer ', ''));
		for (const secret of [
			...secrets,
			GOOGLE_CLIENT.secret,
			answer.get('code') ?? '?',
			address.searchParams.get('state') ?? '?'
		])
			expect(kept).not.toContain(secret);
	});

	test('the same property twice is one connection, another person of the workspace finds it, and a grant is its session’s', async () => {
		const { t, workspaceId, ada } = await deploy();
		await connect(ada, await grant(ada));
		const key = await grant(ada, BOB);
		const what = { integrationId: 'google-analytics', credentials: {}, settings: PROPERTY, grantKey: key };
		const { caller: eve } = await signIn(t, { workspaceId, role: 'admin' }, 'Eve');
		expect(await eve.action(api.connections.connect, what)).toMatchObject({ success: false, kind: 'auth' });
		expect(await ada.action(api.connections.connect, what)).toMatchObject({
			success: false,
			error: expect.stringContaining('already connected')
		});
	});

	test('a sign-in that nobody made a connection of is forgotten', async () => {
		const { t, ada } = await deploy();
		const grantKey = await grant(ada);
		vi.setSystemTime(NOON + 61 * MINUTE);
		const test = { integrationId: 'google-analytics', credentials: {}, grantKey };
		expect(await ada.action(api.connections.testConnection, test)).toMatchObject({
			success: false,
			error: expect.stringContaining('Sign in with Google first')
		});
		await t.mutation(internal.danger.deleteOldSignIns, {});
		expect(await rows(t, 'oauthGrants')).toEqual([]);
		expect(await rows(t, 'oauthStates')).toHaveLength(1);
		vi.setSystemTime(NOON + 25 * 60 * MINUTE);
		await t.mutation(internal.danger.deleteOldSignIns, {});
		expect(await rows(t, 'oauthStates')).toEqual([]);
	});
});

describe('B20: an answer is refused', () => {
	async function refused(done: Awaited<ReturnType<typeof finish>>, sentence: RegExp, t: Deployment) {
		expect(done).toMatchObject({ success: false, error: expect.stringMatching(sentence) });
		expect(await rows(t, 'oauthGrants')).toEqual([]);
		expect(await rows(t, 'connections')).toEqual([]);
	}

	test('without a state', async () => {
		const { t, ada } = await deploy();
		await begin(ada);
		await refused(await finish(ada, 'code=x'), /says not to which one/, t);
		await refused(await finish(ada, ''), /says not to which one/, t);
	});

	test('with a state that nobody made', async () => {
		const { t, ada } = await deploy();
		const answer = await consent(await begin(ada));
		answer.set('state', 'x'.repeat(43));
		await refused(await finish(ada, answer), /not started here/, t);
	});

	test('in another browser, session or workspace, as if it were unknown; where it belongs it still counts', async () => {
		const { t, workspaceId, ada } = await deploy();
		const answer = await consent(await begin(ada));
		const other = await signIn(t, { workspaceId, role: 'owner' }, 'Bob');
		const stranger = await signIn(t, { workspaceId: await makeWorkspace(t, 'Theirs'), role: 'owner' }, 'Eve');
		const unknown = await finish(ada, 'state=unknown&code=x');
		expect(await finish(ada, answer, { browser: 'browser of eve' })).toEqual(unknown);
		expect(await finish(ada, answer, { browser: '' })).toEqual(unknown);
		expect(await finish(other.caller, answer)).toEqual(unknown);
		expect(await finish(stranger.caller, answer)).toEqual(unknown);
		expect(await finish(ada, answer)).toMatchObject({ success: true });
	});

	test('when it comes twice, also at the same time: one of them counts', async () => {
		const { t, ada } = await deploy();
		const answer = await consent(await begin(ada));
		const both = await Promise.all([finish(ada, answer), finish(ada, answer)]);
		expect(both.filter(({ success }) => success)).toHaveLength(1);
		expect(await finish(ada, answer)).toMatchObject({ success: false, error: expect.stringContaining('used already') });
		expect(await rows(t, 'oauthGrants')).toHaveLength(1);
	});

	test('after ten minutes', async () => {
		const { t, ada } = await deploy();
		const answer = await consent(await begin(ada));
		vi.setSystemTime(NOON + 10 * MINUTE + 1);
		await refused(await finish(ada, answer), /longer than ten minutes/, t);
		await refused(await finish(ada, answer), /used already/, t);
	});

	test('when the person declined, or Google names another error', async () => {
		const { t, ada } = await deploy();
		const declined = (await begin(ada)).searchParams.get('state');
		await refused(
			await finish(ada, `error=access_denied&state=${declined}`),
			/declined at Google.*nothing was connected/i,
			t
		);
		await refused(await finish(ada, `error=access_denied&state=${declined}`), /used already/, t);
		const failed = (await begin(ada)).searchParams.get('state');
		const odd = `error=${encodeURIComponent('<b>server_error</b>')}&error_description=lies&state=${failed}`;
		const done = await finish(ada, odd);
		await refused(done, /did not give access/, t);
		expect(JSON.stringify(done)).not.toMatch(/<b>|lies/);
	});

	test('with the code of another sign-in: its verifier does not fit', async () => {
		const { t, ada } = await deploy();
		const [mine, injected] = [await consent(await begin(ada)), await consent(await begin(ada), BOB)];
		mine.set('code', injected.get('code') ?? '');
		await refused(await finish(ada, mine), /belongs to another one/, t);
	});

	test('when the verifier is not to be had any more', async () => {
		const { t, ada } = await deploy();
		const answer = await consent(await begin(ada));
		vi.stubEnv('PLUMBLINE_SECRET_KEYS', `k2:${Buffer.alloc(32, 9).toString('base64')}`);
		await refused(await finish(ada, answer), /./, t);
	});

	test('with a code that was redeemed already', async () => {
		const { t, ada } = await deploy();
		const first = await consent(await begin(ada));
		const code = first.get('code') ?? '';
		await finish(ada, first);
		const second = await consent(await begin(ada));
		second.set('code', code);
		expect(await finish(ada, second)).toMatchObject({
			success: false,
			error: expect.stringContaining('did not accept')
		});
		expect(await rows(t, 'oauthGrants')).toHaveLength(1);
	});

	test('at the address of another provider, or with another issuer in it (mix-up)', async () => {
		const { t, ada } = await deploy();
		const elsewhere = await consent(await begin(ada));
		await refused(await finish(ada, elsewhere, { provider: 'evil' }), /began at Google.*another provider/, t);
		await refused(await finish(ada, elsewhere), /used already/, t);
		const mixed = await consent(await begin(ada));
		mixed.set('iss', 'https://evil.example.com');
		await refused(await finish(ada, mixed), /does not come from Google/, t);
		const named = await consent(await begin(ada));
		named.set('iss', google.url);
		expect(await finish(ada, named)).toMatchObject({ success: true });
	});

	test('to somebody who may not connect', async () => {
		const { t, workspaceId } = await deploy();
		const viewer = await signIn(t, { workspaceId, role: 'viewer' }, 'Vi');
		await expect(viewer.caller.action(api.oauth.start, wish)).rejects.toThrow();
		await expect(finish(viewer.caller, 'state=x')).rejects.toThrow();
		await expect(finish(t, 'state=x')).rejects.toThrow();
		expect(await rows(t, 'oauthStates')).toEqual([]);
	});
});

describe('start', () => {
	test('says what to do when there is no OAuth client, and takes the workspace’s own before the environment’s', async () => {
		const { t, ada } = await deploy();
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_SECRET', '');
		expect(await ada.query(api.oauthApps.list, {})).toEqual([{ provider: 'google', source: 'none', clientId: null }]);
		expect(await ada.action(api.oauth.start, wish)).toMatchObject({
			success: false,
			error: expect.stringMatching(
				/Settings, OAuth apps.*PLUMBLINE_GOOGLE_CLIENT_ID and PLUMBLINE_GOOGLE_CLIENT_SECRET/
			)
		});
		const app = { provider: 'google', client: ` ${GOOGLE_CLIENT.id}\n`, secret: GOOGLE_CLIENT.secret };
		expect(await ada.action(api.oauth.saveApp, { ...app, secret: 'two words' })).toMatchObject({
			success: false,
			field: 'secret'
		});
		expect(await ada.action(api.oauth.saveApp, { ...app, client: '' })).toMatchObject({
			success: false,
			field: 'client'
		});
		expect(await ada.action(api.oauth.saveApp, app)).toEqual({ success: true });
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_ID', 'of the environment');
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_SECRET', 'of the environment');
		const listed = await ada.query(api.oauthApps.list, {});
		expect(listed).toEqual([{ provider: 'google', source: 'workspace', clientId: GOOGLE_CLIENT.id }]);
		expect(JSON.stringify(await rows(t, 'oauthApps'))).not.toContain(GOOGLE_CLIENT.secret);
		await grant(ada);
		await ada.mutation(api.oauthApps.remove, { provider: 'google' });
		expect(await ada.query(api.oauthApps.list, {})).toMatchObject([
			{ source: 'environment', clientId: 'of the environment' }
		]);
		const deeds = (await rows(t, 'auditEvents')).map(({ action }) => action);
		expect(deeds).toEqual(expect.arrayContaining(['oauthApp.set', 'oauthApp.removed']));
	});

	test('only from where the provider sends people back to, and only for what signs in', async () => {
		const { ada } = await deploy();
		const elsewhere = await ada.action(api.oauth.start, { ...wish, origin: 'http://localhost:3000' });
		expect(elsewhere).toMatchObject({ success: false, error: expect.stringContaining(`Open Plumbline at ${ORIGIN}`) });
		expect(await ada.action(api.oauth.start, { ...wish, integrationId: 'sample' })).toMatchObject({ success: false });
	});
});

describe('reconnecting', () => {
	async function revokeAll(caller: Deployment, connectionId: string) {
		google.revoke();
		for (const one of seen) revoked.add(one);
		await caller.mutation(api.syncRuns.syncNow, { connectionId });
		await settle(caller);
	}

	test('after access was revoked keeps the history and goes on', async () => {
		const { t, ada } = await deploy();
		const connectionId = await connect(ada, await grant(ada));
		const before = await rows(t, 'chunks');
		await revokeAll(ada, connectionId);
		expect(await ada.query(api.connectionRecords.get, { connectionId })).toMatchObject({
			state: 'needs_reauth',
			sentence: expect.stringMatching(/Google no longer accepts.*Reconnect/)
		});
		const done = await finish(ada, await consent(await begin(ada, { connectionId })));
		expect(done).toMatchObject({ success: true, connectionId, grantKey: null });
		await settle(ada);
		expect(await ada.query(api.connectionRecords.get, { connectionId })).toMatchObject({ state: 'connected' });
		const after = await rows(t, 'chunks');
		expect(after.map(({ _id }) => _id)).toEqual(expect.arrayContaining(before.map(({ _id }) => _id)));
		expect(await rows(t, 'connections')).toHaveLength(1);
	});

	test('with somebody who cannot read the property is refused by name, and changes nothing', async () => {
		const { t, ada } = await deploy();
		const connectionId = await connect(ada, await grant(ada));
		await revokeAll(ada, connectionId);
		const before = await rows(t, 'credentials');
		const { accepts } = analytics;
		const answer = await consent(await begin(ada, { connectionId }), BOB);
		analytics.accepts = () => false;
		const done = await finish(ada, answer);
		analytics.accepts = accepts;
		expect(done).toMatchObject({
			success: false,
			connectionId,
			error: expect.stringMatching(/bob@example.com cannot read Coffee shop/)
		});
		expect(await rows(t, 'credentials')).toEqual(before);
	});

	test('a connection of another workspace is one that does not exist', async () => {
		const { t, ada } = await deploy();
		const connectionId = await connect(ada, await grant(ada));
		const stranger = await signIn(t, { workspaceId: await makeWorkspace(t, 'Theirs'), role: 'owner' }, 'Eve');
		await expect(begin(stranger.caller, { connectionId })).rejects.toThrow(/does not exist/);
		await expect(begin(stranger.caller, { connectionId: 'nonsense' })).rejects.toThrow(/does not exist/);
	});

	test('the property of a connection cannot be changed under its history', async () => {
		const { ada } = await deploy();
		const connectionId = await connect(ada, await grant(ada));
		const change = { connectionId, settings: { property: 'properties/1' } };
		expect(await ada.action(api.connections.updateConnection, change)).toMatchObject({
			success: false,
			error: expect.stringContaining('another account')
		});
		expect(await ada.action(api.connections.updateConnection, { connectionId, credentials: {} })).toMatchObject({
			success: false,
			error: expect.stringContaining('Reconnect')
		});
	});
});
