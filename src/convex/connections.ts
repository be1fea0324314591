'use node';
/** Connecting: the actions that call a service to see whether the credentials work, and store them sealed. */
import { v } from 'convex/values';
import type { BaseIntegration } from '../lib/server/integrations/base.ts';
import { integrations } from '../lib/server/integrations/index.ts';
import { INTEGRATION_CONFIGS } from '../lib/config/integrations.ts';
import type { IntegrationId } from '../lib/config/integrations.ts';
import { isTimeZone } from '../lib/metrics/zones.ts';
import { internal } from './_generated/api.js';
import type { Id } from './_generated/dataModel.js';
import { actionAccess, notFound, scopeOf } from './lib/access.ts';
import type { ActionContext } from './lib/access.ts';
import { connectionAccess, freshAccess, keyRing, openGrant } from './lib/authorize.ts';
import type { OAuthAccess } from './lib/authorize.ts';
import { contextFor, secretsOf } from './lib/client.ts';
import type { Credentials } from './lib/client.ts';
import type { AccountInfo } from './lib/contract.ts';
import { seal, unseal } from './lib/crypto.ts';
import { failedWith, failureOf, refuse } from './lib/failure.ts';
import { mergeStored, parseCredentials, parseSettings, publicPart, secretNames } from './lib/form.ts';
import { INTEGRATIONS } from './lib/integrationConfig.ts';
import { integrationOf } from './lib/integrationOf.ts';
import { parseJson } from './lib/json.ts';
import { redactor } from './lib/redact.ts';
import { accountInfo, failure, settings, textRecord } from './lib/validators.ts';
import type { Failure, Settings } from './lib/validators.ts';

/** What calls each service to see whether credentials work. Total: an integration without one does not compile. */
export const integrationTesters: Record<IntegrationId, Pick<BaseIntegration, 'testConnection'>> = integrations;

const MAX_CHOICES = 2_000;
/** Attempts per request of a test: somebody sits in front of the form and can press the button again. */
const TEST_TRIES = 2;

/**
 * Calls the service with the credentials as typed. With `connectionId`, secret fields left empty are taken from what
 * is stored, unless the address changed: a stored secret is never sent to a new address.
 */
export const testConnection = actionAccess({
	right: 'connections:write',
	args: {
		integrationId: v.string(),
		credentials: textRecord,
		connectionId: v.optional(v.string()),
		/** Of a sign-in at an OAuth provider (oauth.finish), instead of credentials. */
		grantKey: v.optional(v.string())
	},
	returns: v.union(v.object({ success: v.literal(true), accountInfo }), failure),
	handler: async (ctx, { integrationId, credentials, connectionId, grantKey }) => {
		const tested = await test(ctx, integrationId, { credentials, connectionId, grantKey });
		return tested.success ? { success: true as const, accountInfo: answerOf(tested.account) } : tested;
	}
});

/** Tests again, then stores the connection with its sealed credentials and board, and starts the initial run. */
export const connect = actionAccess({
	right: 'connections:write',
	args: {
		integrationId: v.string(),
		credentials: textRecord,
		settings,
		name: v.optional(v.string()),
		grantKey: v.optional(v.string())
	},
	returns: v.union(
		v.object({ success: v.literal(true), connectionId: v.id('connections'), dashboardId: v.id('dashboards') }),
		failure
	),
	handler: async (ctx, args): Promise<Connected | Failure> => {
		const { integrationId, credentials: typed, grantKey } = args;
		const tested = await test(ctx, integrationId, { credentials: typed, settings: args.settings, grantKey });
		if (!tested.success) return tested;
		const { id, credentials, account, redact, text } = tested;
		const chosen = parseSettings(id, integrations[id].settings, args.settings);
		if (!chosen.success) return chosen;
		return await guarded(id, redact, async (): Promise<Connected | Failure> => {
			const { workspaceId } = ctx;
			const ring = keyRing();
			const described = {
				accountName: account.name,
				accountDetails: { ...account.details },
				timeZone: zoneOf(id, account)
			};
			const reserved: { connectionId: Id<'connections'> } | { refused: string } = await ctx.runMutation(
				internal.connectionStore.reserve,
				{ workspaceId, integrationId: id, accountId: account.id, name: args.name?.trim() || account.name, ...described }
			);
			if ('refused' in reserved) return refuse(reserved.refused);
			const { connectionId } = reserved;
			const dashboardId: Id<'dashboards'> = await ctx.runMutation(internal.connectionStore.activate, {
				scope: scopeOf(ctx),
				connectionId,
				...described,
				credentials: seal(ring, connectionId, text),
				publicCredentials: publicPart(id, credentials),
				storedSecrets: secretNames(id, credentials),
				settings: chosen.settings
			});
			if (grantKey !== undefined) await ctx.runMutation(internal.oauthStore.dropGrant, { workspaceId, grantKey });
			return { success: true, connectionId, dashboardId };
		});
	}
});

