// @vitest-environment node
/** Renewing access: the real store, a provider whose refresh tokens are good for one use, and actions at the same time. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { OAuth2Server } from 'oauth2-mock-server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Id } from './_generated/dataModel.js';
import type { ActionCtx } from './_generated/server.js';
import { connectSample, deploy, NOON, settle } from './harness.testing.ts';
import type { Deployment } from './harness.testing.ts';
import { connectionAccess } from './lib/authorize.ts';
import { readKeyRing, seal, unseal } from './lib/crypto.ts';
import { IntegrationError } from './lib/errors.ts';
import { createHttpClient } from './lib/http.ts';
import type { TokenSet } from './lib/oauth.ts';

const HOUR = 3_600_000;

/** A provider that takes each refresh token once, and gives the next one with every answer. */
class SingleUseProvider {
	readonly #server: Server;
	requests = 0;
	issued = 0;
	current = 'refresh-0';
	/** What happens instead of the answer; the token is used up all the same. */
	fault: 'none' | 'hang up' | 'out of order' = 'none';
	/** Happens while the request is under way. */
	meanwhile: () => Promise<unknown> = async () => null;
	url = '';

	constructor() {
		this.#server = createServer((request, response) => {
			const reply = (status: number, body: unknown) =>
				response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
			if (request.url?.startsWith('/.well-known/'))
				return reply(200, {
					issuer: this.url,
					authorization_endpoint: `${this.url}/authorize`,
					token_endpoint: `${this.url}/token`
				});
			let text = '';
			request.setEncoding('utf8').on('data', (part: string) => (text += part));
			request.on('end', async () => {
				this.requests += 1;
				await this.meanwhile();
				const form = new URLSearchParams(text);
				if (form.get('client_secret') !== 'planted-client-secret') return reply(401, { error: 'invalid_client' });
				if (this.fault === 'out of order') return reply(503, { error: 'temporarily_unavailable' });
				if (form.get('refresh_token') !== this.current) return reply(400, { error: 'invalid_grant' });
				this.issued += 1;
				this.current = `refresh-${this.issued}`;
				if (this.fault === 'hang up') return response.destroy();
				return reply(200, {
					access_token: `access-${this.issued}`,
					refresh_token: this.current,
					token_type: 'Bearer',
					expires_in: 3_600
				});
			});
			return undefined;
		});
	}

	async open(): Promise<void> {
		await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
		const address = this.#server.address();
		if (typeof address !== 'object' || !address) throw new Error('The provider has no port.');
		this.url = `http://127.0.0.1:${address.port}`;
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((closed) => this.#server.close(closed));
	}
}

let provider: SingleUseProvider;
beforeEach(async () => {
	provider = new SingleUseProvider();
	await provider.open();
	vi.stubEnv('PLUMBLINE_ALLOW_PRIVATE_HOSTS', '1');
	vi.stubEnv('INTEGRATION_BASE_URL_GOOGLE', provider.url);
	vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_ID', 'plumbline');
	vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_SECRET', 'planted-client-secret');
});
afterEach(async () => {
	await provider.close();
	vi.useRealTimers();
	vi.unstubAllEnvs();
});

const tokens = (over: Partial<TokenSet> = {}): TokenSet => ({
	accessToken: 'access-0',
	refreshToken: 'refresh-0',
	renewAt: NOON - 1,
	expiresAt: NOON - 1,
	scopes: ['read'],
	clientId: 'plumbline',
	identity: null,
	...over
});

const ring = () => readKeyRing(process.env['PLUMBLINE_SECRET_KEYS']);

interface Held {
	readonly workspaceId: Id<'workspaces'>;
	readonly connectionId: Id<'connections'>;
}

/** A connection that holds these tokens. */
async function holding(set: TokenSet): Promise<{ t: Deployment; held: Held }> {
	const t = await deploy();
	const { connectionId } = await connectSample(t);
	await settle(t);
	const workspaceId = await t.run(async (ctx) => {
		const row = await ctx.db.query('credentials').first();
		const connection = await ctx.db.get('connections', connectionId);
		if (!row || !connection) throw new Error('There is no connection.');
		await ctx.db.patch('credentials', row._id, seal(ring(), connectionId, JSON.stringify(set)));
		return connection.workspaceId;
	});
	// Waiting between looks at the store takes real time, the calendar stands still.
	vi.useRealTimers();
	vi.useFakeTimers({ now: NOON, toFake: ['Date'] });
	return { t, held: { workspaceId, connectionId } };
}

