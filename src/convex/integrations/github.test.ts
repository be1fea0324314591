import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Day } from '../../lib/metrics/types.ts';
import type { Json } from '../lib/contract.ts';
import { fetchGithubMetrics, testGithubConnection } from './github.ts';
import { FakeGithub } from './github.fake.ts';
import type { FakeItem, FakeRepository } from './github.fake.ts';
import { collect, contextFor, serve, series, stored, total } from './reading.suite.ts';
import type { Answer, FakeService } from './fake.suite.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const REPOSITORY = 'acme/anvil';

function item(number: number, created_at: string, closed_at: string | null = null, merged = false): FakeItem {
	const base = { number, created_at, updated_at: closed_at ?? created_at, closed_at };
	return { ...base, state: closed_at === null ? 'open' : 'closed', merged_at: merged ? closed_at : null };
}

function repository(overrides: Partial<FakeRepository> = {}): FakeRepository {
	return {
		full_name: REPOSITORY,
		created_at: '2025-10-01T08:00:00Z',
		starred: [],
		unstarred: 0,
		forks_count: 3,
		subscribers_count: 4,
		issues: [],
		pulls: [],
		releases: [],
		views: [],
		clones: [],
		...overrides
	};
}

let world: FakeGithub;
let server: FakeService;
let intercept: (url: URL) => Answer | null;

beforeEach(async () => {
	world = new FakeGithub(NOW, [repository()]);
	intercept = () => null;
	server = await serve((url, authorization) => intercept(url) ?? world.answer(url, authorization));
});
afterEach(() => server.close());

function read(
	names: readonly string[],
	startDate: Day,
	endDate: Day = '2026-11-23',
	checkpoint: Json = null,
	token = world.token
) {
	return collect(
		fetchGithubMetrics(
			{ token },
			{
				...contextFor('github', server.url, token, NOW),
				metricIds: names.map((name) => `github.${name}`),
				startDate,
				endDate,
				timeZone: 'UTC',
				settings: { repositories: world.repositories.map(({ full_name }) => full_name) },
				checkpoint
			}
		)
	);
}

