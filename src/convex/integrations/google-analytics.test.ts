/** What Google Analytics leaves open: doubtful reports, days without rows, quotas, refusals. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Point } from '../../lib/metrics/types.ts';
import { GoogleAnalyticsIntegration } from '../../lib/server/integrations/google-analytics.ts';
import { createHttpClient } from '../lib/http.ts';
import { fixedBearer } from '../lib/tokens.ts';
import { startFake } from './fake.suite.ts';
import type { FakeService, Fault } from './fake.suite.ts';
import { FakeGoogleAnalytics, problem } from './google-analytics.fake.ts';
import { fetchGoogleAnalyticsMetrics, testGoogleAnalyticsConnection } from './google-analytics.ts';
import { quotaEndSaid, quotaProblem } from './googleAnalyticsQuota.ts';
import { collect } from './reading.suite.ts';

/** In Los Angeles it is 6:30 in the morning. */
const NOW = Date.parse('2026-11-23T14:30:00Z');
const NEXT_HOUR = Date.parse('2026-11-23T15:00:00Z');
const NEXT_QUOTA_DAY = Date.parse('2026-11-24T08:00:00Z');

let service: FakeService | null = null;
afterEach(async () => {
	await service?.close();
	service = null;
});

function world(): FakeGoogleAnalytics {
	const google = new FakeGoogleAnalytics();
	google.sessions = ['2026-11-10', '2026-11-12'].map((day) => ({
		at: Date.parse(`${day}T12:00:00Z`),
		user: 'ada',
		revenue: 1.005,
		channel: 'Direct'
	}));
	return google;
}

async function contextOf(google: FakeGoogleAnalytics, fault?: Fault) {
	service = await startFake((request) => google.answer(request));
	service.reset(fault);
	const http = createHttpClient({
		integrationId: 'google-analytics',
		baseUrl: service.url,
		allowedHosts: null,
		allowPrivate: true,
		secrets: [],
		bearer: fixedBearer(google.token),
		now: () => NOW,
		sleep: () => Promise.resolve()
	});
	return { http, baseUrl: service.url, now: () => NOW };
}

interface Asked {
	readonly group?: string;
	readonly from?: string;
	readonly to?: string;
	readonly known?: readonly string[];
	readonly fault?: Fault;
}

async function read(google: FakeGoogleAnalytics, asked: Asked = {}) {
	const { group = 'totals', from = '2026-11-10', to = '2026-11-12', known = [] } = asked;
	const metricIds = new GoogleAnalyticsIntegration().metrics.flatMap((one) => (one.group === group ? [one.id] : []));
	return await collect(
		fetchGoogleAnalyticsMetrics({
			...(await contextOf(google, asked.fault)),
			metricIds,
			startDate: from,
			endDate: to,
			timeZone: google.timeZone,
			settings: { property: google.property },
			knownDimensions: Object.fromEntries(metricIds.map((id) => [id, known])),
			checkpoint: null
		})
	);
}

/** State and value of each day of one series. */
function days(points: readonly Point[], metricId: string, dimension = '') {
	const own = points.filter(
		(point) => point.metricId === `google-analytics.${metricId}` && point.dimension === dimension
	);
	return Object.fromEntries(own.map(({ day, state, value }) => [day.slice(-2), [state, value]]));
}