/** What an action does first: reads the store, and makes its bearer of it. */
async function bearerOf(ctx: ActionCtx, t: Deployment, held: Held) {
	const credentials = await row(t);
	return connectionAccess(ctx, 'google', {
		...held,
		credentials: { keyId: credentials.keyId, sealed: credentials.sealed }
	}).bearer;
}

async function row(t: Deployment) {
	const found = await t.run(async (ctx) => ctx.db.query('credentials').first());
	if (!found) throw new Error('There are no credentials.');
	return found;
}

async function stored(t: Deployment, { connectionId }: Held): Promise<unknown> {
	return JSON.parse(unseal(ring(), connectionId, await row(t)));
}

/** Ten actions that each send three requests at once. */
async function tenActions(t: Deployment, held: Held): Promise<string[]> {
	const answers = Array.from({ length: 10 }, () =>
		t.action(async (ctx) => {
			const bearer = await bearerOf(ctx, t, held);
			return await Promise.all([bearer.token(), bearer.token(), bearer.token()]);
		})
	);
	return (await Promise.all(answers)).flat();
}

describe('R21: expired access and ten actions at once', () => {
	test('one request renews it for all, though the refresh token is good for one use', async () => {
		const { t, held } = await holding(tokens());
		expect(new Set(await tenActions(t, held))).toEqual(new Set(['access-1']));
		expect(provider.requests).toBe(1);
		expect(await stored(t, held)).toMatchObject({
			accessToken: 'access-1',
			refreshToken: 'refresh-1',
			expiresAt: NOON + HOUR,
			renewAt: NOON + HOUR - 300_000,
			scopes: ['read']
		});
		expect((await row(t)).renewal).toMatchObject({ leaseUntil: null, doubtful: false, refused: null });
	});

	test('the same against a server that somebody else wrote', async () => {
		const server = new OAuth2Server();
		await server.issuer.keys.generate('RS256');
		await server.start(0, '127.0.0.1');
		try {
			const issuer = `http://127.0.0.1:${server.address().port}`;
			server.issuer.url = issuer;
			vi.stubEnv('INTEGRATION_BASE_URL_GOOGLE', issuer);
			let given = 0;
			server.service.on('beforeResponse', () => (given += 1));
			// It dates its tokens by the real clock.
			const { t, held } = await holding(tokens());
			vi.useRealTimers();
			const seen = new Set(await tenActions(t, held));
			expect(seen.size).toBe(1);
			expect([...seen][0]).toMatch(/^ey/);
			expect(given).toBe(1);
			expect(await stored(t, held)).toMatchObject({ refreshToken: expect.not.stringMatching('refresh-0') });
		} finally {
			await server.stop();
		}
	});

	test('fresh access asks nobody, and access that soon ends is renewed before it does', async () => {
		const { t, held } = await holding(tokens({ renewAt: NOON + 1, expiresAt: NOON + 300_001 }));
		expect(await t.action(async (ctx) => (await bearerOf(ctx, t, held)).token())).toBe('access-0');
		expect(provider.requests).toBe(0);
		vi.setSystemTime(NOON + 1);
		expect(await t.action(async (ctx) => (await bearerOf(ctx, t, held)).token())).toBe('access-1');
		expect(provider.requests).toBe(1);
	});

	test('a provider that is out of order does not matter while the access is still good', async () => {
		provider.fault = 'out of order';
		const { t, held } = await holding(tokens({ expiresAt: NOON + 60_000 }));
		expect(await t.action(async (ctx) => (await bearerOf(ctx, t, held)).token())).toBe('access-0');
		vi.setSystemTime(NOON + 60_000);
		const late = t.action(async (ctx) => (await bearerOf(ctx, t, held)).token());
		await expect(late).rejects.toMatchObject({ kind: 'unreachable' });
		provider.fault = 'none';
		expect(await t.action(async (ctx) => (await bearerOf(ctx, t, held)).token())).toBe('access-1');
	});
});

