import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPrometheus } from '../../../scripts/tools/prometheus.ts';
import { behindBasicAuth, RealPrometheus } from '../../../tests/servers/prometheus.ts';
import { addDays } from '../../lib/metrics/days.ts';
import type { Point } from '../../lib/metrics/types.ts';
import { dayStartMs, today } from '../../lib/metrics/zones.ts';
import type { MetricsPage } from '../lib/contract.ts';
import { createHttpClient } from '../lib/http.ts';
import { fetchPrometheusMetrics, testPrometheusConnection } from './prometheus.ts';
import type { PrometheusSettings } from './prometheus.ts';
import type { PrometheusCredentials } from './prometheusApi.ts';

const found = findPrometheus() !== null;
if (!found)
	console.warn('SKIPPED: prometheus.real.test.ts needs the program "prometheus" (apt-get install prometheus).');

const now = today('UTC', Date.now());
/** The days with history: two targets, of which one fails in the second half of the second day; 10 orders a minute. */
const [first, second] = [addDays(now, -4), addDays(now, -3)];

function history(): string {
	const minutes = Array.from({ length: 2 * 1440 }, (_, minute) => minute);
	const at = (minute: number) => dayStartMs(first, 'UTC') / 1000 + minute * 60;
	return [
		'# TYPE up gauge',
		...minutes.map((minute) => `up{job="a"} 1 ${at(minute)}`),
		...minutes.map((minute) => `up{job="b"} ${minute < 2160 ? 1 : 0} ${at(minute)}`),
		'# TYPE orders counter',
		...minutes.map((minute) => `orders_total ${minute * 10} ${at(minute)}`),
		'# EOF\n'
	].join('\n');
}

function context(baseUrl: string, secrets: string[] = []) {
	const http = createHttpClient({
		integrationId: 'prometheus',
		baseUrl,
		allowedHosts: null,
		allowPrivate: true,
		secrets,
		tries: 2
	});
	return { http, baseUrl: null, now: Date.now };
}

