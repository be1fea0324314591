/** GitHub's integration against a strict server made from GitHub's own description of its API. */
import { afterEach, describe, expect, it } from 'vitest';
import { fetchGithubMetrics, testGithubConnection } from '../../src/convex/integrations/github.ts';
import { FakeGithub } from '../../src/convex/integrations/github.fake.ts';
import type { FakeItem } from '../../src/convex/integrations/github.fake.ts';
import { collect, contextFor, series, total } from '../../src/convex/integrations/reading.suite.ts';
import { GithubIntegration } from '../../src/lib/server/integrations/github.ts';
import { complete } from './complete.ts';
import { startContract } from './server.ts';
import type { ContractAnswer, ContractRequest, ContractServer } from './server.ts';
import { loadSpec } from './spec.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const REPOSITORY = 'acme/anvil';
const spec = loadSpec('github.json');

function item(number: number, created_at: string, ended_at: string | null = null): FakeItem {
	const state = ended_at === null ? 'open' : 'closed';
	return { number, created_at, updated_at: ended_at ?? created_at, closed_at: ended_at, merged_at: ended_at, state };
}

/** 130 issues (2 pages), of which 30 opened a second before the range; 4 pull requests, 3 merged; stars over 14 months. */
function seeded(): FakeGithub {
	const issues = Array.from({ length: 130 }, (_, n) =>
		item(n + 1, n < 30 ? '2026-10-31T23:59:59Z' : '2026-11-01T00:00:00Z', n < 40 ? '2026-11-02T08:00:00Z' : null)
	);
	const pulls = [
		item(201, '2026-11-05T10:00:00Z', '2026-11-06T10:00:00Z'),
		item(202, '2026-11-05T10:00:00Z', '2026-11-06T23:59:59Z'),
		item(203, '2026-11-05T10:00:00Z', '2026-11-07T00:00:00Z'),
		item(204, '2026-11-23T10:00:00Z')
	];
	const starred = ['2025-10-01T10:00:00Z', '2026-11-01T10:00:00Z', '2026-11-20T10:00:00Z'];
	const traffic = [{ timestamp: '2026-11-21T00:00:00Z', count: 12, uniques: 5 }];
	return new FakeGithub(NOW, [
		{
			full_name: REPOSITORY,
			created_at: '2025-10-01T08:00:00Z',
			starred,
			unstarred: 0,
			forks_count: 6,
			subscribers_count: 2,
			issues,
			pulls,
			releases: [{ published_at: '2026-11-10T10:00:00Z', draft: false }],
			views: traffic,
			clones: traffic
		}
	]);
}

