/** What GitHub tells about a repository now, and the traffic of its last fourteen days. */
import { z } from 'zod';
import { addDays, eachDay } from '../../lib/metrics/days.ts';
import type { MissingMetric } from '../lib/contract.ts';
import type { Point } from '../../lib/metrics/types.ts';
import { GITHUB_PERMISSIONS } from './githubApi.ts';
import { countPoint, timestampDay } from './githubReaders.ts';
import type { Reader, ReaderJob } from './githubReaders.ts';
import { isRefusal } from './steps.ts';

const PER_PAGE = 100;
/** GitHub keeps traffic for this many days, today included. */
export const TRAFFIC_DAYS = 14;

const repository = z.object({
	forks_count: z.number().int(),
	/** Counts pull requests too. */
	open_issues_count: z.number().int(),
	subscribers_count: z.number().int().nullish()
});
const numbered = z.array(z.object({ number: z.number().int() }));

/**
 * `github.forks`, `github.watchers`, `github.open_issues`, `github.open_pull_requests` as they are now.
 * GitHub's count of open issues includes pull requests; the two are separated by counting the open pull requests.
 * Costs two or three requests.
 */
export const readLevels: Reader = async function* (job) {
	if (job.endDate < job.today) {
		yield { points: [], state: undefined, fraction: 1 };
		return;
	}
	const { body } = await job.api.get(job.api.address(`/repos/${job.repository}`), repository, job.repository);
	const points: Point[] = [countPoint(job, 'github.forks', job.today, body.forks_count)];
	const missing: MissingMetric[] = [];
	if (typeof body.subscribers_count === 'number') {
		points.push(countPoint(job, 'github.watchers', job.today, body.subscribers_count));
	} else {
		missing.push({
			metricId: 'github.watchers',
			kind: 'bad_response',
			message: `GitHub did not say how many people watch ${job.repository}; the next sync asks again.`
		});
	}
	try {
		const pulls = await countOpenPulls(job);
		points.push(countPoint(job, 'github.open_pull_requests', job.today, pulls));
		const issues = body.open_issues_count - pulls;
		if (issues >= 0) points.push(countPoint(job, 'github.open_issues', job.today, issues));
		else missing.push(disagreement(job));
	} catch (error) {
		if (!isRefusal(error)) throw error;
		for (const metricId of ['github.open_pull_requests', 'github.open_issues']) {
			missing.push({
				metricId,
				kind: error.kind,
				message: `${error.message} Open issues and pull requests cannot be told apart without them.`,
				missingScopes: error.kind === 'permission' ? [GITHUB_PERMISSIONS.pulls] : undefined
			});
		}
	}
	yield { points, state: undefined, fraction: 1, missing };
};

/** A pull request may open between the two requests, or GitHub's count may lag. */
function disagreement({ repository }: ReaderJob): MissingMetric {
	const message = `GitHub's counts of open issues and pull requests of ${repository} disagree; the next sync asks again.`;
	return { metricId: 'github.open_issues', kind: 'bad_response', message };
}

/** Counts by the number of full pages and the length of the last one; walks the pages where GitHub does not count. */
async function countOpenPulls({ api, repository }: ReaderJob): Promise<number> {
	const subject = `the open pull requests of ${repository}`;
	const query = { state: 'open', per_page: PER_PAGE };
	const path = `/repos/${repository}/pulls`;
	let page = await api.get(api.address(path, query), numbered, subject);
	if (page.lastPage !== null) {
		const last = await api.get(api.address(path, { ...query, page: page.lastPage }), numbered, subject);
		return (page.lastPage - 1) * PER_PAGE + last.body.length;
	}
	let count = page.body.length;
	while (page.next !== null) {
		page = await api.get(page.next, numbered, subject);
		count += page.body.length;
	}
	return count;
}

const daily = z.array(z.object({ timestamp: z.string(), count: z.number().int(), uniques: z.number().int() }));
const views = z.object({ views: daily });
const clones = z.object({ clones: daily });

/**
 * `github.views`, `github.unique_visitors`, `github.clones`, `github.unique_cloners` of the last fourteen days.
 * A day without an entry had no traffic; after the newest entry GitHub may still be counting, so those days are
 * provisional. Costs two requests.
 */
export const readTraffic: Reader = async function* (job) {
	const address = (kind: string) => job.api.address(`/repos/${job.repository}/traffic/${kind}`, { per: 'day' });
	const subject = `the traffic of ${job.repository}`;
	const viewed = await job.api.get(address('views'), views, subject);
	const cloned = await job.api.get(address('clones'), clones, subject);
	const points = [
		...trafficPoints(job, viewed.body.views, 'github.views', 'github.unique_visitors'),
		...trafficPoints(job, cloned.body.clones, 'github.clones', 'github.unique_cloners')
	];
	yield { points, state: undefined, fraction: 1 };
};

function trafficPoints(job: ReaderJob, rows: z.infer<typeof daily>, total: string, uniques: string): Point[] {
	const byDay = new Map(rows.map((row) => [timestampDay(row.timestamp), row]));
	const newest = [...byDay.keys()].reduce((a, b) => (a > b ? a : b), '');
	const windowStart = addDays(job.today, 1 - TRAFFIC_DAYS);
	const from = job.startDate > windowStart ? job.startDate : windowStart;
	return eachDay(from, job.endDate).flatMap((day) => {
		const pair = [
			countPoint(job, total, day, byDay.get(day)?.count ?? 0),
			countPoint(job, uniques, day, byDay.get(day)?.uniques ?? 0)
		];
		const settled = day <= newest || day === job.today || day < addDays(job.today, -2);
		return settled ? pair : pair.map((point) => ({ ...point, state: 'provisional' as const }));
	});
}
