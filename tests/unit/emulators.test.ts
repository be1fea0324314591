/** Both integrations against emulators that somebody else wrote, filled through their own APIs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchGithubMetrics, testGithubConnection } from '../../src/convex/integrations/github.ts';
import { fetchStripeMetrics, testStripeConnection } from '../../src/convex/integrations/stripe.ts';
import type { MetricsPage, MissingMetric } from '../../src/convex/lib/contract.ts';
import { createHttpClient } from '../../src/convex/lib/http.ts';
import type { Point } from '../../src/lib/metrics/types.ts';
import { addDays } from '../../src/lib/metrics/days.ts';
import { today } from '../../src/lib/metrics/zones.ts';
import { GithubFiller } from '../emulators/github.ts';
import { GITHUB_TOKEN, STRIPE_KEY, startEmulator } from '../emulators/start.ts';
import type { RunningEmulator } from '../emulators/start.ts';
import { StripeFiller } from '../emulators/stripe.ts';

/** The context an integration gets when its base URL is replaced by an emulator's. */
function contextOf(integrationId: string, emulator: RunningEmulator, secret: string) {
	const http = createHttpClient({
		integrationId,
		baseUrl: emulator.url,
		allowedHosts: null,
		allowPrivate: true,
		secrets: [secret]
	});
	return { http, baseUrl: emulator.url, now: Date.now };
}

async function collect(pages: AsyncIterable<MetricsPage>) {
	const points: Point[] = [];
	const missing: MissingMetric[] = [];
	for await (const page of pages) {
		points.push(...page.points);
		missing.push(...(page.missing ?? []));
	}
	return { points, missing: new Set(missing.map(({ metricId }) => metricId)), sentences: missing };
}

function total(points: readonly Point[], metricId: string, dimension: string): number {
	return points
		.filter((point) => point.metricId === metricId && point.dimension === dimension)
		.reduce((sum, { value }) => sum + (value ?? 0), 0);
}

describe('the GitHub emulator', () => {
	let emulator: RunningEmulator;
	beforeEach(async () => {
		emulator = await startEmulator('github');
	});
	afterEach(() => emulator.close());

	const metricIds = [
		'forks',
		'watchers',
		'open_issues',
		'open_pull_requests',
		'stars',
		'new_stars',
		'issues_opened',
		'issues_closed',
		'pull_requests_opened',
		'pull_requests_merged',
		'releases',
		'views',
		'clones'
	].map((name) => `github.${name}`);

	function sync(repositories: readonly string[]) {
		const now = today('UTC', Date.now());
		return collect(
			fetchGithubMetrics(
				{ token: GITHUB_TOKEN },
				{
					...contextOf('github', emulator, GITHUB_TOKEN),
					metricIds,
					startDate: addDays(now, -30),
					endDate: now,
					timeZone: 'UTC',
					settings: { repositories },
					checkpoint: null
				}
			)
		);
	}

	it('gives back what was put in, and after more is put in the new totals', async () => {
		const filler = new GithubFiller(emulator.url);
		const repository = await filler.createRepository('plumb');
		const other = await filler.createRepository('line');
		const issues = [];
		for (let n = 1; n <= 103; n += 1) issues.push(await filler.openIssue(repository, `Issue ${n}`));
		for (const number of issues.slice(0, 7)) await filler.closeIssue(repository, number);
		const pulls = [];
		for (const branch of ['one', 'two', 'three']) pulls.push(await filler.openPull(repository, branch));
		await filler.mergePull(repository, pulls[0] ?? 0);
		await filler.publishRelease(repository, 'v1.0.0');
		await filler.publishRelease(repository, 'v2.0.0', true);
		await filler.openIssue(other, 'Elsewhere');

		const result = await testGithubConnection({ token: GITHUB_TOKEN }, contextOf('github', emulator, GITHUB_TOKEN));
		expect(result).toMatchObject({
			success: true,
			accountInfo: { name: 'The Octocat', details: { Login: 'octocat' } }
		});
		const choices = result.success ? result.accountInfo.choices?.repositories : [];
		expect(choices?.map(({ value }) => value).toSorted()).toEqual([other, repository]);

		const first = await sync([repository, other]);
		const totals = (points: readonly Point[], dimension: string) =>
			Object.fromEntries(metricIds.map((id) => [id.slice('github.'.length), total(points, id, dimension)]));
		expect(totals(first.points, repository)).toMatchObject({
			issues_opened: 103,
			issues_closed: 7,
			open_issues: 96,
			pull_requests_opened: 3,
			pull_requests_merged: 1,
			open_pull_requests: 2,
			releases: 1,
			forks: 0
		});
		expect(totals(first.points, other)).toMatchObject({ issues_opened: 1, open_issues: 1, releases: 0 });
		// What the emulator does not have is named, and no number stands for it.
		expect(first.missing).toEqual(new Set(['github.watchers', 'github.new_stars', 'github.views', 'github.clones']));
		expect(first.sentences.every(({ message }) => message.includes('octocat/'))).toBe(true);
		for (const id of first.missing) expect(first.points.some(({ metricId }) => metricId === id)).toBe(false);

		expect((await sync([repository, other])).points).toEqual(first.points);

		await filler.closeIssue(repository, issues[50] ?? 0);
		await filler.mergePull(repository, pulls[1] ?? 0);
		const second = await sync([repository, other]);
		expect(totals(second.points, repository)).toMatchObject({
			issues_opened: 103,
			issues_closed: 8,
			open_issues: 95,
			pull_requests_merged: 2,
			open_pull_requests: 1
		});
	});

	it('names a repository that is not there', async () => {
		const { points, sentences } = await sync(['octocat/nowhere']);
		expect(points).toEqual([]);
		expect(new Set(sentences.map(({ metricId }) => metricId))).toEqual(new Set(metricIds));
		expect(sentences[0]?.message).toContain('octocat/nowhere');
	});
});

