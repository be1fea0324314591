/** Storing connections, for the actions of connections.ts. Internal: nothing here is reachable from outside. */
import { v } from 'convex/values';
import type { Doc, Id } from './_generated/dataModel.js';
import { internalMutation, internalQuery } from './_generated/server.js';
import type { MutationCtx } from './_generated/server.js';
import { find } from './lib/access.ts';
import { scope } from './lib/accessValidators.ts';
import { audit, connectionTarget } from './lib/audit.ts';
import type { Deed } from './lib/audit.ts';
import { integrationOf } from './lib/integrationOf.ts';
import { requireSealingKey } from './lib/keyRing.ts';
import { cancelRun, startRun } from './lib/runs.ts';
import { isShown, MAX_CONNECTIONS } from './lib/summary.ts';
import { sealed, settings, textRecord } from './lib/validators.ts';

const LONGEST_NAME = 100;
/** The first metrics of a new board are numbers; the first of all is drawn wide beneath them, the rest as charts. */
const NUMBER_TILES = 4;

const described = { accountName: v.string(), accountDetails: textRecord, timeZone: v.string() };
const held = { credentials: sealed, publicCredentials: textRecord, storedSecrets: v.array(v.string()) };

/** A connection of the workspace with its sealed credentials, for Node actions; null when there is none of that id. */
export const read = internalQuery({
	args: { workspaceId: v.id('workspaces'), connectionId: v.string() },
	returns: v.union(
		v.object({
			connectionId: v.id('connections'),
			integrationId: v.string(),
			accountId: v.string(),
			accountName: v.string(),
			publicCredentials: textRecord,
			storedSecrets: v.array(v.string()),
			settings,
			credentials: v.union(sealed, v.null())
		}),
		v.null()
	),
	handler: async (ctx, { workspaceId, connectionId }) => {
		const row = await find({ ...ctx, workspaceId }, 'connections', connectionId);
		if (!row) return null;
		const credentials = await ctx.db
			.query('credentials')
			.withIndex('by_connectionId', (q) => q.eq('connectionId', row._id))
			.unique();
		const { integrationId, accountId, accountName, publicCredentials, storedSecrets, settings } = row;
		return {
			connectionId: row._id,
			integrationId,
			accountId,
			accountName,
			publicCredentials,
			storedSecrets,
			settings,
			credentials: credentials && { keyId: credentials.keyId, sealed: credentials.sealed }
		};
	}
});

/**
 * Gives the account a connection id, to which its credentials can be sealed. The row counts as disconnected, and is
 * shown to nobody, until `activate`. An account that was disconnected gets its old row, and with it its history; one
 * that is connected is refused by name.
 */
export const reserve = internalMutation({
	args: {
		workspaceId: v.id('workspaces'),
		integrationId: v.string(),
		accountId: v.string(),
		name: v.string(),
		...described
	},
	returns: v.union(v.object({ connectionId: v.id('connections') }), v.object({ refused: v.string() })),
	handler: async (ctx, args) => {
		const { workspaceId, integrationId, accountId, accountName, accountDetails, timeZone } = args;
		const existing = await ctx.db
			.query('connections')
			.withIndex('by_workspaceId_integrationId_accountId', (q) =>
				q.eq('workspaceId', workspaceId).eq('integrationId', integrationId).eq('accountId', accountId)
			)
			.first();
		const integration = integrationOf(integrationId);
		if (existing?.disconnectedAt === null) {
			const known = `${accountName} is already connected as “${existing.name}”.`;
			return { refused: `${known} Open that connection to change its settings or credentials.` };
		}
		if (existing) return { connectionId: existing._id };
		const others = await ctx.db
			.query('connections')
			.withIndex('by_workspaceId_integrationId_accountId', (q) => q.eq('workspaceId', workspaceId))
			.take(MAX_CONNECTIONS);
		if (others.length === MAX_CONNECTIONS) {
			return { refused: `A workspace holds at most ${MAX_CONNECTIONS} connections. Delete one that is not used.` };
		}
		const now = Date.now();
		const connectionId = await ctx.db.insert('connections', {
			workspaceId,
			integrationId,
			name: args.name.slice(0, LONGEST_NAME),
			accountId,
			accountName,
			accountDetails,
			timeZone,
			settings: {},
			publicCredentials: {},
			storedSecrets: [],
			syncEveryMinutes: integration?.sync.syncEveryMinutes ?? 60,
			coverage: {},
			condition: 'connected',
			sentence: null,
			since: now,
			failures: 0,
			missing: [],
			paused: false,
			disconnectedAt: now,
			activeRunId: null,
			lastSuccessAt: null,
			nextSyncAt: null,
			retryAt: null,
			dashboardId: null
		});
		return { connectionId };
	}
});

/** Brings a reserved connection to life: credentials, board, and the initial run. Returns its board. */
export const activate = internalMutation({
	args: { scope, connectionId: v.id('connections'), ...described, ...held, settings },
	returns: v.id('dashboards'),
	handler: async (ctx, args): Promise<Id<'dashboards'>> => {
		const { scope, connectionId, credentials, ...changes } = args;
		const row = await ctx.db.get('connections', connectionId);
		if (!row || row.workspaceId !== scope.workspaceId) throw new Error('The reserved connection is gone.');
		await keepCredentials(ctx, row, credentials);
		const kept = row.dashboardId && (await ctx.db.get('dashboards', row.dashboardId));
		const dashboardId = kept ? kept._id : await makeDashboard(ctx, row);
		const fresh = { condition: 'connected', sentence: null, failures: 0, paused: false } as const;
		const sameZone = row.timeZone === changes.timeZone && sameSettings(row.settings, changes.settings);
		await ctx.db.patch('connections', connectionId, {
			...changes,
			...fresh,
			missing: [],
			coverage: sameZone ? row.coverage : {},
			since: Date.now(),
			disconnectedAt: null,
			dashboardId
		});
		const detail = { account: changes.accountName };
		await audit({ ...ctx, ...scope }, { action: 'connection.made', target: connectionTarget(row), detail });
		await startAgain(ctx, connectionId, isShown(row) ? 'manual' : 'initial');
		return dashboardId;
	}
});

