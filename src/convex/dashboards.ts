/** Dashboards: tiles, and the packed series that fill them. */
import { ConvexError, v } from 'convex/values';
import { daysBetween, isDay } from '../lib/metrics/days.ts';
import type { Doc } from './_generated/dataModel.js';
import type { QueryCtx } from './_generated/server.js';
import { find, need, readAccess, writeAccess } from './lib/access.ts';
import { isSample, metricsOf } from './lib/integrationOf.ts';
import { packSeries, seriesOf } from './lib/seriesReader.ts';
import { connectionsOf, summarize } from './lib/summary.ts';
import { connectionSummary, packedSeries, tile } from './lib/validators.ts';
import type { PackedSeries } from './lib/validators.ts';

const MAX_DASHBOARDS = 200;
const MAX_TILES = 100;
const LONGEST_NAME = 100;
/** Two years and a leap day: with MAX_SERIES, the most that one call can read. */
const LONGEST_RANGE_DAYS = 732;

/** Every dashboard of the workspace, oldest first. */
export const list = readAccess({
	right: 'numbers:read',
	args: {},
	returns: v.array(
		v.object({
			id: v.id('dashboards'),
			name: v.string(),
			sample: v.boolean(),
			connectionIds: v.array(v.id('connections'))
		})
	),
	absent: [],
	handler: async (ctx) => {
		const connections = await connectionsOf(ctx, ctx.workspaceId);
		const sampleIds = new Set(connections.filter((one) => isSample(one.integrationId)).map((one) => one._id));
		const rows = await ctx.db
			.query('dashboards')
			.withIndex('by_workspaceId', (q) => q.eq('workspaceId', ctx.workspaceId))
			.take(MAX_DASHBOARDS);
		return rows.map(({ _id: id, name, connectionIds }) => {
			return { id, name, sample: connectionIds.some((one) => sampleIds.has(one)), connectionIds };
		});
	}
});

/** A dashboard with its tiles in order and its connections; null when there is none of that id. */
export const get = readAccess({
	right: 'numbers:read',
	args: { dashboardId: v.string() },
	returns: v.union(
		v.object({
			id: v.id('dashboards'),
			name: v.string(),
			sample: v.boolean(),
			tiles: v.array(tile),
			connections: v.array(connectionSummary)
		}),
		v.null()
	),
	absent: null,
	handler: async (ctx, { dashboardId }) => {
		const dashboard = await find(ctx, 'dashboards', dashboardId);
		if (!dashboard) return null;
		const connections = await shownConnections(ctx, dashboard);
		const connectionById = new Map(connections.map((one) => [one._id, one]));
		const tiles = (await tilesOf(ctx, dashboard)).flatMap((row) => {
			const { _id: id, metricId, connectionId, title, size } = row;
			const connection = connectionById.get(connectionId);
			if (!connection) return [];
			const problem = connection.missing.find((one) => one.metricId === metricId)?.message ?? null;
			return [{ id, metricId, connectionId, integrationId: connection.integrationId, title, size, problem }];
		});
		return {
			id: dashboard._id,
			name: dashboard.name,
			sample: connections.some((one) => isSample(one.integrationId)),
			tiles,
			connections: await Promise.all(connections.map((one) => summarize(ctx, one)))
		};
	}
});

/**
 * The series behind a dashboard's tiles, a value and a state per day from `from` to `to`, both included (at most 732
 * days). Reads one document per series and month. Null when there is no such dashboard or the range is not one.
 */
export const series = readAccess({
	right: 'numbers:read',
	args: { dashboardId: v.string(), from: v.string(), to: v.string() },
	returns: v.union(v.array(packedSeries), v.null()),
	absent: null,
	handler: async (ctx, { dashboardId, from, to }) => {
		const dashboard = await find(ctx, 'dashboards', dashboardId);
		if (!dashboard || !isDay(from) || !isDay(to)) return null;
		const length = daysBetween(from, to) + 1;
		if (length < 1 || length > LONGEST_RANGE_DAYS) return null;
		const tiles = await tilesOf(ctx, dashboard);
		const packed: PackedSeries[] = [];
		for (const connection of await shownConnections(ctx, dashboard)) {
			const metrics = metricsOf(connection.integrationId);
			const wanted = new Set(tiles.filter((one) => one.connectionId === connection._id).map((one) => one.metricId));
			for (const row of await seriesOf(ctx, connection._id)) {
				if (!wanted.has(row.metricId)) continue;
				packed.push(await packSeries(ctx, row, metrics.get(row.metricId), connection.timeZone, from, to));
			}
		}
		return packed;
	}
});

/** Gives the dashboard another name. */
export const rename = writeAccess({
	right: 'dashboards:write',
	args: { dashboardId: v.string(), name: v.string() },
	returns: v.null(),
	handler: async (ctx, args) => {
		const row = await need(ctx, 'dashboards', args.dashboardId);
		const name = args.name.trim().slice(0, LONGEST_NAME);
		if (!name) throw new ConvexError({ kind: 'config', message: 'Give the dashboard a name.' });
		await ctx.db.patch('dashboards', row._id, { name });
		return null;
	}
});

async function tilesOf(ctx: QueryCtx, dashboard: Doc<'dashboards'>): Promise<Doc<'tiles'>[]> {
	return await ctx.db
		.query('tiles')
		.withIndex('by_dashboardId_order', (q) => q.eq('dashboardId', dashboard._id))
		.take(MAX_TILES);
}

async function shownConnections(ctx: QueryCtx, dashboard: Doc<'dashboards'>): Promise<Doc<'connections'>[]> {
	const rows = await Promise.all(dashboard.connectionIds.map((id) => ctx.db.get('connections', id)));
	return rows.flatMap((row) => (row ? [row] : []));
}