describe('issues and pull requests by day', () => {
	it('counts by UTC day, from a minute before midnight to a minute after', async () => {
		world.repositories[0]?.issues.push(
			item(1, '2026-11-19T23:59:59Z', '2026-11-21T00:00:00Z'),
			item(2, '2026-11-20T00:00:00Z'),
			item(3, '2026-11-20T23:59:59Z', '2026-11-23T09:00:00Z'),
			item(4, '2025-11-01T10:00:00Z', '2026-11-21T23:59:59Z')
		);
		const { points } = await read(['issues_opened', 'issues_closed'], '2026-11-20');
		expect(series(points, 'github.issues_opened', REPOSITORY)).toEqual({
			'2026-11-20': 2,
			'2026-11-21': 0,
			'2026-11-22': 0,
			'2026-11-23': 0
		});
		expect(series(points, 'github.issues_closed', REPOSITORY)).toEqual({
			'2026-11-20': 0,
			'2026-11-21': 2,
			'2026-11-22': 0,
			'2026-11-23': 1
		});
		const states = new Map(points.map(({ day, state }) => [day, state]));
		expect([...states.values()]).toEqual(['complete', 'complete', 'complete', 'partial']);
	});

	it('keeps pull requests out of the issues and separates open ones', async () => {
		world.repositories[0]?.issues.push(item(1, '2026-11-20T10:00:00Z'), item(2, '2026-11-20T10:00:00Z'));
		world.repositories[0]?.pulls.push(
			item(3, '2026-11-20T10:00:00Z'),
			item(4, '2026-11-20T10:00:00Z', '2026-11-22T10:00:00Z', true),
			item(5, '2026-11-20T10:00:00Z', '2026-11-22T10:00:00Z', false)
		);
		const opened = await read(['issues_opened', 'pull_requests_opened', 'pull_requests_merged'], '2026-11-20');
		expect(total(opened.points, 'github.issues_opened', REPOSITORY)).toBe(2);
		expect(total(opened.points, 'github.pull_requests_opened', REPOSITORY)).toBe(3);
		expect(series(opened.points, 'github.pull_requests_merged', REPOSITORY)['2026-11-22']).toBe(1);
		const levels = await read(['open_issues', 'open_pull_requests', 'forks', 'watchers'], '2026-11-23');
		const values = levels.points.map(({ metricId, value, state }) => [metricId, value, state]);
		expect(values.toSorted()).toEqual([
			['github.forks', 3, 'partial'],
			['github.open_issues', 2, 'partial'],
			['github.open_pull_requests', 1, 'partial'],
			['github.watchers', 4, 'partial']
		]);
	});

	it('counts the open pull requests of many pages in two requests', async () => {
		for (let n = 1; n <= 250; n += 1) world.repositories[0]?.pulls.push(item(n, '2026-11-20T10:00:00Z'));
		const { points } = await read(['open_issues', 'open_pull_requests'], '2026-11-23');
		expect(total(points, 'github.open_pull_requests', REPOSITORY)).toBe(250);
		expect(total(points, 'github.open_issues', REPOSITORY)).toBe(0);
		expect(server.requests.filter(({ path }) => path.includes('/pulls'))).toHaveLength(2);
	});

	it.each([0, 1, 99, 100, 101, 200, 250])(
		'reads a list of %i entries the same from every checkpoint',
		async (count) => {
			const hour = (n: number) => new Date(Date.parse('2026-10-01T00:00:00Z') + n * 3_600_000).toISOString();
			for (let n = 1; n <= count; n += 1)
				world.repositories[0]?.issues.push(item(n, hour(n), n % 3 ? null : hour(n + 30)));
			const names = ['issues_opened', 'issues_closed', 'releases'];
			const whole = await read(names, '2026-10-01');
			expect(total(whole.points, 'github.issues_opened', REPOSITORY)).toBe(count);
			expect(total(whole.points, 'github.issues_closed', REPOSITORY)).toBe(Math.floor(count / 3));
			for (const [index, checkpoint] of whole.checkpoints.entries()) {
				const rest = await read(names, '2026-10-01', '2026-11-23', checkpoint);
				const before = whole.pages.slice(0, index + 1).flatMap(({ points }) => points);
				expect(stored([...before, ...rest.points])).toEqual(stored(whole.points));
			}
		}
	);

	it('does not lose or double an entry that changes while the list is read', async () => {
		const issues = world.repositories[0]?.issues ?? [];
		const hour = (n: number) => new Date(Date.parse('2026-10-01T00:00:00Z') + n * 3_600_000).toISOString();
		for (let n = 1; n <= 250; n += 1) issues.push(item(n, hour(n)));
		world.before = (path, page) => {
			if (!path.endsWith('/issues') || page !== 2) return;
			// One not read yet and one read already jump to the front, and a new one is opened.
			for (const entry of issues)
				if (entry.number === 3 || entry.number === 240) entry.updated_at = '2026-11-23T12:00:30Z';
			if (issues.length === 250) issues.push(item(251, '2026-11-23T12:00:31Z'));
		};
		const { points } = await read(['issues_opened'], '2026-10-01');
		expect(total(points, 'github.issues_opened', REPOSITORY)).toBe(251);
	});

	it('stops at the first page that is older than the range', async () => {
		const issues = world.repositories[0]?.issues ?? [];
		for (let n = 1; n <= 1000; n += 1) issues.push(item(n, '2026-01-01T00:00:00Z'));
		for (let n = 1001; n <= 1010; n += 1) issues.push(item(n, '2026-11-22T00:00:00Z'));
		const { points } = await read(['issues_opened'], '2026-11-20');
		expect(total(points, 'github.issues_opened', REPOSITORY)).toBe(10);
		expect(server.requests).toHaveLength(1);
	});
});

