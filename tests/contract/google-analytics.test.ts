/** Google Analytics' integration against a strict server made of both of Google's discovery documents. */
import { afterEach, describe, expect, it } from 'vitest';
import { FakeGoogleAnalytics } from '../../src/convex/integrations/google-analytics.fake.ts';
import {
	fetchGoogleAnalyticsMetrics,
	testGoogleAnalyticsConnection
} from '../../src/convex/integrations/google-analytics.ts';
import { collect, series, total } from '../../src/convex/integrations/reading.suite.ts';
import { createHttpClient } from '../../src/convex/lib/http.ts';
import { fixedBearer } from '../../src/convex/lib/tokens.ts';
import { GoogleAnalyticsIntegration } from '../../src/lib/server/integrations/google-analytics.ts';
import { startContract } from './server.ts';
import type { ContractAnswer, ContractServer } from './server.ts';
import { loadSpec } from './spec.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const spec = loadSpec('google-analyticsdata.json', 'google-analyticsadmin.json');
const at = (text: string) => Date.parse(text);

/**
 * Two days and a midnight in Berlin: on the 10th three sessions of two users, one of them at 23:59:59, one with 12.345
 * EUR; on the 11th one session, a second after midnight; nothing on the 12th; one on the 23rd, which is today.
 */
function seeded(): FakeGoogleAnalytics {
	const google = new FakeGoogleAnalytics();
	google.mostRows = 2;
	google.sessions = [
		{
			at: at('2026-11-10T08:00:00Z'),
			user: 'ada',
			isNew: true,
			engaged: true,
			views: 3,
			events: 9,
			channel: 'Direct',
			country: 'Germany'
		},
		{
			at: at('2026-11-10T09:00:00Z'),
			user: 'ada',
			views: 1,
			events: 2,
			keyEvents: 0.5,
			revenue: 12.345,
			channel: 'Email',
			country: 'Germany'
		},
		{
			at: at('2026-11-10T22:59:59Z'),
			user: 'bob',
			isNew: true,
			views: 2,
			events: 4,
			channel: 'Direct',
			country: 'France'
		},
		{
			at: at('2026-11-10T23:00:01Z'),
			user: 'bob',
			views: 5,
			events: 5,
			keyEvents: 1,
			channel: 'Email',
			country: 'France'
		},
		{ at: at('2026-11-23T08:00:00Z'), user: 'eve', views: 1, events: 1, channel: 'Direct', country: 'Germany' }
	];
	google.accounts = [
		{ name: 'Roastery', properties: [{ property: google.property, displayName: 'Coffee shop' }] },
		{ name: 'Bakery', properties: [{ property: 'properties/4712', displayName: 'Bread' }] },
		{ name: 'Third', properties: [] }
	];
	return google;
}

