import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../http/server.ts';
import { AdminKey } from './adminKey.ts';
import { Authentication } from './authentication.ts';
import { identityAttributes } from './identity.ts';
import { normalizeIssuer } from './providers.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = 'test|0123456789abcdef';
const IN_AN_HOUR = Math.floor(Date.now() / 1000) + 3600;

let fetches = 0;
const jwks = createServer((_request, response) => {
	fetches += 1;
	response.setHeader('content-type', 'application/json');
	response.end(JSON.stringify({ keys: [{ ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256' }] }));
});
let jwksUrl: string;

beforeAll(async () => {
	jwksUrl = `http://127.0.0.1:${await listen(jwks, '127.0.0.1', 0)}/jwks`;
});

afterAll(() => jwks.close());

function authentication(...providers: unknown[]): Authentication {
	return new Authentication(new AdminKey(KEY), async () => providers);
}

function custom(algorithm: string, more: object = {}): object {
	return { type: 'customJwt', issuer: 'issuer.test/', jwks: jwksUrl, algorithm, ...more };
}

async function sign(key: KeyObject, alg: string, claims: JWTPayload = {}): Promise<string> {
	const payload = { iss: 'https://issuer.test', sub: 'ada', exp: IN_AN_HOUR, ...claims };
	return `Bearer ${await new SignJWT(payload).setProtectedHeader({ alg, kid: 'rsa' }).sign(key)}`;
}

describe('tokens', () => {
	test('keys are fetched once', async () => {
		const checked = authentication(custom('RS256'));
		const { identity, expiresAt } = await checked.fromHeader(await sign(rsa.privateKey, 'RS256'));
		expect(identity).toEqual({
			kind: 'user',
			attributes: expect.stringContaining('"tokenIdentifier":"https://issuer.test|ada"')
		});
		expect(expiresAt).toBe((IN_AN_HOUR + 5) * 1000);
		const before = fetches;
		for (let i = 0; i < 5; i++) await checked.fromHeader(await sign(rsa.privateKey, 'RS256', { sub: `user ${i}` }));
		expect(fetches).toBe(before);
	});

	test.each([
		['signed with another key', () => sign(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'RS256')],
		['signed with another algorithm than the provider names', () => sign(ec.privateKey, 'ES256')],
		['without a subject', () => sign(rsa.privateKey, 'RS256', { sub: undefined })],
		['without an end', () => sign(rsa.privateKey, 'RS256', { exp: undefined })],
		['that has ended', () => sign(rsa.privateKey, 'RS256', { exp: IN_AN_HOUR - 7200 })],
		['that is not valid yet', () => sign(rsa.privateKey, 'RS256', { nbf: IN_AN_HOUR })],
		['of another issuer', () => sign(rsa.privateKey, 'RS256', { iss: 'https://issuer.test.evil.test' })],
		[
			'without a signature',
			async () => `Bearer ${new UnsecuredJWT({ iss: 'https://issuer.test', sub: 'ada', exp: IN_AN_HOUR }).encode()}`
		],
		['that is no token', async () => 'Bearer nonsense']
	])('one %s is refused', async (_what, header) => {
		await expect(authentication(custom('RS256')).fromHeader(await header())).rejects.toThrow(/token/);
	});

	test('an audience counts when the provider has one', async () => {
		const checked = authentication(custom('RS256', { applicationID: 'app' }));
		await expect(checked.fromHeader(await sign(rsa.privateKey, 'RS256'))).rejects.toThrow(/No auth provider/);
		await expect(
			checked.fromHeader(await sign(rsa.privateKey, 'RS256', { aud: ['other', 'app'] }))
		).resolves.toBeDefined();
	});

	test('providers can change', async () => {
		let providers: object[] = [];
		const checked = new Authentication(new AdminKey(KEY), async () => providers);
		const header = await sign(rsa.privateKey, 'RS256');
		await expect(checked.fromHeader(header)).rejects.toThrow(/none is configured/);
		providers = [custom('RS256')];
		checked.forgetProviders();
		await expect(checked.fromHeader(header)).resolves.toBeDefined();
	});
});

describe('the admin key', () => {
	test('is the admin, and may act as somebody', async () => {
		const checked = authentication();
		expect(await checked.fromHeader(`Convex ${KEY}`)).toEqual({ identity: { kind: 'admin' }, expiresAt: null });
		const acting = Buffer.from('{"name":"Ada"}').toString('base64');
		expect((await checked.fromHeader(`Convex ${KEY}:${acting}`)).identity).toEqual({
			kind: 'admin',
			actingAs: '{"name":"Ada"}'
		});
		expect(await checked.fromHeader(undefined)).toEqual({ identity: { kind: 'none' }, expiresAt: null });
	});

	test('anything else is not', async () => {
		const checked = authentication();
		await fc.assert(
			fc.asyncProperty(fc.string(), async (guess) => {
				await expect(checked.fromHeader(`Convex ${guess}x`)).rejects.toThrow(/admin key|identity/);
			})
		);
		await expect(checked.fromHeader(`Convex ${KEY}:e30`)).resolves.toBeDefined();
		await expect(checked.fromHeader(`Convex ${KEY}:bm9uc2Vuc2U=`)).rejects.toThrow(/base64 of a JSON object/);
		await expect(checked.fromHeader('Basic abc')).rejects.toThrow(/must begin with/);
	});
});

describe('identities', () => {
	test('have the profile under the names of Convex for OpenID Connect, and claims as they are otherwise', () => {
		const claims = {
			given_name: 'Ada',
			email_verified: true,
			roles: ['a'],
			deep: { er: 1 },
			jti: 'x',
			iss: 'spoofed',
			$bad: 1
		};
		expect(JSON.parse(identityAttributes('https://i', 's', claims, 'oidc'))).toEqual({
			givenName: 'Ada',
			emailVerified: true,
			roles: ['a'],
			deep: { er: 1 },
			tokenIdentifier: 'https://i|s',
			issuer: 'https://i',
			subject: 's'
		});
		expect(JSON.parse(identityAttributes('https://i', 's', claims, 'customJwt'))).toMatchObject({
			given_name: 'Ada',
			'deep.er': 1
		});
	});

	test('an issuer is the same with or without protocol and slash', () => {
		for (const issuer of ['a.test', 'a.test/', 'https://a.test', 'https://a.test//'])
			expect(normalizeIssuer(issuer)).toBe('https://a.test');
		expect(normalizeIssuer('http://localhost:80/')).toBe('http://localhost:80');
	});
});