describe('a service that refuses the access', () => {
	async function serve(accepted: () => string) {
		const seen: string[] = [];
		const server = createServer((request, response) => {
			const given = String(request.headers.authorization);
			seen.push(given);
			response.writeHead(given === `Bearer ${accepted()}` ? 200 : 401).end(`you sent ${given}`);
		});
		await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
		const address = server.address();
		if (typeof address !== 'object' || !address) throw new Error('The service has no port.');
		const close = () => new Promise((closed) => server.close(closed));
		return { url: `http://127.0.0.1:${address.port}`, seen, close };
	}
	const client = (baseUrl: string, bearer: Awaited<ReturnType<typeof bearerOf>>) =>
		createHttpClient({ integrationId: 'x', baseUrl, allowedHosts: null, allowPrivate: true, secrets: [], bearer });

	test('gets renewed access once, for all requests under way', async () => {
		const service = await serve(() => 'access-1');
		try {
			const { t, held } = await holding(tokens({ renewAt: null, expiresAt: null }));
			const statuses = await t.action(async (ctx) => {
				const http = client(service.url, await bearerOf(ctx, t, held));
				const answers = await Promise.all([1, 2, 3].map(() => http.request({ url: '/' })));
				return answers.map(({ status }) => status);
			});
			expect(statuses).toEqual([200, 200, 200]);
			expect(provider.requests).toBe(1);
			expect(service.seen.filter((one) => one === 'Bearer access-0')).toHaveLength(3);
		} finally {
			await service.close();
		}
	});

	test('and refuses the renewed one too is told once, without either token', async () => {
		const service = await serve(() => 'another');
		try {
			const { t, held } = await holding(tokens({ renewAt: null, expiresAt: null }));
			const refused = t.action(async (ctx) => {
				const http = client(service.url, await bearerOf(ctx, t, held));
				return (await http.request({ url: '/' })).status;
			});
			const error: unknown = await refused.catch((thrown: unknown) => thrown);
			expect(error).toMatchObject({ kind: 'auth' });
			expect(String(error)).not.toMatch(/access-/);
			expect(service.seen).toEqual(['Bearer access-0', 'Bearer access-1']);
		} finally {
			await service.close();
		}
	});
});

describe('a provider that says no', () => {
	const ask = (t: Deployment, held: Held) => t.action(async (ctx) => (await bearerOf(ctx, t, held)).token());

	test('is believed once: nobody asks again, until there is new access', async () => {
		const { t, held } = await holding(tokens({ refreshToken: 'revoked' }));
		await expect(ask(t, held)).rejects.toMatchObject({
			kind: 'auth',
			message: expect.stringMatching(/revoked.*Reconnect/)
		});
		await expect(ask(t, held)).rejects.toMatchObject({
			kind: 'auth',
			message: expect.stringMatching(/revoked.*Reconnect/)
		});
		expect(provider.requests).toBe(1);
	});

	async function reconnect(t: Deployment, { connectionId }: Held): Promise<void> {
		const fresh = tokens({ accessToken: 'reconnected', renewAt: NOON + HOUR, expiresAt: NOON + HOUR });
		const { _id } = await row(t);
		await t.run(async (ctx) => ctx.db.patch('credentials', _id, seal(ring(), connectionId, JSON.stringify(fresh))));
	}

	test('is not believed when the store holds other tokens by then', async () => {
		const { t, held } = await holding(tokens({ refreshToken: 'used up' }));
		provider.meanwhile = () => reconnect(t, held);
		expect(await ask(t, held)).toBe('reconnected');
		expect(provider.requests).toBe(1);
		expect(await stored(t, held)).toMatchObject({ accessToken: 'reconnected' });
	});

	test('is not even asked when the store holds other tokens before', async () => {
		const { t, held } = await holding(tokens({ refreshToken: 'used up' }));
		const token = await t.action(async (ctx) => {
			const bearer = await bearerOf(ctx, t, held);
			await reconnect(t, held);
			return await bearer.token();
		});
		expect(token).toBe('reconnected');
		expect(provider.requests).toBe(0);
	});

	test('about our own client is the operator’s matter, and asks nobody to reconnect', async () => {
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_SECRET', 'wrong');
		const { t, held } = await holding(tokens());
		await expect(ask(t, held)).rejects.toMatchObject({
			kind: 'config',
			message: expect.stringContaining('OAuth client')
		});
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_ID', 'another');
		await expect(ask(t, held)).rejects.toMatchObject({ kind: 'config', message: expect.stringContaining('another') });
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_ID', '');
		await expect(ask(t, held)).rejects.toMatchObject({
			kind: 'config',
			message: expect.stringContaining('no OAuth client')
		});
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_ID', 'plumbline');
		vi.stubEnv('PLUMBLINE_GOOGLE_CLIENT_SECRET', 'planted-client-secret');
		expect(await ask(t, held)).toBe('access-1');
	});
});

