import '../../lib/server/integrations/google-analytics.ts';
import { conformance } from './conformance.suite.ts';
import { FakeGoogleAnalytics } from './google-analytics.fake.ts';

const NOW = Date.parse('2026-11-23T14:00:00Z');
const PAGE_SIZE = 5;
const HOUR = 3_600_000;

/** `size` sessions, one every seven hours up to now, each from a country of its own, five rows to a page. */
function world(size: number): FakeGoogleAnalytics {
	const google = new FakeGoogleAnalytics();
	google.mostRows = PAGE_SIZE;
	google.sessions = Array.from({ length: size }, (_, n) => ({
		at: NOW - (n + 1) * 7 * HOUR,
		user: `user ${n % 3}`,
		keyEvents: 0.5,
		revenue: 9.99,
		channel: n % 2 ? 'Direct' : 'Organic Search',
		country: `Country ${n}`
	}));
	return google;
}

conformance({
	id: 'google-analytics',
	fake: (size) => {
		const google = world(size);
		return (request) => google.answer(request);
	},
	pageSize: PAGE_SIZE,
	credentials: () => ({}),
	secret: world(0).token,
	settings: { property: world(0).property },
	now: NOW,
	startDate: '2026-09-20',
	timeZone: 'Europe/Berlin',
	silentWhenEmpty: true,
	total: { metricId: 'google-analytics.sessions_by_country', of: (size) => size }
});