describe('the Stripe emulator', () => {
	let emulator: RunningEmulator;
	beforeEach(async () => {
		emulator = await startEmulator('stripe');
	});
	afterEach(() => emulator.close());

	const lacking = ['refunds', 'fees', 'net_volume', 'disputes', 'churned_subscriptions', 'active_subscriptions'];
	const levels = ['trials', 'mrr', 'balance_available', 'balance_pending'];
	const metricIds = [
		'gross_volume',
		'successful_payments',
		'failed_payments',
		'new_customers',
		...lacking,
		...levels
	].map((name) => `stripe.${name}`);

	function sync() {
		const now = today('UTC', Date.now());
		return collect(
			fetchStripeMetrics(
				{ apiKey: STRIPE_KEY },
				{
					...contextOf('stripe', emulator, STRIPE_KEY),
					metricIds,
					startDate: addDays(now, -30),
					endDate: now,
					timeZone: 'UTC',
					settings: {},
					checkpoint: null
				}
			)
		);
	}

	it('gives back what was put in, and after more is put in the new totals', async () => {
		const filler = new StripeFiller(emulator.url);
		const born = await filler.customers();
		const ada = await filler.createCustomer('ada@example.com');
		const bob = await filler.createCustomer('bob@example.com');
		// 60 x 19.99 USD, 60 x 500 JPY: more than a page of charges.
		for (let n = 0; n < 60; n += 1) {
			await filler.charge(ada, 1999, 'usd');
			await filler.charge(bob, 500, 'jpy');
		}

		const result = await testStripeConnection({ apiKey: STRIPE_KEY }, contextOf('stripe', emulator, STRIPE_KEY));
		expect(result).toMatchObject({ success: true, accountInfo: { details: { Mode: 'Test' } } });

		const first = await sync();
		expect(total(first.points, 'stripe.gross_volume', 'USD')).toBe(119_940);
		expect(total(first.points, 'stripe.gross_volume', 'JPY')).toBe(30_000);
		expect(total(first.points, 'stripe.successful_payments', '')).toBe(120);
		expect(total(first.points, 'stripe.failed_payments', '')).toBe(0);
		expect(total(first.points, 'stripe.new_customers', '')).toBe(born + 2);
		expect(first.missing).toEqual(new Set([...lacking, ...levels].map((name) => `stripe.${name}`)));
		for (const id of first.missing) expect(first.points.some(({ metricId }) => metricId === id)).toBe(false);

		expect((await sync()).points).toEqual(first.points);

		await filler.charge(ada, 1, 'usd');
		await filler.createCustomer('cid@example.com');
		const second = await sync();
		expect(total(second.points, 'stripe.gross_volume', 'USD')).toBe(119_941);
		expect(total(second.points, 'stripe.new_customers', '')).toBe(born + 3);
	});
});