describe.skipIf(spec === null)('the contract with Google Analytics', () => {
	let server: ContractServer | null = null;
	afterEach(async () => {
		await server?.close();
		server = null;
	});

	async function start(google: FakeGoogleAnalytics): Promise<ContractServer> {
		if (spec === null) throw new Error('There is no spec.');
		const headers = { authorization: `Bearer ${google.token}` };
		const answer = (method: string, url: URL, body = ''): ContractAnswer =>
			google.answer({ method, path: url.pathname, query: url.searchParams, headers, body, origin: url.origin });
		server = await startContract({
			spec,
			credential: google.token,
			fixtures: {
				'GET /v1beta/accountSummaries': ({ url }) => answer('GET', url),
				'GET /v1beta/properties/{propertiesId}': ({ url }) => answer('GET', url),
				'POST /v1beta/properties/{propertiesId}:runReport': ({ url, body }) => answer('POST', url, body)
			}
		});
		return server;
	}

	function contextOf(url: string, token: string) {
		const http = createHttpClient({
			integrationId: 'google-analytics',
			baseUrl: url,
			allowedHosts: null,
			allowPrivate: true,
			secrets: [],
			bearer: fixedBearer(token),
			now: () => NOW,
			sleep: () => Promise.resolve()
		});
		return { http, baseUrl: url, now: () => NOW };
	}

	async function read(url: string, google: FakeGoogleAnalytics, group: string, startDate: string, endDate: string) {
		const metricIds = new GoogleAnalyticsIntegration().metrics
			.filter((metric) => metric.group === group)
			.map(({ id }) => id);
		return await collect(
			fetchGoogleAnalyticsMetrics({
				...contextOf(url, google.token),
				metricIds,
				startDate,
				endDate,
				timeZone: google.timeZone,
				settings: { property: google.property },
				knownDimensions: { 'google-analytics.sessions_by_channel': ['Referral'] },
				checkpoint: null
			})
		);
	}

	it('reads exact totals, days in the zone of the property, money in its minor units', async () => {
		const google = seeded();
		const { url, problems, log } = await start(google);
		const { points } = await read(url, google, 'totals', '2026-11-09', '2026-11-23');
		const names = ['users', 'new_users', 'sessions', 'engaged_sessions', 'views', 'events', 'conversions'];
		const onThe = (day: string) =>
			Object.fromEntries(names.map((name) => [name, series(points, `google-analytics.${name}`)[day]]));
		expect(onThe('2026-11-10')).toEqual({
			users: 2,
			new_users: 2,
			sessions: 3,
			engaged_sessions: 1,
			views: 6,
			events: 15,
			conversions: 0.5
		});
		expect(onThe('2026-11-11')).toMatchObject({ users: 1, new_users: 0, sessions: 1, views: 5, conversions: 1 });
		// Nothing is said of these days, which is not zero.
		expect(onThe('2026-11-12')).toMatchObject({ users: null, sessions: null });
		expect(series(points, 'google-analytics.revenue', 'EUR')['2026-11-10']).toBe(1235);
		expect(
			points.find(({ day, metricId }) => day === '2026-11-23' && metricId === 'google-analytics.sessions')
		).toMatchObject({
			value: 1,
			state: 'partial'
		});
		expect(problems).toEqual([]);
		// Three days of rows, two to an answer.
		expect(log.map(({ operation, status }) => [operation, status])).toEqual(
			Array.from({ length: 2 }, () => ['POST /v1beta/properties/{propertiesId}:runReport', 200])
		);
	});

	it('reads channels and countries, with zero for who did not come on a day that was counted', async () => {
		const google = seeded();
		const { url, problems } = await start(google);
		const { points } = await read(url, google, 'channels', '2026-11-10', '2026-11-12');
		expect(series(points, 'google-analytics.sessions_by_channel', 'Direct')).toEqual({
			'2026-11-10': 2,
			'2026-11-11': 0,
			'2026-11-12': null
		});
		expect(series(points, 'google-analytics.sessions_by_channel', 'Referral')['2026-11-10']).toBe(0);
		expect(total(points, 'google-analytics.conversions_by_channel', 'Email')).toBe(1.5);
		const countries = await read(url, google, 'countries', '2026-11-10', '2026-11-12');
		expect(total(countries.points, 'google-analytics.sessions_by_country', 'Germany')).toBe(2);
		expect(total(countries.points, 'google-analytics.sessions_by_country', 'France')).toBe(2);
		expect(problems).toEqual([]);
	});

	it('lists the properties of all accounts, and tells of the chosen one its zone and currency', async () => {
		const google = seeded();
		const { url, problems } = await start(google);
		const identity = { subject: '1', name: 'ada@example.com' };
		const listed = await testGoogleAnalyticsConnection({ ...contextOf(url, google.token), identity });
		expect(listed).toMatchObject({
			success: true,
			accountInfo: {
				id: '1',
				name: 'ada@example.com',
				choices: {
					property: [
						{ value: 'properties/4711', label: 'Coffee shop', detail: 'Roastery' },
						{ value: 'properties/4712', label: 'Bread', detail: 'Bakery' }
					]
				}
			}
		});
		const settings = { property: google.property };
		const chosen = await testGoogleAnalyticsConnection({ ...contextOf(url, google.token), identity, settings });
		expect(chosen).toMatchObject({
			success: true,
			accountInfo: {
				id: 'properties/4711',
				name: 'Coffee shop',
				timeZone: 'Europe/Berlin',
				currency: 'EUR',
				details: { 'Google account': 'ada@example.com', Property: '4711', Currency: 'EUR' }
			}
		});
		expect(problems).toEqual([]);
	});

	it('ends with a wrong token, and the server refuses what Google does not know', async () => {
		const google = seeded();
		const { url, problems } = await start(google);
		const wrong = await testGoogleAnalyticsConnection(contextOf(url, 'wrong'));
		expect(wrong).toMatchObject({ success: false, kind: 'auth' });
		expect(problems).toEqual([]);
		const headers = { authorization: `Bearer ${google.token}`, 'content-type': 'application/json' };
		const ask = async (body: unknown) =>
			(await fetch(`${url}/v1beta/properties/1:runReport`, { method: 'POST', headers, body: JSON.stringify(body) }))
				.status;
		expect(await ask({ dateRanges: [], dimension: [] })).toBe(400);
		expect(await ask({ limit: 10_000 })).toBe(400);
	});
});
