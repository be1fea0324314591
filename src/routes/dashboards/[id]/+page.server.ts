import { error } from '@sveltejs/kit';
import { previousPeriod, readRange } from '$lib/metrics/ranges.ts';
import { latestToday } from '$lib/metrics/series.ts';
import { fromConvex } from '$lib/server/convex.ts';
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
		const compared = url.searchParams.get('compare') !== 'off';
		const [series, previous] = await Promise.all([
			read(range.from, range.to),
			compared ? read(before.from, before.to) : null
		]);
		return { board, timeZones, range, series: series ?? [], previous: previous ?? [] };
	});