describe('stars', () => {
	it('works the level back from the count, over several pages', async () => {
		const starred = [
			'2025-10-01T09:00:00Z',
			'2026-01-05T10:00:00Z',
			'2026-11-21T23:59:59Z',
			'2026-11-22T00:00:00Z',
			'2026-11-23T01:00:00Z'
		];
		world.repositories[0]?.starred.push(...starred);
		const { points, pages } = await read(['stars', 'new_stars'], '2025-09-01');
		const level = series(points, 'github.stars', REPOSITORY);
		expect(Object.keys(level)[0]).toBe('2025-10-01');
		expect(Object.keys(level)).toHaveLength(419);
		const days = ['2025-10-01', '2026-01-04', '2026-01-05', '2026-11-20', '2026-11-21', '2026-11-22', '2026-11-23'];
		expect(days.map((day) => level[day])).toEqual([1, 1, 2, 2, 3, 4, 5]);
		expect(total(points, 'github.new_stars', REPOSITORY)).toBe(5);
		// 61 weeks, 30 a page.
		expect(pages).toHaveLength(3);
		expect(points.filter(({ state }) => state === 'partial').map(({ day }) => day)).toEqual([
			'2026-11-23',
			'2026-11-23'
		]);
	});

	it('gives an older window the levels it had, newer stars taken off', async () => {
		world.repositories[0]?.starred.push('2026-10-01T00:00:00Z', '2026-10-02T00:00:00Z', '2026-11-01T00:00:00Z');
		const { points } = await read(['stars'], '2026-10-01', '2026-10-03');
		expect(series(points, 'github.stars', REPOSITORY)).toEqual({ '2026-10-01': 1, '2026-10-02': 2, '2026-10-03': 2 });
	});

	it('leaves days unknown for which taken-back stars make the level impossible', async () => {
		const anvil = repository({
			unstarred: 2,
			starred: ['2026-11-10T00:00:00Z', '2026-11-12T00:00:00Z', '2026-11-14T00:00:00Z']
		});
		world.repositories.splice(0, 1, anvil);
		const { points } = await read(['stars', 'new_stars'], '2026-11-09');
		const level = series(points, 'github.stars', REPOSITORY);
		expect(level['2026-11-14']).toBe(1);
		expect(level['2026-11-13']).toBe(0);
		expect(level).not.toHaveProperty('2026-11-11');
		expect(total(points, 'github.new_stars', REPOSITORY)).toBe(3);
	});

	it('keeps the count of today when the history is refused', async () => {
		world.repositories[0]?.starred.push('2026-11-21T00:00:00Z');
		world.forbidden.add('/stargazers/history');
		const { points, missing } = await read(['stars', 'new_stars'], '2026-11-01');
		expect(series(points, 'github.stars', REPOSITORY)).toEqual({ '2026-11-23': 1 });
		expect(missing).toMatchObject([
			{ metricId: 'github.new_stars', kind: 'permission', missingScopes: ['Metadata: read'] }
		]);
	});
});

describe('traffic and releases', () => {
	it('fills the fourteen days and does not call a day final that GitHub may still be counting', async () => {
		world.repositories[0]?.views.push(
			{ timestamp: '2026-11-10T00:00:00Z', count: 5, uniques: 2 },
			{ timestamp: '2026-11-21T00:00:00Z', count: 7, uniques: 3 }
		);
		const { points } = await read(['views', 'unique_visitors'], '2026-10-01');
		const views = points.filter(({ metricId }) => metricId === 'github.views');
		expect(views).toHaveLength(14);
		expect(views.map(({ day, value, state }) => [day, value, state]).slice(-4)).toEqual([
			['2026-11-20', 0, 'complete'],
			['2026-11-21', 7, 'complete'],
			['2026-11-22', 0, 'provisional'],
			['2026-11-23', 0, 'partial']
		]);
		expect(total(points, 'github.unique_visitors', REPOSITORY)).toBe(5);
	});

	it('counts a release on the day it was published and leaves drafts out', async () => {
		world.repositories[0]?.releases.push(
			{ published_at: '2026-11-22T23:59:59Z', draft: false },
			{ published_at: null, draft: true },
			{ published_at: '2026-11-22T00:00:00Z', draft: false }
		);
		const { points } = await read(['releases'], '2026-11-21');
		expect(series(points, 'github.releases', REPOSITORY)).toEqual({
			'2026-11-21': 0,
			'2026-11-22': 2,
			'2026-11-23': 0
		});
	});
});

