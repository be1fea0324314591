import { describe, expect, it } from 'vitest';
import { addDays, daysBetween } from '../../lib/metrics/days.ts';
import type { Point } from '../../lib/metrics/types.ts';
import { integrationRegistry } from '../../lib/server/integrations/registry.ts';
import '../../lib/server/integrations/sample.ts';
import { createHttpClient } from '../lib/http.ts';
import { fetchSampleMetrics } from './sample.ts';

const metrics = integrationRegistry.get('sample').metrics;
const metricIds = metrics.filter(({ source }) => source === 'events').map(({ id }) => id);
const TODAY = '2026-11-23';

async function year(now: string, startDate = addDays(TODAY, -399)): Promise<Point[]> {
	const http = createHttpClient({ integrationId: 'sample', allowedHosts: [], allowPrivate: false, secrets: [] });
	const request = {
		http,
		baseUrl: null,
		now: () => Date.parse(now),
		metricIds,
		startDate,
		endDate: TODAY,
		timeZone: 'UTC',
		settings: {},
		checkpoint: null
	};
	const points: Point[] = [];
	for await (const page of fetchSampleMetrics({}, request)) points.push(...page.points);
	return points;
}

describe('the sample company', () => {
	it('has the same past whenever it is asked', async () => {
		const key = ({ metricId, dimension, day, value }: Point) => `${metricId} ${dimension} ${day} ${value}`;
		const before = (points: Point[]) => points.filter(({ day }) => day < TODAY).map(key);
		expect(before(await year(`${TODAY}T20:00:00Z`))).toEqual(before(await year(`${TODAY}T03:00:00Z`)));
	});

	it('shows every state a day can have', async () => {
		const points = await year(`${TODAY}T12:00:00Z`);
		const days = (wanted: (point: Point) => boolean) => new Set(points.filter(wanted).map(({ day }) => day)).size;
		expect(days(({ state }) => state === 'partial')).toBe(1);
		expect(days(({ state }) => state === 'provisional')).toBe(3);
		expect(days(({ state }) => state === 'no_data')).toBeGreaterThan(10);
		const visited = points
			.filter(({ metricId, dimension }) => metricId === 'sample.visits' && dimension === 'DE')
			.map(({ day }) => day);
		const gaps = visited
			.slice(1)
			.map((day, index) => daysBetween(visited[index] ?? day, day))
			.filter((gap) => gap > 1);
		expect(gaps).toEqual([5, 5]);
		const currencies = points.filter(({ metricId }) => metricId === 'sample.revenue').map(({ currency }) => currency);
		expect(new Set(currencies)).toEqual(new Set(['EUR', 'USD']));
	});

	it('covers every unit', () => {
		expect(new Set(metrics.map(({ unit }) => unit))).toEqual(
			new Set(['money', 'count', 'percent', 'rate', 'duration', 'bytes'])
		);
	});

	it('grows over the year and sleeps on Saturdays', async () => {
		const signups = (await year(`${TODAY}T12:00:00Z`)).filter(({ metricId }) => metricId === 'sample.signups');
		const sum = (points: Point[]) => points.reduce((total, { value }) => total + (value ?? 0), 0);
		expect(sum(signups.slice(200, 399))).toBeGreaterThan(sum(signups.slice(0, 199)) * 1.2);
		const on = (weekday: number) => sum(signups.filter(({ day }) => new Date(day).getUTCDay() === weekday));
		expect(on(6)).toBeLessThan(on(0) * 0.9);
	});
});