describe('a day without a row', () => {
	it('is no_data when Google holds nothing back', async () => {
		const { points } = await read(world());
		expect(days(points, 'sessions')).toEqual({ 10: ['complete', 1], 11: ['no_data', null], 12: ['complete', 1] });
	});

	it('is zero for a channel only where the day was counted', async () => {
		const { points } = await read(world(), { group: 'channels', known: ['Email'] });
		expect(days(points, 'sessions_by_channel', 'Email')).toEqual({
			10: ['complete', 0],
			11: ['no_data', null],
			12: ['complete', 0]
		});
	});

	it('is not told at all when it is today', async () => {
		const { points } = await read(world(), { from: '2026-11-22', to: '2026-11-23' });
		expect(days(points, 'sessions')).toEqual({ 22: ['no_data', null] });
	});

	it.each([
		['rows were held back for privacy', { subjectToThresholding: true }],
		['Google names a reason', { emptyReason: 'EMPTY_REASON' }]
	])('is missing when %s, and what there is stays provisional', async (_why, metadata) => {
		const google = world();
		google.metadata = metadata;
		const { points, missing } = await read(google);
		expect(days(points, 'sessions')).toEqual({ 10: ['provisional', 1], 12: ['provisional', 1] });
		expect(missing).toEqual([]);
	});
});

describe('a report that is not the plain truth', () => {
	it('of a sample stays provisional', async () => {
		const google = world();
		google.metadata = { samplingMetadatas: [{ samplesReadCount: '5', samplingSpaceSize: '10' }] };
		const { points } = await read(google);
		expect(days(points, 'sessions')).toMatchObject({ 10: ['provisional', 1], 12: ['provisional', 1] });
	});

	it('with rows rolled into "(other)" is doubted where it is split, and says no zero', async () => {
		const google = world();
		google.metadata = { dataLossFromOtherRow: true };
		const split = await read(google, { group: 'channels', known: ['Email'] });
		expect(days(split.points, 'sessions_by_channel', 'Direct')).toEqual({
			10: ['provisional', 1],
			12: ['provisional', 1]
		});
		expect(days(split.points, 'sessions_by_channel', 'Email')).toEqual({});
		const whole = await read(google);
		expect(days(whole.points, 'sessions')).toMatchObject({ 10: ['complete', 1] });
	});

	it('without the revenue that the account may not see leaves it out, with a sentence, and no zero', async () => {
		const google = world();
		const activeMetricRestrictions = [{ metricName: 'totalRevenue', restrictedMetricTypes: ['REVENUE_DATA'] }];
		google.metadata = { schemaRestrictionResponse: { activeMetricRestrictions } };
		const { points, missing } = await read(google);
		expect(missing).toEqual([
			{
				metricId: 'google-analytics.revenue',
				kind: 'permission',
				message: expect.stringMatching(/revenue.*administrator/)
			}
		]);
		expect(points.some(({ metricId }) => metricId === 'google-analytics.revenue')).toBe(false);
		expect(days(points, 'sessions')).toMatchObject({ 10: ['complete', 1] });
	});

	it('in another zone than the days are kept in ends the sync with what to do', async () => {
		const google = world();
		google.metadata = { timeZone: 'Asia/Tokyo' };
		await expect(read(google)).rejects.toMatchObject({
			kind: 'config',
			message: expect.stringMatching(/Tokyo.*Reconnect/)
		});
	});

	it.each([
		['without its kind', { metadata: {} }],
		['with a day that was not asked for', report([['20260101', '1']])],
		['with a number that is none', report([['20261110', 'many']])],
		['with fewer cells than columns', report([['20261110']])],
		['that ends before its last row', { ...report([]), rowCount: 5 }]
	])('%s is refused', async (_what, body) => {
		await expect(read(world(), { fault: () => ({ body }) })).rejects.toMatchObject({ kind: 'bad_response' });
	});

	function report(rows: readonly (readonly string[])[]) {
		return {
			kind: 'analyticsData#runReport',
			dimensionHeaders: [{ name: 'date' }],
			metricHeaders: [{ name: 'activeUsers' }],
			metadata: { timeZone: 'Europe/Berlin', currencyCode: 'EUR' },
			rows: rows.map(([day, ...values]) => ({
				dimensionValues: [{ value: day }],
				metricValues: values.map((value) => ({ value }))
			})),
			rowCount: rows.length
		};
	}
});