/**
 * Changes credentials, settings or name. Credentials are tested first and must lead to the same account; with new
 * settings everything is fetched again, because they may ask for more.
 */
export const updateConnection = actionAccess({
	right: 'connections:write',
	args: {
		connectionId: v.string(),
		credentials: v.optional(textRecord),
		settings: v.optional(settings),
		name: v.optional(v.string())
	},
	returns: v.union(v.object({ success: v.literal(true) }), failure),
	handler: async (ctx, args) => {
		const stored = await storedConnection(ctx, args.connectionId);
		const known = stored && integrationOf(stored.integrationId);
		if (!stored || !known) throw notFound();
		const { id } = known;
		const chosen = args.settings ? parseSettings(id, integrations[id].settings, args.settings) : null;
		if (chosen && !chosen.success) return chosen;
		if (chosen && identityChanges(id, stored.settings, chosen.settings))
			return refuse('This would be another account. Connect that one as a connection of its own.');
		if (args.credentials && known.config.oauthProvider)
			return refuse('There are no credentials to enter here. Reconnect to sign in again.');
		const { connectionId } = stored;
		const tested = args.credentials ? await test(ctx, id, { credentials: args.credentials, connectionId }) : null;
		if (tested && !tested.success) return tested;
		// The account of a self-hosted service is known by its address, which may move.
		if (tested && tested.account.id !== stored.accountId && INTEGRATIONS[id].allowedHosts.length > 0) {
			const other = `These credentials belong to ${tested.account.name}, but this connection holds the history of`;
			return refuse(`${other} ${stored.accountName}. Connect the other account as a connection of its own.`);
		}
		return await guarded(id, tested?.redact ?? asItIs, async () => {
			await ctx.runMutation(internal.connectionStore.change, {
				scope: scopeOf(ctx),
				connectionId,
				name: args.name?.trim() || undefined,
				settings: chosen?.settings,
				renewed: tested && {
					...renewal(id, tested),
					credentials: seal(keyRing(), connectionId, tested.text)
				}
			});
			return { success: true as const };
		});
	}
});

interface Connected {
	success: true;
	connectionId: Id<'connections'>;
	dashboardId: Id<'dashboards'>;
}

interface Reached {
	readonly success: true;
	readonly id: IntegrationId;
	/** As typed; empty where people sign in. */
	readonly credentials: Credentials;
	readonly account: AccountInfo;
	/** What is sealed for the connection. */
	readonly text: string;
	readonly redact: (text: string) => string;
}

interface Given {
	readonly credentials: Record<string, string>;
	readonly settings?: Settings;
	readonly connectionId?: string;
	readonly grantKey?: string;
}

async function test(ctx: ActionContext, integrationId: string, given: Given): Promise<Reached | Failure> {
	const known = integrationOf(integrationId);
	if (!known) return refuse(`Plumbline has no integration "${integrationId.slice(0, 50)}".`);
	const { id, config } = known;
	const { connectionId, grantKey, settings } = given;
	const stored = connectionId === undefined ? null : await storedConnection(ctx, connectionId);
	if (connectionId !== undefined && stored?.integrationId !== id) throw notFound();
	if (config.oauthProvider) {
		const { oauthProvider } = config;
		return await guarded(id, asItIs, async () => {
			const access = stored
				? connectionAccess(ctx, oauthProvider, { ...stored, workspaceId: ctx.workspaceId })
				: freshAccess(await openGrant(ctx, oauthProvider, id, grantKey));
			return await reach(id, {}, { access, settings: settings ?? stored?.settings });
		});
	}
	const merged = stored
		? mergeStored(id, given.credentials, stored, () => openStored(stored))
		: { success: true as const, credentials: given.credentials };
	if (!merged.success) return merged;
	const parsed = parseCredentials(id, integrations[id].credentials, merged.credentials);
	return parsed.success ? await reach(id, parsed.credentials, { settings }) : parsed;
}

