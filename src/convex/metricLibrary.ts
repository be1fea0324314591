/** Every metric that is held, over all connections. */
import { v } from 'convex/values';
import { readAccess } from './lib/access.ts';
import { isSample, metricsOf } from './lib/integrationOf.ts';
import { recentDays } from './lib/recentDays.ts';
import { seriesOf } from './lib/seriesReader.ts';
import { connectionsOf } from './lib/summary.ts';
import { libraryEntry } from './lib/validators.ts';
import type { LibraryEntry } from './lib/validators.ts';

/** With two documents for each, the most that the last 30 days may read; metrics beyond show none. */
const MAX_RECENT_SERIES = 1_000;

/** One entry per connection and metric, in the order the integrations define them. */
export const list = readAccess({
	right: 'numbers:read',
	args: {},
	returns: v.array(libraryEntry),
	absent: [],
	handler: async (ctx) => {
		const entries: LibraryEntry[] = [];
		let seriesRead = 0;
		for (const connection of await connectionsOf(ctx, ctx.workspaceId)) {
			const all = await seriesOf(ctx, connection._id);
			for (const metric of metricsOf(connection.integrationId).values()) {
				const own = all.filter((one) => one.metricId === metric.id);
				seriesRead += own.length;
				entries.push({
					connectionId: connection._id,
					connectionName: connection.name,
					integrationId: connection.integrationId,
					sample: isSample(connection.integrationId),
					dashboardId: connection.dashboardId,
					metricId: metric.id,
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
					lastFetchedAt: own.length === 0 ? null : Math.max(...own.map((one) => one.lastFetchedAt)),
					problem: connection.missing.find((one) => one.metricId === metric.id)?.message ?? null,
					recent: seriesRead > MAX_RECENT_SERIES ? null : await recentDays(ctx, own, metric, connection.timeZone)
				});
			}
		}
		return entries;
	}
});