it('turns revenue into whole minor units of the property’s currency', async () => {
	const google = world();
	google.currencyCode = 'JPY';
	google.sessions = [{ at: Date.parse('2026-11-10T12:00:00Z'), user: 'ada', revenue: 1200 }];
	expect(days((await read(google)).points, 'revenue', 'JPY')).toMatchObject({ 10: ['complete', 1200] });
});

describe('quotas', () => {
	it.each([
		['an hour', { tokensPerHour: { consumed: 10, remaining: 9 } }, NEXT_HOUR],
		['a project’s hour', { tokensPerProjectPerHour: { consumed: 5, remaining: 0 } }, NEXT_HOUR],
		['a day, which ends at midnight in California', { tokensPerDay: { consumed: 10, remaining: 3 } }, NEXT_QUOTA_DAY]
	])('%s that is used up stops before it is refused', async (_which, quota, retryAt) => {
		const google = world();
		google.quota = quota;
		// Two windows: the first is read, the second has to wait.
		await expect(read(google, { from: '2026-08-01' })).rejects.toMatchObject({
			kind: 'rate_limited',
			details: { retryAt }
		});
		expect(service?.requests).toHaveLength(1);
	});

	it.each([
		['Exhausted property tokens for a project per hour. These quota tokens will return in under an hour.', NEXT_HOUR],
		['Exhausted property tokens per day. These quota tokens will return in under 24 hours.', NEXT_QUOTA_DAY],
		['Exhausted concurrent requests quota. Please send fewer requests concurrently.', NOW + 60_000]
	])('a refusal is waited for as long as it says: %s', async (message, retryAt) => {
		const fault = () => problem(429, 'RESOURCE_EXHAUSTED', message);
		await expect(read(world(), { fault })).rejects.toMatchObject({ kind: 'rate_limited', details: { retryAt } });
	});

	it('that are not short, or not told, hinder nobody', () => {
		expect(quotaProblem({ tokensPerDay: { consumed: 10, remaining: 10 } }, NOW)).toBeNull();
		expect(quotaProblem({}, NOW)).toBeNull();
		expect(quotaEndSaid('slow down', NOW)).toBeNull();
	});
});

describe('a refusal', () => {
	it('of an API that is not enabled says where to enable it', async () => {
		const disabled = problem(
			403,
			'PERMISSION_DENIED',
			'Google Analytics Data API has not been used',
			'SERVICE_DISABLED'
		);
		const fault: Fault = ({ path }) => (path.endsWith(':runReport') ? disabled : null);
		const google = world();
		const settings = { property: google.property };
		const result = await testGoogleAnalyticsConnection({ ...(await contextOf(google, fault)), settings });
		expect(result).toMatchObject({
			success: false,
			kind: 'permission',
			error: expect.stringContaining('library/analyticsdata.googleapis.com')
		});
	});

	it('of a property names no property that was not asked for, and what to do', async () => {
		const google = world();
		const settings = { property: 'properties/1' };
		const result = await testGoogleAnalyticsConnection({ ...(await contextOf(google)), settings });
		expect(result).toMatchObject({ success: false, kind: 'permission', error: expect.stringContaining('viewer') });
	});

	it.each(['', '4711', 'properties/1/../2', 'properties/x'])(
		'of the choice %j comes before anything is sent',
		async (property) => {
			const google = world();
			const settings = { property };
			const reading = collect(
				fetchGoogleAnalyticsMetrics({
					...(await contextOf(google)),
					metricIds: ['google-analytics.sessions'],
					startDate: '2026-11-10',
					endDate: '2026-11-10',
					timeZone: 'UTC',
					settings,
					checkpoint: null
				})
			);
			await expect(reading).rejects.toMatchObject({ kind: 'config', details: { field: 'property' } });
			expect(service?.requests).toEqual([]);
		}
	);

	it('is said when the account sees no property at all', async () => {
		const google = world();
		google.accounts = [];
		expect(await testGoogleAnalyticsConnection(await contextOf(google))).toMatchObject({
			success: false,
			kind: 'not_found'
		});
	});
});