describe.skipIf(!found)('a real Prometheus', () => {
	let server: RealPrometheus;

	beforeAll(async () => {
		server = await RealPrometheus.start(history());
	}, 40_000);
	afterAll(() => server.close());

	async function read(
		metricIds: string[],
		settings: PrometheusSettings,
		startDate = addDays(now, -5),
		timeZone = 'UTC'
	) {
		const request = {
			...context(server.url),
			metricIds,
			startDate,
			endDate: now,
			timeZone,
			settings,
			checkpoint: null
		};
		const pages: MetricsPage[] = [];
		for await (const page of fetchPrometheusMetrics({ baseUrl: server.url }, request)) pages.push(page);
		return { points: pages.flatMap((page) => page.points), missing: pages.flatMap((page) => page.missing ?? []) };
	}
	const values = (points: readonly Point[], metricId: string) =>
		points
			.filter((point) => point.metricId === metricId)
			.map(({ value, state }) => (value === null ? state : [value, state]));

	it('tells its version and targets', async () => {
		const result = await testPrometheusConnection({ baseUrl: `${server.url}/graph?g0.expr=up` }, context(server.url));
		expect(result).toEqual({
			success: true,
			accountInfo: {
				id: new URL(server.url).host,
				name: new URL(server.url).host,
				details: { Version: expect.stringMatching(/^\d+\.\d+\.\d+/), Targets: '1 of 1 up' }
			}
		});
	});

	it('gives the days of its history, and says nothing about days without samples', async () => {
		const { points, missing } = await read(['prometheus.targets_up', 'prometheus.targets_down'], { queries: [] });
		expect(missing).toEqual([]);
		// Of today nothing is known before the first five-minute mark.
		expect(values(points, 'prometheus.targets_up').slice(0, 5)).toEqual([
			'no_data',
			[2, 'complete'],
			// 287 looks from 0:05 on: 143 before noon saw two targets up, 144 from noon on saw one.
			[expect.closeTo((143 * 2 + 144) / 287), 'complete'],
			'no_data',
			'no_data'
		]);
		expect(values(points, 'prometheus.targets_down').slice(0, 4)).toEqual([
			'no_data',
			[0, 'complete'],
			[1, 'complete'],
			'no_data'
		]);
	});

	it('answers queries of one’s own with the value at the end of the day', async () => {
		const queries = [
			{ name: 'Orders', query: 'sum(increase(orders_total[$day]))' },
			{ name: 'Failing', query: 'count(up == 0)' },
			{ name: 'Constant', query: '7' },
			{ name: 'Undefined', query: 'vector(0) / 0' }
		];
		const { points } = await read(['prometheus.custom'], { queries }, first);
		const named = (name: string) => points.filter((point) => point.dimension === name);
		expect(named('Orders').map(({ day, value }) => [day, Math.round((value ?? -1) / 10)])).toEqual([
			[first, 1440],
			[second, 1440],
			[addDays(now, -2), -0],
			[addDays(now, -1), -0]
		]);
		expect(named('Failing').map(({ value }) => value)).toEqual([null, 1, null, null]);
		expect(
			named('Constant')
				.map(({ value, state }) => [value, state])
				.at(-1)
		).toEqual([7, 'partial']);
		expect(new Set(named('Undefined').map(({ state }) => state))).toEqual(new Set(['no_data']));
	});

	it('counts days in the asked zone, also when the clocks change', async () => {
		const queries = [{ name: 'Length', query: 'sum_over_time(vector(1)[$day:1h])' }];
		const { points } = await read(['prometheus.custom'], { queries }, addDays(now, -40), 'Europe/Berlin');
		const lengths = points.slice(0, -1).map(({ value }) => value ?? 0);
		const hours = points
			.slice(0, -1)
			.map(({ day }) => (dayStartMs(addDays(day, 1), 'Europe/Berlin') - dayStartMs(day, 'Europe/Berlin')) / 3_600_000);
		expect(lengths).toEqual(hours);
	});

	it('names a query that the server refuses and goes on with the others', async () => {
		const queries = [
			{ name: 'Broken', query: 'sum(' },
			{ name: 'Many', query: 'go_gc_duration_seconds' },
			{ name: 'Right', query: '1' }
		];
		const { points, missing } = await read(['prometheus.custom'], { queries }, now);
		expect(missing.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
			expect.stringMatching(/^config: Prometheus refused the query “Broken”: .*parse error/),
			expect.stringMatching(/^config: Prometheus refused the query “Many”: it gives \d+ series/)
		]);
		expect(points).toEqual([
			{ metricId: 'prometheus.custom', dimension: 'Right', day: now, value: 1, state: 'partial' }
		]);
	});

	it('has counted the samples of today itself', async () => {
		await new Promise((settle) => setTimeout(settle, 2_500));
		const { points } = await read(['prometheus.samples_ingested'], { queries: [] }, now);
		expect(points).toMatchObject([{ day: now, state: 'partial' }]);
		expect(points[0]?.value).toBeGreaterThan(100);
		expect(Number.isInteger(points[0]?.value)).toBe(true);
	});

	it('says what is wrong with an address', async () => {
		const at = (baseUrl: string) => testPrometheusConnection({ baseUrl }, context(baseUrl));
		expect(await at(`${server.url}/elsewhere`)).toMatchObject({ success: false, kind: 'not_found' });
		expect(await at('http://127.0.0.1:9')).toMatchObject({ success: false, kind: 'unreachable' });
	});

	it('passes a door with a password, and says when it does not', async () => {
		const door = await behindBasicAuth(server.url, 'reader', 'correct horse');
		try {
			const test = (given: Omit<PrometheusCredentials, 'baseUrl'>) =>
				testPrometheusConnection({ baseUrl: door.url, ...given }, context(door.url, Object.values(given)));
			expect(await test({ username: 'reader', password: 'correct horse' })).toMatchObject({ success: true });
			expect(await test({ username: 'reader', password: 'battery staple' })).toMatchObject({
				success: false,
				kind: 'auth'
			});
			expect(await test({})).toMatchObject({ success: false, kind: 'auth' });
			expect(await test({ username: 'reader', token: 'battery-staple' })).toMatchObject({
				kind: 'config',
				field: 'token'
			});
		} finally {
			await door.close();
		}
	});
});
