import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

const root = mkdtempSync(join(tmpdir(), 'plumbline-settings-'));

describe('readSettings', () => {
	it('needs nothing: embedded, on this machine, private hosts allowed', () => {
		expect(readSettings({}, root)).toEqual({
			host: '127.0.0.1',
			port: null,
			publicUrl: null,
			trustedProxies: [],
			deployment: { kind: 'embedded', dataDir: join(root, '.plumbline'), port: null },
			durability: null,
			functionEnvironment: { PLUMBLINE_ALLOW_PRIVATE_HOSTS: '1' }
		});
	});

	it.each(['0.0.0.0', '::', '192.168.1.10', 'example.com'])('listens on %s where it knows its own address', (host) => {
		expect(() => readSettings({ HOST: host }, root)).toThrow(/Set PLUMBLINE_URL/);
		expect(readSettings({ HOST: host, PLUMBLINE_URL: 'https://a.example' }, root).host).toBe(host);
	});

	it.each(['127.0.0.1', 'localhost', '::1'])('listens on %s', (host) => {
		expect(readSettings({ HOST: host }, root).host).toBe(host);
	});

	it.each(['0', '65536', 'http', '-1', '3.5'])('refuses PORT=%s and CONVEX_PORT=%s', (port) => {
		expect(() => readSettings({ PORT: port }, root)).toThrow(/PORT/);
		expect(() => readSettings({ CONVEX_PORT: port }, root)).toThrow(/CONVEX_PORT/);
	});

	it('takes a durability that it knows', () => {
		expect(readSettings({ PLUMBLINE_DURABILITY: 'full' }, root).durability).toBe('full');
		expect(() => readSettings({ PLUMBLINE_DURABILITY: 'fast' }, root)).toThrow(
			'PLUMBLINE_DURABILITY must be normal or full'
		);
	});

	it.each([
		['https://numbers.example.com', 'https://numbers.example.com'],
		['https://Numbers.Example.com/', 'https://numbers.example.com'],
		['http://192.168.1.5:3000', 'http://192.168.1.5:3000'],
		['', null]
	])('takes PLUMBLINE_URL=%s', (url, publicUrl) => {
		expect(readSettings({ PLUMBLINE_URL: url }, root).publicUrl).toBe(publicUrl);
	});

	it.each([
		'numbers.example.com',
		'ftp://a.example',
		'https://a.example/path',
		'https://u:p@a.example',
		'https://a.example?x'
	])('refuses PLUMBLINE_URL=%s', (url) => {
		expect(() => readSettings({ PLUMBLINE_URL: url }, root)).toThrow(/PLUMBLINE_URL must be/);
	});

	it('trusts the proxies that are named', () => {
		const trust = (proxies: string) => readSettings({ PLUMBLINE_TRUSTED_PROXY: proxies }, root).trustedProxies;
		expect(trust('127.0.0.1, 10.0.0.0/24 fd00::/8')).toEqual(['127.0.0.1', '10.0.0.0/24', 'fd00::/8']);
		for (const wrong of ['yes', 'proxy.example.com', '10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.1/8/8', '1.2.3'])
			expect(() => trust(wrong)).toThrow(/PLUMBLINE_TRUSTED_PROXY must list/);
	});

	// B6: who may open the product decides what its integrations may call.
	it.each([
		[{}, '1'],
		[{ HOST: '::1', PLUMBLINE_URL: 'http://localhost:3000' }, '1'],
		[{ PLUMBLINE_URL: 'http://[::1]:3000' }, '1'],
		[{ PLUMBLINE_URL: 'https://numbers.example.com' }, '0'],
		[{ CONVEX_URL: 'https://a.example' }, '0'],
		[{ CONVEX_SELF_HOSTED_URL: 'http://127.0.0.1:3210' }, '0'],
		[{ CONVEX_DEPLOYMENT: 'dev:name' }, '0'],
		[{ CONVEX_URL: 'https://a.example', PLUMBLINE_ALLOW_PRIVATE_HOSTS: '1' }, '1'],
		[{ PLUMBLINE_ALLOW_PRIVATE_HOSTS: '0' }, '0']
	])('with %o private hosts are %s', (environment, allowed) => {
		expect(readSettings(environment, root).functionEnvironment['PLUMBLINE_ALLOW_PRIVATE_HOSTS']).toBe(allowed);
	});

	it('refuses another word for private hosts', () => {
		expect(() => readSettings({ PLUMBLINE_ALLOW_PRIVATE_HOSTS: 'yes' }, root)).toThrow(/must be 0 or 1/);
	});

	it.each([
		[{ CONVEX_URL: 'https://a.example' }, 'https://a.example'],
		[{ CONVEX_SELF_HOSTED_URL: 'https://b.example', CONVEX_SELF_HOSTED_ADMIN_KEY: 'key' }, 'https://b.example'],
		[{ CONVEX_DEPLOYMENT: 'dev:name' }, null]
	])('uses the deployment named by %o', (environment, url) => {
		expect(readSettings(environment, root).deployment).toMatchObject({ kind: 'external', url });
	});

	it('finds the deployment that the CLI wrote to .env.local, and ignores the embedded one’s URL there', () => {
		const folder = mkdtempSync(join(tmpdir(), 'plumbline-settings-'));
		writeFileSync(join(folder, '.env.local'), 'PUBLIC_CONVEX_URL=http://127.0.0.1:3210\n');
		expect(readSettings({}, folder).deployment.kind).toBe('embedded');
		writeFileSync(join(folder, '.env.local'), 'CONVEX_DEPLOYMENT=dev:name # team\n');
		expect(readSettings({}, folder).deployment.kind).toBe('external');
	});

	it('hands base URLs, OAuth clients and private hosts on to the functions, and nothing else', () => {
		const environment = {
			INTEGRATION_BASE_URL_GITHUB: 'http://127.0.0.1:4001',
			PLUMBLINE_ALLOW_PRIVATE_HOSTS: '0',
			PLUMBLINE_GOOGLE_CLIENT_ID: 'id',
			PLUMBLINE_GOOGLE_CLIENT_SECRET: 'secret',
			SECRET: 'no'
		};
		expect(readSettings(environment, root).functionEnvironment).toEqual({
			INTEGRATION_BASE_URL_GITHUB: 'http://127.0.0.1:4001',
			PLUMBLINE_ALLOW_PRIVATE_HOSTS: '0',
			PLUMBLINE_GOOGLE_CLIENT_ID: 'id',
			PLUMBLINE_GOOGLE_CLIENT_SECRET: 'secret'
		});
		expect(() => readSettings({ INTEGRATION_BASE_URL_X: 'nonsense' }, root)).toThrow(/INTEGRATION_BASE_URL_X/);
	});
});

