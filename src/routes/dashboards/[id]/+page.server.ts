import { error } from '@sveltejs/kit';
import { INTEGRATION_CONFIGS, isIntegrationId } from '$lib/config/integrations.ts';
import { previousPeriod, readCompare, readRange } from '$lib/metrics/ranges.ts';
import { latestToday } from '$lib/metrics/series.ts';
import { fromConvex } from '$lib/server/convex.ts';
import type { MetricDefinition } from '$lib/metrics/types.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ params, url }) =>
	fromConvex(async (client) => {
		const dashboardId = params.id;
		const read = (from: string, to: string) => client.query(api.dashboards.series, { dashboardId, from, to });
		const now = Date.now();
		const [board, sample] = await Promise.all([
			client.query(api.dashboards.get, { dashboardId }),
			// One day of each series tells in which zones the board's connections live.
			read(latestToday([], now), latestToday([], now))
		]);
		if (board === null || sample === null) {
			error(404, {
				message: 'There is no such dashboard.',
				hint: 'It may have gone with the connection it belonged to. The dashboards page lists what there is.'
			});
		}
		const timeZones = [...new Set(sample.map((one) => one.timeZone))];
		const range = readRange(url.searchParams, latestToday(timeZones, now));
		const before = previousPeriod(range);
		const compared = readCompare(url.searchParams);
		const [series, previous] = await Promise.all([
			read(range.from, range.to),
			compared ? read(before.from, before.to) : null
		]);
		const definitions = definitionsOf(board.connections.map((one) => one.integrationId));
		return { board, definitions, timeZones, range, series: series ?? [], previous: previous ?? [] };
	});

/** What the board's integrations measure, by id. The browser gets these few instead of the whole catalogue. */
function definitionsOf(integrationIds: readonly string[]): Record<string, MetricDefinition> {
	const metrics = integrationIds.flatMap((id) => (isIntegrationId(id) ? INTEGRATION_CONFIGS[id].metrics : []));
	return Object.fromEntries(metrics.map((metric) => [metric.id, metric]));
}
