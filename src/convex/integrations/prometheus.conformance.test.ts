import '../../lib/server/integrations/prometheus.ts';
import { conformance } from './conformance.suite.ts';
import { NOW, PASSWORD, prometheusFake, USERNAME } from './prometheus.fake.ts';

conformance({
	id: 'prometheus',
	fake: prometheusFake,
	pageSize: 30,
	credentials: (baseUrl) => ({ baseUrl, username: USERNAME, password: PASSWORD }),
	secret: PASSWORD,
	selfHosted: true,
	settings: { queries: [{ name: 'Orders', query: 'sum(increase(orders_total[$day]))' }] },
	now: NOW,
	startDate: '2026-09-20',
	timeZone: 'UTC',
	silentWhenEmpty: true,
	// 24 orders on each day that was scraped.
	total: { metricId: 'prometheus.custom', of: (size) => size * 24 }
});