/** Calls the service with these credentials or this access; `settings` are what has been chosen already. */
export async function reach(
	id: IntegrationId,
	credentials: Credentials,
	{ access, settings }: { access?: OAuthAccess; settings?: Settings }
): Promise<Reached | Failure> {
	let redact = redactor(secretsOf(id, credentials));
	return await guarded(
		id,
		(text) => redact(text),
		async () => {
			const chosen = settings && parseSettings(id, integrations[id].settings, settings);
			if (chosen?.success === false) return chosen;
			const context = contextFor(id, credentials, { tries: TEST_TRIES, bearer: access?.bearer });
			redact = context.http.redact;
			const about = { identity: access?.identity, settings: chosen?.settings };
			const result = await integrationTesters[id].testConnection(credentials, { ...context, ...about });
			const text = JSON.stringify(access?.tokens ?? credentials);
			if (result.success) return { success: true, id, credentials, account: result.accountInfo, text, redact };
			const { kind, error, field, missingScopes } = result;
			return failureOf({ kind, message: redact(error), field, missingScopes, retryAt: null });
		}
	);
}

/** What a connection is told about credentials that were changed. */
export function renewal(id: IntegrationId, { account, credentials }: Reached) {
	return {
		accountId: account.id,
		accountName: account.name,
		accountDetails: { ...account.details },
		timeZone: zoneOf(id, account),
		publicCredentials: publicPart(id, credentials),
		storedSecrets: secretNames(id, credentials)
	};
}

interface StoredConnection {
	readonly connectionId: Id<'connections'>;
	readonly integrationId: string;
	readonly accountId: string;
	readonly accountName: string;
	readonly publicCredentials: Record<string, string>;
	readonly storedSecrets: string[];
	readonly settings: Settings;
	readonly credentials: { keyId: string; sealed: string } | null;
}

async function storedConnection(ctx: ActionContext, connectionId: string): Promise<StoredConnection | null> {
	const { workspaceId } = ctx;
	return await ctx.runQuery(internal.connectionStore.read, { workspaceId, connectionId });
}

function openStored({ connectionId, credentials }: StoredConnection): unknown {
	return credentials && parseJson(unseal(keyRing(), connectionId, credentials));
}

/** Turns whatever is thrown into a failure with a sentence that holds no secret. */
async function guarded<Answer>(
	id: IntegrationId,
	redact: (text: string) => string,
	body: () => Promise<Answer>
): Promise<Answer | Failure> {
	try {
		return await body();
	} catch (error) {
		return failureOf(failedWith(error, redact, INTEGRATIONS[id].messages));
	}
}

function asItIs(text: string): string {
	return text;
}

/** Whether a choice would change that says which account the connection holds. */
function identityChanges(id: IntegrationId, before: Settings, after: Settings): boolean {
	const fields = INTEGRATION_CONFIGS[id].settingsFields.filter((field) => field.identifies);
	return fields.some(({ key }) => before[key] !== after[key]);
}

/** The zone in which days are counted; one that this runtime does not know would stop every sync, so it is UTC. */
function zoneOf(id: IntegrationId, { timeZone }: AccountInfo): string {
	const own = INTEGRATIONS[id].dayTimezone === 'account' && timeZone !== undefined && isTimeZone(timeZone);
	return own ? timeZone : 'UTC';
}

/** The account as the form needs it, free of members that the validator does not know. */
function answerOf({ id, name, details, timeZone, currency, choices }: AccountInfo) {
	const offered = Object.entries(choices ?? {}).map(([field, list]) => {
		return [field, list.slice(0, MAX_CHOICES).map((choice) => ({ ...choice }))] as const;
	});
	return { id, name, details: { ...details }, timeZone, currency, choices: choices && Object.fromEntries(offered) };
}
