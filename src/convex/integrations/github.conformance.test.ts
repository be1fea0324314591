import '../../lib/server/integrations/github.ts';
import { conformance } from './conformance.suite.ts';
import { FakeGithub } from './github.fake.ts';
import type { FakeItem } from './github.fake.ts';
import { respondWith } from './reading.suite.ts';

const NOW = Date.parse('2026-11-23T14:00:00Z');
const HOUR_MS = 3_600_000;

/** `size` issues, pull requests and releases, one of each every hour up to now; every second one is closed or merged. */
function world(size: number): FakeGithub {
	const moment = (n: number) => new Date(NOW - n * HOUR_MS).toISOString();
	const item = (n: number): FakeItem => {
		const ended = n % 2 === 0 ? moment(n) : null;
		return {
			number: n,
			created_at: moment(n),
			updated_at: moment(n),
			closed_at: ended,
			merged_at: ended,
			state: ended === null ? 'open' : 'closed'
		};
	};
	const numbers = Array.from({ length: size }, (_, index) => index + 1);
	const traffic = [{ timestamp: '2026-11-20T00:00:00Z', count: 9, uniques: 4 }];
	return new FakeGithub(NOW, [
		{
			full_name: 'acme/anvil',
			created_at: '2026-09-01T00:00:00Z',
			starred: numbers.map(moment),
			unstarred: 0,
			forks_count: size,
			subscribers_count: size,
			issues: numbers.map(item),
			pulls: numbers.map((n) => ({ ...item(n), number: 10_000 + n })),
			releases: numbers.map((n) => ({ published_at: moment(n), draft: false })),
			views: traffic,
			clones: traffic
		}
	]);
}

conformance({
	id: 'github',
	fake: (size) => {
		const github = world(size);
		return respondWith((url, authorization) => github.answer(url, authorization));
	},
	pageSize: 100,
	credentials: () => ({ token: world(0).token }),
	secret: world(0).token,
	settings: { repositories: ['acme/anvil'] },
	now: NOW,
	startDate: '2026-09-20',
	timeZone: 'UTC',
	total: { metricId: 'github.issues_opened', of: (size) => size }
});