/** Changes a connection; new settings make everything wanted again, new credentials a run at once. */
export const change = internalMutation({
	args: {
		scope,
		connectionId: v.id('connections'),
		name: v.optional(v.string()),
		settings: v.optional(settings),
		renewed: v.union(v.object({ accountId: v.string(), ...described, ...held }), v.null())
	},
	returns: v.null(),
	handler: async (ctx, { scope, connectionId, name, settings: chosen, renewed }) => {
		const row = await ctx.db.get('connections', connectionId);
		if (!row || row.workspaceId !== scope.workspaceId) return null;
		if (name) await ctx.db.patch('connections', connectionId, { name: name.slice(0, LONGEST_NAME) });
		const widened = chosen !== undefined && !sameSettings(row.settings, chosen);
		if (widened) await ctx.db.patch('connections', connectionId, { settings: chosen, coverage: {}, missing: [] });
		if (renewed) {
			const { credentials, ...fields } = renewed;
			await keepCredentials(ctx, row, credentials);
			const fresh = { condition: 'connected', sentence: null, failures: 0, since: Date.now() } as const;
			// Days of another zone are other days.
			const again = fields.timeZone === row.timeZone ? {} : { coverage: {} };
			await ctx.db.patch('connections', connectionId, { ...fields, ...fresh, ...again, disconnectedAt: null });
		}
		for (const deed of deedsOf(row, { name, widened, renewed })) await audit({ ...ctx, ...scope }, deed);
		if (widened || renewed) await startAgain(ctx, connectionId, widened ? 'backfill' : 'manual');
		return null;
	}
});

/** What a change did, for the audit log: hosts are told, values are not. */
function deedsOf(
	row: Doc<'connections'>,
	change: { name?: string; widened: boolean; renewed: { publicCredentials: Record<string, string> } | null }
): Deed[] {
	const target = connectionTarget(row);
	const deeds: Deed[] = [];
	if (change.name && change.name !== row.name) {
		deeds.push({ action: 'connection.renamed', target, detail: { to: change.name } });
	}
	if (change.widened) deeds.push({ action: 'connection.settingsChanged', target });
	if (change.renewed) {
		deeds.push({ action: 'connection.credentialsChanged', target });
		const from = hostOf(row.integrationId, row.publicCredentials);
		const to = hostOf(row.integrationId, change.renewed.publicCredentials);
		if (from !== to) deeds.push({ action: 'connection.hostChanged', target, detail: { from, to } });
	}
	return deeds;
}

/** The host among a self-hosted service's credentials; "" where the service has one address for all. */
function hostOf(integrationId: string, publicCredentials: Record<string, string>): string {
	const field = integrationOf(integrationId)?.config.credentialFields.find(({ input }) => input === 'url');
	const address = (field && publicCredentials[field.key]) ?? '';
	return URL.canParse(address) ? new URL(address).host : '';
}

/** Ends what is under way with the old credentials or settings, and starts anew. */
async function startAgain(
	ctx: MutationCtx,
	connectionId: Id<'connections'>,
	kind: 'initial' | 'manual' | 'backfill'
): Promise<void> {
	const before = await ctx.db.get('connections', connectionId);
	if (before?.activeRunId) await cancelRun(ctx, before.activeRunId);
	const row = await ctx.db.get('connections', connectionId);
	if (row && row.disconnectedAt === null) await startRun(ctx, row, kind);
}

async function keepCredentials(
	ctx: MutationCtx,
	{ _id: connectionId, workspaceId }: Doc<'connections'>,
	credentials: { keyId: string; sealed: string }
): Promise<void> {
	requireSealingKey(credentials.keyId);
	const existing = await ctx.db
		.query('credentials')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
	if (existing) await ctx.db.patch('credentials', existing._id, { ...credentials, renewal: undefined });
	else await ctx.db.insert('credentials', { workspaceId, connectionId, ...credentials });
}

async function makeDashboard(
	ctx: MutationCtx,
	{ _id: connectionId, workspaceId, integrationId, name }: Doc<'connections'>
): Promise<Id<'dashboards'>> {
	const dashboardId = await ctx.db.insert('dashboards', { workspaceId, name, connectionIds: [connectionId] });
	const ranked = (integrationOf(integrationId)?.config.metrics ?? [])
		.filter((metric) => metric.rank !== undefined)
		.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
	const tiles = [
		...ranked.slice(0, NUMBER_TILES).map((metric) => ({ metric, size: 'number' as const })),
		...ranked.slice(0, 1).map((metric) => ({ metric, size: 'wide' as const })),
		...ranked.slice(NUMBER_TILES).map((metric) => ({ metric, size: 'chart' as const }))
	];
	for (const [order, { metric, size }] of tiles.entries()) {
		const fields = { workspaceId, dashboardId, connectionId, metricId: metric.id };
		await ctx.db.insert('tiles', { ...fields, title: metric.name, size, order });
	}
	return dashboardId;
}

function sameSettings(a: Doc<'connections'>['settings'], b: Doc<'connections'>['settings']): boolean {
	const text = (one: Doc<'connections'>['settings']) =>
		JSON.stringify(Object.entries(one).toSorted(([x], [y]) => (x < y ? -1 : 1)));
	return text(a) === text(b);
}