describe.skipIf(spec === null)("GitHub's contract", () => {
	let server: ContractServer | null = null;
	afterEach(() => server?.close());

	async function start(world: FakeGithub, fault?: (request: ContractRequest) => ContractAnswer | null) {
		if (spec === null) throw new Error('This test needs the spec.');
		const answer = ({ url, headers }: ContractRequest): ContractAnswer => {
			const given = world.answer(url, String(headers.authorization));
			const operation = spec.match('GET', url.pathname)?.operation;
			const schema = operation && spec.responseSchema(operation, 200);
			if ((given.status ?? 200) >= 300 || !schema) return given;
			return { ...given, body: complete((inner) => spec.schemaOf(inner), schema, given.body) };
		};
		const paths = ['', '/issues', '/pulls', '/releases', '/stargazers/history', '/traffic/views', '/traffic/clones'];
		const operations = ['GET /user', 'GET /user/repos', ...paths.map((path) => `GET /repos/{owner}/{repo}${path}`)];
		const fixtures = Object.fromEntries(operations.map((operation) => [operation, answer]));
		server = await startContract({ spec, fixtures, credential: world.token, fault });
		return server;
	}

	const metricIds = new GithubIntegration().metrics.map(({ id }) => id);

	function read(url: string, token: string, startDate = '2026-11-01', endDate = '2026-11-23') {
		return collect(
			fetchGithubMetrics(
				{ token },
				{
					...contextFor('github', url, token, NOW),
					metricIds,
					startDate,
					endDate,
					timeZone: 'UTC',
					settings: { repositories: [REPOSITORY] },
					checkpoint: null
				}
			)
		);
	}

	it('tells whose token it is', async () => {
		const world = seeded();
		const { url, problems } = await start(world);
		const result = await testGithubConnection({ token: world.token }, contextFor('github', url, world.token, NOW));
		expect(result).toMatchObject({ success: true, accountInfo: { id: '7', name: 'Ada' } });
		expect(problems).toEqual([]);
	});

	it('reads every metric to the totals worked out by hand', async () => {
		const world = seeded();
		const { url, problems, log } = await start(world);
		const { points, missing } = await read(url, world.token);
		expect(missing).toEqual([]);
		const totals = {
			issues_opened: 100,
			issues_closed: 40,
			pull_requests_opened: 4,
			pull_requests_merged: 3,
			new_stars: 2,
			releases: 1,
			views: 12,
			unique_visitors: 5,
			clones: 12,
			unique_cloners: 5,
			forks: 6,
			watchers: 2,
			open_issues: 90,
			open_pull_requests: 1
		};
		const found = Object.keys(totals).map((name) => [name, total(points, `github.${name}`, REPOSITORY)]);
		expect(Object.fromEntries(found)).toEqual(totals);
		const merged = series(points, 'github.pull_requests_merged', REPOSITORY);
		expect([merged['2026-11-06'], merged['2026-11-07']]).toEqual([2, 1]);
		const stars = series(points, 'github.stars', REPOSITORY);
		expect([stars['2026-11-01'], stars['2026-11-19'], stars['2026-11-20'], stars['2026-11-23']]).toEqual([2, 2, 3, 3]);
		expect(problems).toEqual([]);
		expect(log.every(({ operation, status }) => operation !== null && status === 200)).toBe(true);
	});

	it('reads an empty range as zeros', async () => {
		const world = seeded();
		const { url, problems } = await start(world);
		const { points } = await read(url, world.token, '2026-11-12', '2026-11-14');
		expect(total(points, 'github.issues_opened', REPOSITORY)).toBe(0);
		expect(Object.keys(series(points, 'github.issues_opened', REPOSITORY))).toHaveLength(3);
		expect(problems).toEqual([]);
	});

	it('ends with a wrong token', async () => {
		const { url, problems } = await start(seeded());
		await expect(read(url, 'github_pat_wrong')).rejects.toMatchObject({ kind: 'auth' });
		expect(problems).toEqual([]);
	});

	it('goes on without what is refused', async () => {
		const world = seeded();
		world.forbidden.add('/traffic/views');
		const { url } = await start(world);
		const { points, missing } = await read(url, world.token);
		expect(new Set(missing.map(({ kind }) => kind))).toEqual(new Set(['permission']));
		expect(missing).toHaveLength(4);
		expect(total(points, 'github.issues_opened', REPOSITORY)).toBe(100);
	});

	it('names a repository that is gone', async () => {
		const world = seeded();
		const { url } = await start(world);
		world.repositories.splice(0, 1);
		const { points, missing } = await read(url, world.token);
		expect(points).toEqual([]);
		expect(new Set(missing.map(({ metricId }) => metricId))).toEqual(new Set(metricIds));
	});

	it.each([
		[{ 'retry-after': '600' }, NOW + 600_000],
		[{}, NOW + 60_000]
	])('waits for a limit with the headers %j', async (headers, retryAt) => {
		const world = seeded();
		const limited = { status: 429, headers, body: { message: 'API rate limit exceeded' } };
		const { url } = await start(world, ({ operation }) => (operation.endsWith('/pulls') ? limited : null));
		await expect(read(url, world.token)).rejects.toMatchObject({ kind: 'rate_limited', details: { retryAt } });
	});
});
