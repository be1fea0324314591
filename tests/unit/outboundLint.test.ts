/** The lint rules that keep every call of the functions behind the address guard, on code that tries to get around it. */
import { ESLint } from 'eslint';
import { expect, it } from 'vitest';

const eslint = new ESLint();

async function complaints(file: string, code: string): Promise<string[]> {
	const [result] = await eslint.lintText(code, { filePath: file });
	return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

it.each([
	["await fetch('https://example.com');"],
	["await globalThis.fetch('https://example.com');"],
	["await self['fetch']('https://example.com');"],
	["new WebSocket('wss://example.com');"],
	["new EventSource('https://example.com');"],
	["import { request } from 'undici';\nrequest('https://example.com');"],
	["import { get } from 'node:https';\nget('https://example.com');"],
	["import http from 'http';\nhttp.get('http://example.com');"],
	["import { connect } from 'node:net';\nconnect(80);"],
	["import { connect } from 'node:tls';\nconnect(443);"],
	["import { connect } from 'node:http2';\nconnect('https://example.com');"],
	["import { lookup } from 'node:dns/promises';\nawait lookup('example.com');"],
	["import { execFile } from 'node:child_process';\nexecFile('curl');"],
	["import axios from 'axios';\nawait axios.get('https://example.com');"],
	["const { request } = await import('undici');\nawait request('https://example.com');"],
	["const { get } = await import('node:https');\nget('https://example.com');"],
	["const name = 'undici';\nexport const library = await import(name);"],
	["import Stripe from 'stripe';\nexport const sdk = new Stripe('key', { maxNetworkRetries: 0 });"],
	[
		"import { analyticsdata } from '@googleapis/analyticsdata';\nexport const sdk = analyticsdata({ version: 'v1beta' });"
	],
	["const { analyticsdata } = await import('@googleapis/analyticsdata');\nanalyticsdata({ version: 'v1beta' });"],
	["import { Octokit } from 'octokit';\nexport const sdk = new Octokit();"]
])('an integration may not: %s', async (code) => {
	expect(await complaints('src/convex/integrations/evil.ts', code)).toContainEqual(
		expect.stringMatching(/^no-restricted-(globals|imports|properties|syntax): /)
	);
});

it.each([
	["await fetch('https://example.com');"],
	["import { request } from 'undici';\nrequest('https://example.com');"],
	["import { createTransport } from 'nodemailer';\ncreateTransport('smtp://example.com');"],
	["import * as oauth from 'oauth4webapi';\nawait oauth.discoveryRequest(new URL('https://example.com'));"]
])('no other function may: %s', async (code) => {
	expect(await complaints('src/convex/evil.ts', code)).toContainEqual(expect.stringMatching(/^no-restricted-/));
});

it('an integration may call through its context, and give an SDK our client', async () => {
	const code = `import Stripe from 'stripe';
import { z } from 'zod';
import { parseAnswer } from '../lib/parse.ts';

export function make(send: typeof fetch, httpClient = Stripe.createFetchHttpClient(send)) {
	return { sdk: new Stripe('key', { httpClient }), parse: parseAnswer, schema: z.string() };
}
`;
	expect(await complaints('src/convex/integrations/kind.ts', code)).toEqual([]);
});
