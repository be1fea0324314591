'use node';
/**
 * Signing in at an OAuth provider so that Plumbline may read. `start` gives the address to send the browser to, `finish`
 * takes what the browser brings back. In between nothing is trusted: the answer has to carry a `state` that was made for
 * this workspace, this session, this browser and this provider, not longer ago than ten minutes, and never used before.
 *
 *   start ──▶ (provider) ──▶ finish ─┬─ refused, with a sentence
 *                                    ├─ a grant, from which connections.connect makes a connection
 *                                    └─ new access for the connection that was to be reconnected
 */
import { createHash, randomBytes } from 'node:crypto';
import { v } from 'convex/values';
import type { Infer } from 'convex/values';
import { generateRandomCodeVerifier, generateRandomState } from 'oauth4webapi';
import { INTEGRATION_CONFIGS, isIntegrationId } from '../lib/config/integrations.ts';
import type { IntegrationId } from '../lib/config/integrations.ts';
import { OAUTH_PROVIDERS, callbackPath, oauthProviderOf } from '../lib/config/oauth.ts';
import type { OAuthProviderId } from '../lib/config/oauth.ts';
import { internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { reach, renewal } from './connections.ts';
import { actionAccess, notFound, scopeOf } from './lib/access.ts';
import type { ActionContext } from './lib/access.ts';
import { clientOf, freshAccess, keyRing, signedInAs } from './lib/authorize.ts';
import { appKey } from './lib/keyRing.ts';
import { seal, unseal } from './lib/crypto.ts';
import type { Sealed } from './lib/crypto.ts';
import { IntegrationError } from './lib/errors.ts';
import { failedWith, failureOf, refuse } from './lib/failure.ts';
import { OAuthExchange } from './lib/oauth.ts';
import type { TokenSet } from './lib/oauth.ts';
import { failure, nullableText } from './lib/validators.ts';
import type { Failure, Settings } from './lib/validators.ts';

const LONGEST_ANSWER = 8_000;
const LONGEST_CLIENT_ID = 300;

/** The address of the provider's page, for a new connection or, with `connectionId`, for one that needs new access. */
export const start = actionAccess({
	right: 'connections:write',
	args: {
		integrationId: v.string(),
		connectionId: v.optional(v.string()),
		/** Where this page was opened, `https://numbers.example.com`; it has to be PLUMBLINE_URL where that is set. */
		origin: v.string(),
		/** The value of the browser's own cookie. */
		browser: v.string()
	},
	returns: v.union(v.object({ success: v.literal(true), url: v.string() }), failure),
	handler: async (ctx, args): Promise<{ success: true; url: string } | Failure> => {
		const target = args.connectionId === undefined ? null : await connectionOf(ctx, args.connectionId);
		if (args.connectionId !== undefined && target?.integrationId !== args.integrationId) throw notFound();
		const known = oauthIntegration(args.integrationId);
		if (!known) return refuse('People do not sign in to connect this service.');
		return await told(async () => {
			const redirectUri = new URL(callbackPath(known.provider), publicOrigin(args.origin)).href;
			const client = await clientOf(ctx, ctx.workspaceId, known.provider);
			const exchange = await OAuthExchange.open(known.provider, client);
			const state = generateRandomState();
			const verifier = generateRandomCodeVerifier();
			const stateHash = hash(state);
			await ctx.runMutation(internal.oauthStore.start, {
				...signedInAs(ctx),
				stateHash,
				browserHash: hash(args.browser),
				provider: known.provider,
				integrationId: known.id,
				connectionId: target?.connectionId ?? null,
				redirectUri,
				verifier: seal(keyRing(), stateHash, verifier)
			});
			const url = await exchange.authorizationUrl({ redirectUri, scopes: scopesOf(known.id), state, verifier });
			return { success: true as const, url };
		});
	}
});

const finished = v.object({
	success: v.literal(true),
	integrationId: v.string(),
	/** The connection that has new access, or the key of a grant from which a connection can be made. */
	connectionId: nullableText,
	grantKey: nullableText
});
/** Where a person may start again stands beside the sentence, when it is known. */
const notFinished = v.object({
	success: v.literal(false),
	error: v.string(),
	integrationId: nullableText,
	connectionId: nullableText
});

/** Takes the provider's answer: the query of the address to which it sent the browser. */
export const finish = actionAccess({
	right: 'connections:write',
	args: { provider: v.string(), answer: v.string(), browser: v.string() },
	returns: v.union(finished, notFinished),
	handler: async (ctx, { provider, answer, browser }): Promise<Infer<typeof finished> | Infer<typeof notFinished>> => {
		const parameters = new URLSearchParams(answer.slice(0, LONGEST_ANSWER));
		const nowhere = { success: false as const, integrationId: null, connectionId: null };
		const state = parameters.get('state');
		if (!state)
			return {
				...nowhere,
				error: 'This address belongs to a sign-in, but says not to which one. Start the sign-in again.'
			};
		const stateHash = hash(state);
		const taken: Taken = await ctx.runMutation(internal.oauthStore.take, {
			...signedInAs(ctx),
			stateHash,
			browserHash: hash(browser),
			provider
		});
		if (taken.state !== 'yours') return { ...nowhere, error: sentenceOf(taken, provider) };
		const { integrationId, connectionId } = taken;
		const done = await told(async () => {
			const known = oauthIntegration(integrationId);
			if (!known) throw new IntegrationError('config', 'This version of Plumbline has no such integration any more.');
			const tokens = await redeem(ctx, known.provider, parameters, { ...taken, state, stateHash });
			requireScopes(known, tokens);
			return connectionId === null
				? { grantKey: await keepGrant(ctx, known.id, tokens), connectionId }
				: { grantKey: null, connectionId: await reconnect(ctx, known.id, connectionId, tokens) };
		});
		if ('success' in done) return { ...nowhere, integrationId, connectionId, error: done.error };
		return { success: true as const, integrationId, ...done };
	}
});

/** Keeps the client id and, sealed, the secret of the workspace's OAuth client. */
export const saveApp = actionAccess({
	right: 'oauthApps:manage',
	args: { provider: v.string(), client: v.string(), secret: v.string() },
	returns: v.union(v.object({ success: v.literal(true) }), failure),
	handler: async (ctx, args): Promise<{ success: true } | Failure> => {
		const provider = oauthProviderOf(args.provider);
		if (!provider) return refuse('Plumbline knows no such provider.');
		const clientId = args.client.trim();
		const clientSecret = args.secret.trim();
		const wrong = (text: string) => !/^[\x21-\x7e]+$/.test(text) || text.length > LONGEST_CLIENT_ID;
		if (wrong(clientId)) return refuse('The client id is needed, on one line and without spaces.', 'client');
		if (wrong(clientSecret)) return refuse('The client secret is needed, on one line and without spaces.', 'secret');
		return await told(async () => {
			const secret = seal(keyRing(), appKey(ctx.workspaceId, provider.id), clientSecret);
			await ctx.runMutation(internal.oauthApps.keep, { scope: scopeOf(ctx), provider: provider.id, clientId, secret });
			return { success: true as const };
		});
	}
});

type Taken =
	| {
			state: 'yours';
			integrationId: string;
			connectionId: Id<'connections'> | null;
			redirectUri: string;
			verifier: Sealed;
	  }
	| { state: 'unknown' | 'used' | 'expired' }
	| { state: 'foreign'; provider: string };

interface OAuthIntegration {
	readonly id: IntegrationId;
	readonly provider: OAuthProviderId;
}

function oauthIntegration(id: string): OAuthIntegration | null {
	const provider = isIntegrationId(id) ? INTEGRATION_CONFIGS[id].oauthProvider : null;
	return isIntegrationId(id) && provider ? { id, provider } : null;
}

async function redeem(
	ctx: ActionContext,
	provider: OAuthProviderId,
	parameters: URLSearchParams,
	expected: { state: string; stateHash: string; verifier: Sealed; redirectUri: string }
): Promise<TokenSet> {
	const { state, redirectUri } = expected;
	const verifier = unseal(keyRing(), expected.stateHash, expected.verifier);
	const client = await clientOf(ctx, ctx.workspaceId, provider);
	const exchange = await OAuthExchange.open(provider, client, [verifier, parameters.get('code') ?? '']);
	const tokens = await exchange.redeem(parameters, { state, verifier, redirectUri }, Date.now());
	if (tokens.refreshToken !== null || tokens.expiresAt === null) return tokens;
	const { name } = OAUTH_PROVIDERS[provider];
	throw new IntegrationError(
		'permission',
		`${name} gave access for a moment only, and none to go on with. Remove Plumbline from the apps of your ${name} account, then start again.`
	);
}

/** A provider may let a person give less than was asked. Without any of what the metrics need there is nothing to read. */
function requireScopes({ id, provider }: OAuthIntegration, { scopes }: TokenSet): void {
	const needed = INTEGRATION_CONFIGS[id].metrics.flatMap((metric) => metric.scopes ?? []);
	if (needed.length === 0 || needed.some((scope) => scopes.includes(scope))) return;
	const { name } = OAUTH_PROVIDERS[provider];
	throw new IntegrationError(
		'permission',
		`${name} was not allowed to let Plumbline read ${INTEGRATION_CONFIGS[id].name}. Start again and leave its box ticked.`,
		{ missingScopes: [...new Set(needed)] }
	);
}

async function keepGrant(ctx: ActionContext, integrationId: IntegrationId, tokens: TokenSet): Promise<string> {
	const grantKey = randomBytes(32).toString('base64url');
	const sealed = seal(keyRing(), grantKey, JSON.stringify(tokens));
	await ctx.runMutation(internal.oauthStore.keepGrant, { ...signedInAs(ctx), integrationId, grantKey, tokens: sealed });
	return grantKey;
}

/** New access for a connection, if it leads to the account whose history it holds. */
async function reconnect(
	ctx: ActionContext,
	id: IntegrationId,
	connectionId: Id<'connections'>,
	tokens: TokenSet
): Promise<Id<'connections'>> {
	const target = await connectionOf(ctx, connectionId);
	if (!target) throw new IntegrationError('not_found', 'The connection has been disconnected meanwhile.');
	const who = tokens.identity?.name ?? 'This sign-in';
	const reached = await reach(id, {}, { access: freshAccess(tokens), settings: target.settings });
	if (!reached.success)
		throw new IntegrationError(
			reached.kind,
			`${who} cannot read ${target.accountName}, whose history this connection holds: ${reached.error}`
		);
	if (reached.account.id !== target.accountId)
		throw new IntegrationError(
			'permission',
			`${who} leads to ${reached.account.name}, but this connection holds the history of ${target.accountName}. Connect the other one as a connection of its own.`
		);
	const credentials = seal(keyRing(), connectionId, JSON.stringify(tokens));
	await ctx.runMutation(internal.connectionStore.change, {
		scope: scopeOf(ctx),
		connectionId,
		renewed: { ...renewal(id, reached), credentials }
	});
	return connectionId;
}

interface Target {
	readonly connectionId: Id<'connections'>;
	readonly integrationId: string;
	readonly accountId: string;
	readonly accountName: string;
	readonly settings: Settings;
}

async function connectionOf(ctx: ActionContext, connectionId: string): Promise<Target | null> {
	const { workspaceId } = ctx;
	return await ctx.runQuery(internal.oauthStore.expected, { workspaceId, connectionId });
}

function sentenceOf(taken: Exclude<Taken, { state: 'yours' }>, provider: string): string {
	const named = (id: string) => oauthProviderOf(id)?.name ?? 'another provider';
	switch (taken.state) {
		case 'used':
			return 'This sign-in was used already; an answer counts once. If nothing was connected, start again.';
		case 'expired':
			return 'This sign-in took longer than ten minutes. Start again.';
		case 'foreign':
			return `This sign-in began at ${named(taken.provider)}, but the answer came as from ${named(provider)}. Nothing was connected; start again.`;
		default:
			return 'This sign-in was not started here: perhaps in another browser, by somebody else, or in another workspace. Start again.';
	}
}

function scopesOf(id: IntegrationId): string[] {
	const { oauthProvider, metrics } = INTEGRATION_CONFIGS[id];
	const identity = oauthProvider ? OAUTH_PROVIDERS[oauthProvider].identityScopes : [];
	return [...new Set([...identity, ...metrics.flatMap((metric) => metric.scopes ?? [])])];
}

/** The provider sends the browser back here. From another name of this server it would come back without its cookie. */
function publicOrigin(given: string): string {
	const url = URL.parse(given);
	const own = URL.parse(process.env.PLUMBLINE_URL || given);
	if (!url || !own || !/^https?:$/.test(own.protocol))
		throw new IntegrationError('config', 'The address of these pages is not known. Set PLUMBLINE_URL to it.');
	if (url.origin === own.origin) return own.origin;
	const message = `Open Plumbline at ${own.origin} and connect there: that is where a provider sends people back to.`;
	throw new IntegrationError('config', message);
}

function hash(text: string): string {
	return createHash('sha256').update(text).digest('base64url');
}

/** Whatever goes wrong becomes a sentence. What is thrown here names no secret: lib/oauth.ts repeats nothing it was told. */
async function told<Answer>(body: () => Promise<Answer>): Promise<Answer | Failure> {
	try {
		return await body();
	} catch (error) {
		return failureOf(failedWith(error, (text) => text));
	}
}
