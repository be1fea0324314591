/** Connections as people see and steer them. Connecting itself, which calls the service, is in connections.ts. */
import { ConvexError, v } from 'convex/values';
import type { Doc } from './_generated/dataModel.js';
import { find, need, readAccess, writeAccess } from './lib/access.ts';
import { audit, connectionTarget } from './lib/audit.ts';
import { disconnectConnection } from './lib/disconnect.ts';
import { metricsOf } from './lib/integrationOf.ts';
import { seriesOf } from './lib/seriesReader.ts';
import { connectionsOf, isShown, summarize } from './lib/summary.ts';
import { connectionDetail, connectionSummary } from './lib/validators.ts';
import type { ConnectionDetail } from './lib/validators.ts';

const LONGEST_NAME = 100;
const SHORTEST_SCHEDULE_MINUTES = 5;
const LONGEST_SCHEDULE_MINUTES = 7 * 24 * 60;

/** Every connection of the workspace, oldest first, with its state and live progress. */
export const list = readAccess({
	right: 'numbers:read',
	args: {},
	returns: v.array(connectionSummary),
	absent: [],
	handler: async (ctx) => {
		const rows = await connectionsOf(ctx, ctx.workspaceId);
		return await Promise.all(rows.map((row) => summarize(ctx, row)));
	}
});

/** One connection with its settings and what is held of each metric; null when there is none of that id. */
export const get = readAccess({
	right: 'numbers:read',
	args: { connectionId: v.string() },
	returns: v.union(connectionDetail, v.null()),
	absent: null,
	handler: async (ctx, { connectionId }) => {
		const row = await find(ctx, 'connections', connectionId);
		if (!row || !isShown(row)) return null;
		return {
			...(await summarize(ctx, row)),
			accountDetails: row.accountDetails,
			timeZone: row.timeZone,
			settings: row.settings,
			publicCredentials: row.publicCredentials,
			storedSecrets: row.storedSecrets,
			syncEveryMinutes: row.syncEveryMinutes,
			createdAt: row._creationTime,
			metrics: metricRows(row, await seriesOf(ctx, row._id))
		};
	}
});

/** Gives the connection another name. */
export const rename = writeAccess({
	right: 'connections:write',
	args: { connectionId: v.string(), name: v.string() },
	returns: v.null(),
	handler: async (ctx, args) => {
		const row = await need(ctx, 'connections', args.connectionId);
		const name = args.name.trim().slice(0, LONGEST_NAME);
		if (!name) throw new ConvexError({ kind: 'config', message: 'Give the connection a name.' });
		await ctx.db.patch('connections', row._id, { name });
		const detail = { to: name };
		if (name !== row.name) await audit(ctx, { action: 'connection.renamed', target: connectionTarget(row), detail });
		return null;
	}
});

/** Stops scheduled syncs, or lets them go on: then one is due at once. A run that is under way is finished. */
export const setPaused = writeAccess({
	right: 'connections:write',
	args: { connectionId: v.string(), paused: v.boolean() },
	returns: v.null(),
	handler: async (ctx, { connectionId, paused }) => {
		const row = await need(ctx, 'connections', connectionId);
		if (row.paused === paused || row.disconnectedAt !== null) return null;
		const due = !paused && row.condition !== 'needs_reauth' && row.activeRunId === null;
		await ctx.db.patch('connections', row._id, { paused, nextSyncAt: due ? Date.now() : null, since: Date.now() });
		await audit(ctx, { action: paused ? 'connection.paused' : 'connection.resumed', target: connectionTarget(row) });
		return null;
	}
});

/** How often the connection is synced by itself: from 5 minutes to a week. */
export const setSchedule = writeAccess({
	right: 'connections:write',
	args: { connectionId: v.string(), syncEveryMinutes: v.number() },
	returns: v.null(),
	handler: async (ctx, { connectionId, syncEveryMinutes }) => {
		const row = await need(ctx, 'connections', connectionId);
		const minutes = Math.round(syncEveryMinutes);
		if (!(minutes >= SHORTEST_SCHEDULE_MINUTES && minutes <= LONGEST_SCHEDULE_MINUTES)) {
			throw new ConvexError({ kind: 'config', message: 'Choose between every 5 minutes and once a week.' });
		}
		const soonest = Date.now() + minutes * 60_000;
		const nextSyncAt = row.nextSyncAt === null ? null : Math.min(row.nextSyncAt, soonest);
		await ctx.db.patch('connections', row._id, { syncEveryMinutes: minutes, nextSyncAt });
		if (minutes !== row.syncEveryMinutes) {
			const detail = { from: `${row.syncEveryMinutes} minutes`, to: `${minutes} minutes` };
			await audit(ctx, { action: 'connection.scheduleChanged', target: connectionTarget(row), detail });
		}
		return null;
	}
});

/** Ends a connection; see lib/disconnect. */
export const disconnect = writeAccess({
	right: 'connections:write',
	args: { connectionId: v.string(), keepData: v.boolean() },
	returns: v.null(),
	handler: async (ctx, { connectionId, keepData }) => {
		const row = await need(ctx, 'connections', connectionId);
		await disconnectConnection(ctx, row, keepData);
		const action = keepData ? 'connection.disconnected' : 'connection.deleted';
		await audit(ctx, { action, target: connectionTarget(row) });
		return null;
	}
});

/** One row per metric the integration defines, and one per metric that is held although it is defined no more. */
function metricRows(connection: Doc<'connections'>, series: readonly Doc<'series'>[]): ConnectionDetail['metrics'] {
	const ids = new Set([...metricsOf(connection.integrationId).keys(), ...series.map((one) => one.metricId)]);
	return [...ids].map((metricId) => {
		const own = series.filter((one) => one.metricId === metricId);
		return {
			metricId,
			seriesCount: own.length,
			firstDay:
				own
					.map((one) => one.firstDay)
					.toSorted()
					.at(0) ?? null,
			lastDay:
				own
					.map((one) => one.lastDay)
					.toSorted()
					.at(-1) ?? null,
			lastValueAt: own.length === 0 ? null : Math.max(...own.map((one) => one.lastFetchedAt)),
			problem: connection.missing.find((one) => one.metricId === metricId)?.message ?? null
		};
	});
}