describe('settings of sign-in', () => {
	it('are handed on to the functions', () => {
		const environment = {
			PLUMBLINE_SMTP_URL: 'smtps://me:secret@mail.example',
			PLUMBLINE_SIGN_IN_OIDC_ISSUER: 'https://id.example',
			PLUMBLINE_SIGN_IN_OIDC_CLIENT_ID: 'id',
			PLUMBLINE_SIGN_IN_OIDC_CLIENT_SECRET: 'secret',
			PLUMBLINE_OPEN_REGISTRATION: '1'
		};
		expect(readSettings(environment, root).functionEnvironment).toMatchObject(environment);
	});

	it.each([
		[{ PLUMBLINE_OPEN_REGISTRATION: 'yes' }, /PLUMBLINE_OPEN_REGISTRATION must be 0 or 1/],
		[{ PLUMBLINE_SMTP_URL: 'mail.example:25' }, /PLUMBLINE_SMTP_URL must be/],
		[{ PLUMBLINE_SIGN_IN_GITHUB_CLIENT_ID: 'id' }, /PLUMBLINE_SIGN_IN_GITHUB_CLIENT_SECRET is missing/],
		[
			{ PLUMBLINE_SIGN_IN_OIDC_CLIENT_ID: 'id', PLUMBLINE_SIGN_IN_OIDC_CLIENT_SECRET: 'x' },
			/PLUMBLINE_SIGN_IN_OIDC_ISSUER is missing/
		],
		[
			{
				PLUMBLINE_SIGN_IN_OIDC_ISSUER: 'me',
				PLUMBLINE_SIGN_IN_OIDC_CLIENT_ID: 'id',
				PLUMBLINE_SIGN_IN_OIDC_CLIENT_SECRET: 'x'
			},
			/PLUMBLINE_SIGN_IN_OIDC_ISSUER must be a URL/
		]
	])('%o is refused in words', (environment, words) => {
		expect(() => readSettings(environment, root)).toThrow(words);
	});

	it('a password of the mail server is not repeated', () => {
		const environment = { PLUMBLINE_SMTP_URL: 'http://me:hunter2@mail.example' };
		expect(() => readSettings(environment, root)).toThrow(/^(?!.*hunter2)/);
	});
});

describe('the Node that runs the scripts', () => {
	it('strips types and has node:sqlite: 22.18 or newer', () => {
		const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
		expect(major > 22 || (major === 22 && minor >= 18)).toBe(true);
	});
});
