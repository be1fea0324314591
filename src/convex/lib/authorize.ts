'use node';
/** Access by OAuth as the actions need it: the client to use, tokens opened, renewed when due, and kept sealed. */
import { OAUTH_PROVIDERS, clientVariables } from '../../lib/config/oauth.ts';
import type { OAuthProviderId } from '../../lib/config/oauth.ts';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import type { ActionCtx } from '../_generated/server.js';
import type { ActionContext } from './access.ts';
import type { Identity } from './contract.ts';
import { readKeyRing, seal, unseal } from './crypto.ts';
import type { Sealed } from './crypto.ts';
import { IntegrationError } from './errors.ts';
import type { Bearer } from './http.ts';
import { parseJson } from './json.ts';
import { appKey } from './keyRing.ts';
import { OAuthExchange, tokenSet } from './oauth.ts';
import type { OAuthClient, TokenSet } from './oauth.ts';
import { fixedBearer, TokenSource } from './tokens.ts';
import type { HeldTokens, Turn } from './tokens.ts';

export function keyRing() {
	return readKeyRing(process.env.PLUMBLINE_SECRET_KEYS);
}

/** The workspace's own OAuth client, else the deployment's. Throws `config` with what to do when there is neither. */
export async function clientOf(
	ctx: ActionCtx,
	workspaceId: Id<'workspaces'>,
	provider: OAuthProviderId
): Promise<OAuthClient> {
	const own: { clientId: string; secret: Sealed } | null = await ctx.runQuery(internal.oauthApps.read, {
		workspaceId,
		provider
	});
	if (own) {
		const clientSecret = unseal(keyRing(), appKey(workspaceId, provider), own.secret);
		return { clientId: own.clientId, clientSecret };
	}
	const names = clientVariables(provider);
	const clientId = process.env[names.id];
	const clientSecret = process.env[names.secret];
	if (clientId && clientSecret) return { clientId, clientSecret };
	const { name } = OAUTH_PROVIDERS[provider];
	throw new IntegrationError(
		'config',
		`Plumbline has no OAuth client at ${name} yet. An admin adds one in Settings, OAuth apps, or sets ${names.id} and ${names.secret}.`
	);
}

export interface OAuthAccess {
	readonly bearer: Bearer;
	readonly identity: Identity | undefined;
	readonly tokens: TokenSet;
}

/** The access of a connection, renewed when due. Throws `auth` when there is none that can be read. */
export function connectionAccess(
	ctx: ActionCtx,
	provider: OAuthProviderId,
	held: { workspaceId: Id<'workspaces'>; connectionId: Id<'connections'>; credentials: Sealed | null }
): OAuthAccess {
	const { workspaceId, connectionId, credentials } = held;
	const ring = keyRing();
	const { name } = OAUTH_PROVIDERS[provider];
	const gone = () => new IntegrationError('auth', `There is no access at ${name} any more. Reconnect to go on.`);
	const open = (sealed: Sealed): HeldTokens => {
		const parsed = tokenSet.safeParse(parseJson(unseal(ring, connectionId, sealed)));
		if (!parsed.success) throw gone();
		return { tokens: parsed.data, version: sealed.sealed };
	};
	const turnOf = (answer: StoredTurn): Turn => {
		if (answer.state === 'gone') throw gone();
		return answer.state === 'newer' ? { state: 'newer', held: open(answer.held) } : answer;
	};
	if (!credentials) throw gone();
	const first = open(credentials);
	const bearer = new TokenSource({
		held: first,
		store: {
			begin: async (seen) => turnOf(await ctx.runMutation(internal.oauthTokens.begin, { connectionId, seen })),
			save: async (seen, tokens) => {
				const sealed = seal(ring, connectionId, JSON.stringify(tokens));
				const kept = await ctx.runMutation(internal.oauthTokens.save, { connectionId, seen, tokens: sealed });
				if (!kept) throw gone();
				return open(kept);
			},
			refuse: async (fence, seen, sentence) =>
				turnOf(await ctx.runMutation(internal.oauthTokens.refuse, { connectionId, fence, seen, sentence })),
			release: async (fence, doubtful) => {
				await ctx.runMutation(internal.oauthTokens.release, { connectionId, fence, doubtful });
			}
		},
		refresh: async (tokens) => {
			const client = await clientOf(ctx, workspaceId, provider);
			if (client.clientId !== tokens.clientId)
				throw new IntegrationError(
					'config',
					`This connection was made with another OAuth client of ${name}. Put that one back in Settings, OAuth apps, or reconnect.`
				);
			const exchange = await OAuthExchange.open(provider, client, [tokens.refreshToken]);
			return await exchange.refresh(tokens, Date.now());
		}
	});
	return { bearer, identity: first.tokens.identity ?? undefined, tokens: first.tokens };
}

type StoredTurn = Exclude<Turn, { state: 'newer' }> | { state: 'newer'; held: Sealed } | { state: 'gone' };

/** The tokens of a sign-in whose connection is still to be made. Throws `auth` when there are none. */
export async function openGrant(
	ctx: ActionContext,
	provider: OAuthProviderId,
	integrationId: string,
	grantKey: string | undefined
): Promise<TokenSet> {
	const sealed: Sealed | null =
		grantKey === undefined
			? null
			: await ctx.runQuery(internal.oauthStore.readGrant, { ...signedInAs(ctx), integrationId, grantKey });
	const { name } = OAUTH_PROVIDERS[provider];
	if (!sealed || grantKey === undefined)
		throw new IntegrationError(
			'auth',
			`Sign in with ${name} first. A sign-in that is not used within an hour is forgotten.`
		);
	return tokenSet.parse(parseJson(unseal(keyRing(), grantKey, sealed)));
}

/** To whom a sign-in belongs. */
export function signedInAs({ workspaceId, viewer }: ActionContext) {
	return { workspaceId, sessionId: viewer.sessionId };
}

/** Access that has just been given: good for a while, and renewed by nobody. */
export function freshAccess(tokens: TokenSet): OAuthAccess {
	return { bearer: fixedBearer(tokens.accessToken), identity: tokens.identity ?? undefined, tokens };
}
