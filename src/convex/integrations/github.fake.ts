/** A small GitHub in memory: the parts the readers use, with paging links, permissions and a history of stars. */
import type { Answer } from './fake.suite.ts';

export interface FakeItem {
	readonly number: number;
	readonly created_at: string;
	updated_at: string;
	readonly closed_at: string | null;
	readonly merged_at?: string | null;
	readonly state: 'open' | 'closed';
	/** In the issue list: the entry is a pull request. */
	readonly pull_request?: object;
}

export interface FakeRepository {
	readonly full_name: string;
	readonly created_at: string;
	/** Moments at which a star was added. */
	readonly starred: string[];
	/** Stars taken back since. */
	readonly unstarred: number;
	readonly forks_count: number;
	readonly subscribers_count: number;
	readonly issues: FakeItem[];
	readonly pulls: FakeItem[];
	readonly releases: { published_at: string | null; draft: boolean }[];
	readonly views: { timestamp: string; count: number; uniques: number }[];
	readonly clones: { timestamp: string; count: number; uniques: number }[];
}

const WEEK_MS = 7 * 86_400_000;
const NOT_FOUND: Answer = { status: 404, body: { message: 'Not Found', status: '404' } };

export class FakeGithub {
	readonly token = 'github_pat_planted_5e2a';
	readonly now: number;
	readonly user = { login: 'ada', id: 7, name: 'Ada' };
	readonly repositories: FakeRepository[];
	/** Path suffixes that the token may not read. */
	readonly forbidden = new Set<string>();
	/** Called before each answer: to change the world while it is being read. */
	before: (path: string, page: number) => void = () => undefined;

	constructor(now: number, repositories: FakeRepository[]) {
		this.now = now;
		this.repositories = repositories;
	}

	/** Answers a GET. */
	answer(url: URL, authorization: string): Answer {
		if (authorization !== `Bearer ${this.token}`) {
			return { status: 401, body: { message: 'Bad credentials', status: '401' } };
		}
		const page = Number(url.searchParams.get('page') ?? 1);
		this.before(url.pathname, page);
		if ([...this.forbidden].some((suffix) => url.pathname.endsWith(suffix))) {
			return { status: 403, body: { message: 'Resource not accessible by personal access token', status: '403' } };
		}
		if (url.pathname === '/user') return { status: 200, body: this.user };
		if (url.pathname === '/user/repos') return paged(url, this.repositories.map(summary));
		const [, , owner, name, ...rest] = url.pathname.split('/');
		const repository = this.repositories.find(({ full_name }) => full_name === `${owner}/${name}`);
		return repository === undefined ? NOT_FOUND : this.#repository(repository, rest.join('/'), url);
	}

	#repository(repository: FakeRepository, path: string, url: URL): Answer {
		if (path === '') return { status: 200, body: summary(repository) };
		if (path === 'issues') return paged(url, listed(url, [...repository.issues, ...repository.pulls.map(asIssue)]));
		if (path === 'pulls') return paged(url, listed(url, repository.pulls));
		if (path === 'releases') return paged(url, repository.releases);
		if (path === 'stargazers/history') return this.#history(repository, url);
		if (path === 'traffic/views') return { status: 200, body: traffic('views', repository.views) };
		if (path === 'traffic/clones') return { status: 200, body: traffic('clones', repository.clones) };
		return NOT_FOUND;
	}

	/** Weeks from Sunday, newest first, back to the week of creation; no paging links. */
	#history(repository: FakeRepository, url: URL): Answer {
		const weeks = [];
		for (let week = sunday(this.now); week >= sunday(Date.parse(repository.created_at)); week -= WEEK_MS) {
			const days = [0, 0, 0, 0, 0, 0, 0];
			for (const moment of repository.starred) {
				const index = Math.floor((Date.parse(moment) - week) / 86_400_000);
				if (index in days) days[index] = (days[index] ?? 0) + 1;
			}
			weeks.push({ week: week / 1000, total: days.reduce((a, b) => a + b, 0), days });
		}
		const perPage = Math.min(30, Number(url.searchParams.get('per_page') ?? 30));
		const page = Number(url.searchParams.get('page') ?? 1);
		return { status: 200, body: weeks.slice((page - 1) * perPage, page * perPage) };
	}
}

function sunday(ms: number): number {
	const day = Math.floor(ms / 86_400_000);
	return (day - ((day + 4) % 7)) * 86_400_000;
}

function summary(repository: FakeRepository) {
	const { full_name, created_at, forks_count, subscribers_count, starred, unstarred, issues, pulls } = repository;
	return {
		full_name,
		created_at,
		forks_count,
		subscribers_count,
		stargazers_count: starred.length - unstarred,
		open_issues_count: [...issues, ...pulls].filter(({ state }) => state === 'open').length,
		private: false,
		archived: false,
		owner: { login: full_name.split('/')[0] }
	};
}

function asIssue(pull: FakeItem): FakeItem {
	const { merged_at, ...rest } = pull;
	return { ...rest, pull_request: { merged_at } };
}

function listed(url: URL, items: readonly FakeItem[]): readonly FakeItem[] {
	const state = url.searchParams.get('state') ?? 'open';
	const key = url.searchParams.get('sort') === 'updated' ? 'updated_at' : 'created_at';
	return items
		.filter((item) => state === 'all' || item.state === state)
		.toSorted((a, b) => (a[key] < b[key] ? 1 : a[key] > b[key] ? -1 : b.number - a.number));
}

function paged(url: URL, items: readonly unknown[]): Answer {
	const perPage = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
	const page = Number(url.searchParams.get('page') ?? 1);
	const last = Math.max(1, Math.ceil(items.length / perPage));
	const link = (number: number, relation: string) => {
		const target = new URL(url);
		target.searchParams.set('page', String(number));
		return `<${target}>; rel="${relation}"`;
	};
	const headers: Record<string, string> =
		page < last ? { link: `${link(page + 1, 'next')}, ${link(last, 'last')}` } : {};
	return { status: 200, headers, body: items.slice((page - 1) * perPage, page * perPage) };
}

function traffic(name: string, rows: FakeRepository['views']) {
	const sum = (key: 'count' | 'uniques') => rows.reduce((total, row) => total + row[key], 0);
	return { count: sum('count'), uniques: sum('uniques'), [name]: rows };
}