describe('refusals', () => {
	it('names the permission of what is refused and reads the rest', async () => {
		world.forbidden.add('/traffic/views');
		const { points, missing } = await read(['views', 'clones', 'releases'], '2026-11-22');
		expect(missing.map(({ metricId }) => metricId)).toEqual(['github.views', 'github.clones']);
		expect(missing[0]?.message).toContain('"Administration: read"');
		expect(missing[0]?.message).toContain(REPOSITORY);
		expect(points.length).toBe(2);
	});

	it('ends with a bad token', async () => {
		await expect(read(['forks'], '2026-11-23', '2026-11-23', null, 'github_pat_bad')).rejects.toMatchObject({
			kind: 'auth'
		});
	});

	it.each([
		['primary', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 1800) }, NOW + 1_800_000],
		['secondary', 403, { 'retry-after': '90' }, NOW + 90_000],
		['429 with Retry-After', 429, { 'retry-after': '120' }, NOW + 120_000],
		['429 without', 429, {}, NOW + 60_000]
	])('takes the %s limit for a limit, not for a permission', async (_name, status, headers, retryAt) => {
		intercept = () => ({ status, headers, body: { message: 'API rate limit exceeded' } });
		await expect(read(['forks'], '2026-11-23')).rejects.toMatchObject({ kind: 'rate_limited', details: { retryAt } });
	});

	it('asks for a repository when none is chosen, and refuses a path in place of one', async () => {
		world.repositories.splice(0, 1);
		await expect(read(['forks'], '2026-11-23')).rejects.toMatchObject({ kind: 'config' });
		world.repositories.push(repository({ full_name: 'acme/..' }));
		await expect(read(['forks'], '2026-11-23')).rejects.toMatchObject({ kind: 'config' });
		expect(server.requests).toEqual([]);
	});
});

describe('the connection test', () => {
	const test = (token: string) => testGithubConnection({ token }, contextFor('github', server.url, token, NOW));
	it('offers the repositories, own ones chosen, at most five', async () => {
		const names = ['ada/a', 'ada/b', 'acme/c', 'ada/d', 'ada/e', 'ada/f', 'ada/g'];
		world.repositories.splice(0, 1, ...names.map((full_name) => repository({ full_name })));
		const result = await test(world.token);
		expect(result).toMatchObject({
			success: true,
			accountInfo: { id: '7', name: 'Ada', details: { Repositories: '7' } }
		});
		const choices = result.success ? result.accountInfo.choices?.repositories : [];
		const chosen = choices?.filter(({ preselected }) => preselected).map(({ value }) => value);
		expect(choices?.map(({ value }) => value)).toEqual(names);
		expect(chosen).toEqual(['ada/a', 'ada/b', 'ada/d', 'ada/e', 'ada/f']);
	});
	it('says which field is at fault', async () => {
		expect(await test('github_pat_bad')).toMatchObject({ success: false, kind: 'auth', field: 'token' });
	});
	it('keeps the token out of what it says', async () => {
		intercept = () => ({ status: 403, body: { message: `no ${world.token}` } });
		expect(JSON.stringify(await test(world.token))).not.toContain(world.token);
	});
	it.each([['<html>'], ['{}'], ['null'], ['[1,2'], ['{"login":7}']])('survives the answer %s', async (body) => {
		intercept = () => ({ status: 200, body });
		expect(await test(world.token)).toMatchObject({ success: false, kind: 'bad_response' });
	});
});