describe('R23: the end of a process between the provider’s answer and the store', () => {
	const ask = (t: Deployment, held: Held) => t.action(async (ctx) => (await bearerOf(ctx, t, held)).token());

	/** Gets the provider's answer, and is gone before it could store it. */
	async function crash(t: Deployment, held: Held): Promise<void> {
		const gone = t.action(async (ctx) => {
			const dying: ActionCtx = {
				...ctx,
				runMutation: async (mutation, ...args) => {
					if (provider.issued > 0) throw new Error('The process has ended.');
					return await ctx.runMutation(mutation, ...args);
				}
			};
			await (await bearerOf(dying, t, held)).token();
		});
		await expect(gone).rejects.toThrow('The process has ended.');
	}

	test('says what happened, asks once more after the lease, and never again', async () => {
		const { t, held } = await holding(tokens());
		await crash(t, held);
		expect(provider.requests).toBe(1);
		expect((await row(t)).renewal).toMatchObject({ leaseUntil: NOON + 45_000, refused: null });
		vi.setSystemTime(NOON + 45_001);
		for (let sync = 0; sync < 5; sync++)
			await expect(ask(t, held)).rejects.toMatchObject({
				kind: 'auth',
				message: expect.stringMatching(/cut off.*Reconnect/)
			});
		expect(provider.requests).toBe(2);
	});

	test('costs nothing where refresh tokens stay good', async () => {
		const { t, held } = await holding(tokens());
		await crash(t, held);
		provider.current = 'refresh-0';
		vi.setSystemTime(NOON + 45_001);
		expect(await ask(t, held)).toBe('access-2');
	});

	test('an answer that was lost on the way is the same', async () => {
		const { t, held } = await holding(tokens());
		provider.fault = 'hang up';
		await expect(ask(t, held)).rejects.toMatchObject({ kind: 'unreachable' });
		provider.fault = 'none';
		await expect(ask(t, held)).rejects.toMatchObject({ kind: 'auth', message: expect.stringContaining('cut off') });
		expect(provider.requests).toBe(2);
	});

	test('a late answer is stored all the same', async () => {
		const { t, held } = await holding(tokens());
		const token = await t.action(async (ctx) => {
			const slow: ActionCtx = {
				...ctx,
				runMutation: async (mutation, ...args) => {
					if (provider.issued === 1) vi.setSystemTime(NOON + 60_000);
					return await ctx.runMutation(mutation, ...args);
				}
			};
			return await (await bearerOf(slow, t, held)).token();
		});
		expect(token).toBe('access-1');
		expect(await ask(t, held)).toBe('access-1');
	});
});

test('what is thrown is an IntegrationError, so that a run ends with its sentence', async () => {
	const { t, held } = await holding(tokens({ refreshToken: null }));
	const error: unknown = await t
		.action(async (ctx) => (await bearerOf(ctx, t, held)).token())
		.catch((thrown: unknown) => thrown);
	expect(error).toBeInstanceOf(IntegrationError);
	expect(error).toMatchObject({ kind: 'auth' });
});
