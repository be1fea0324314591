'use node';
/** GitHub: how its numbers are read. What they mean is said in `src/lib/server/integrations/github.ts`. */
import { z } from 'zod';
import { today } from '../../lib/metrics/zones.ts';
import type {
	AccountInfo,
	Choice,
	FetchRequest,
	IntegrationContext,
	Json,
	MetricsPage,
	TestResult
} from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { GITHUB_PERMISSIONS, GithubApi } from './githubApi.ts';
import { readIssues, readPulls, readReleases } from './githubLists.ts';
import { readLevels, readTraffic } from './githubLevels.ts';
import type { Reader, ReaderJob } from './githubReaders.ts';
import { readStars } from './githubStars.ts';
import { walkSteps } from './steps.ts';

export interface GithubCredentials {
	readonly token: string;
}
export interface GithubSettings {
	/** `owner/name`. */
	readonly repositories: readonly string[];
}

interface Group {
	readonly metricIds: readonly string[];
	readonly permission: string;
	readonly read: Reader;
}

/** What is read together. The permission is what GitHub asks of the token for it. */
const GROUPS: readonly Group[] = [
	{
		metricIds: ['github.forks', 'github.watchers', 'github.open_issues', 'github.open_pull_requests'],
		permission: GITHUB_PERMISSIONS.metadata,
		read: readLevels
	},
	{
		metricIds: ['github.stars', 'github.new_stars'],
		permission: GITHUB_PERMISSIONS.metadata,
		read: readStars
	},
	{
		metricIds: ['github.issues_opened', 'github.issues_closed'],
		permission: GITHUB_PERMISSIONS.issues,
		read: readIssues
	},
	{
		metricIds: ['github.pull_requests_opened', 'github.pull_requests_merged'],
		permission: GITHUB_PERMISSIONS.pulls,
		read: readPulls
	},
	{ metricIds: ['github.releases'], permission: GITHUB_PERMISSIONS.contents, read: readReleases },
	{
		metricIds: ['github.views', 'github.unique_visitors', 'github.clones', 'github.unique_cloners'],
		permission: GITHUB_PERMISSIONS.traffic,
		read: readTraffic
	}
];

/** `owner/name`: safe as part of an address. */
const REPOSITORY = /^[A-Za-z0-9_-][\w.-]*\/(?!\.{1,2}$)[\w.-]+$/;

/**
 * Reads the metrics of the chosen repositories, one repository and group after another; days are UTC.
 * A refusal (403, 404, 410) leaves out that group of that repository with a sentence; a bad token or a used-up
 * request limit ends the run. Throws IntegrationError.
 */
export async function* fetchGithubMetrics(
	credentials: GithubCredentials,
	request: FetchRequest<GithubSettings>
): AsyncIterable<MetricsPage> {
	const { repositories } = request.settings;
	if (repositories.length === 0) {
		throw new IntegrationError('config', 'Choose at least one repository.', { field: 'repositories' });
	}
	const odd = repositories.find((repository) => !REPOSITORY.test(repository));
	if (odd !== undefined) {
		throw new IntegrationError('config', `"${odd}" is not a repository; write owner/name.`, { field: 'repositories' });
	}
	const api = new GithubApi(credentials.token, request);
	const wanted = new Set(request.metricIds);
	const groups = GROUPS.filter(({ metricIds }) => metricIds.some((id) => wanted.has(id)));
	const steps = repositories.flatMap((repository) => {
		const job = jobOf(api, repository, request);
		return groups.map(({ read, ...group }) => ({ ...group, read: (state: Json) => read(job, state) }));
	});
	yield* walkSteps(steps, wanted, request.checkpoint);
}

function jobOf(api: GithubApi, repository: string, request: FetchRequest<GithubSettings>): ReaderJob {
	const now = request.now();
	const day = today('UTC', now);
	const endDate = request.endDate < day ? request.endDate : day;
	return { api, repository, startDate: request.startDate, endDate, today: day, now };
}

const MAX_REPOSITORY_PAGES = 20;
const PRESELECTED = 5;

const user = z.object({ login: z.string(), id: z.number(), name: z.string().nullish() });
const repositoryList = z.array(
	z.object({
		full_name: z.string(),
		private: z.boolean().nullish(),
		archived: z.boolean().nullish(),
		owner: z.object({ login: z.string() }).nullish()
	})
);
type RepositoryList = z.infer<typeof repositoryList>;

/** Asks GitHub whose token it is and which repositories it sees (up to 2,000, most recently pushed first). */
export async function testGithubConnection(
	credentials: GithubCredentials,
	context: IntegrationContext
): Promise<TestResult> {
	try {
		return { success: true, accountInfo: await accountInfo(new GithubApi(credentials.token, context)) };
	} catch (error) {
		if (!(error instanceof IntegrationError)) throw error;
		const field = error.kind === 'auth' ? 'token' : error.details.field;
		return { success: false, kind: error.kind, error: error.message, field };
	}
}

async function accountInfo(api: GithubApi): Promise<AccountInfo> {
	const account = await api.get(api.address('/user'), user, 'the account of this token');
	const repositories: RepositoryList = [];
	let next: string | null = api.address('/user/repos', { sort: 'pushed', direction: 'desc', per_page: 100 });
	for (let page = 0; next !== null && page < MAX_REPOSITORY_PAGES; page += 1) {
		const list: Awaited<ReturnType<typeof api.get<typeof repositoryList>>> = await api.get(
			next,
			repositoryList,
			'the list of repositories'
		);
		repositories.push(...list.body);
		next = list.next;
	}
	const scopes = account.headers.get('x-oauth-scopes');
	const { login, id, name } = account.body;
	return {
		id: String(id),
		name: name ?? login,
		details: {
			Login: login,
			Repositories: `${repositories.length}${next === null ? '' : '+'}`,
			...(scopes ? { 'Token scopes': scopes } : {})
		},
		timeZone: 'UTC',
		choices: { repositories: repositoryChoices(repositories, login) }
	};
}

/** Own repositories are preselected, most recently pushed first; without any, the most recently pushed ones. */
function repositoryChoices(repositories: RepositoryList, login: string): Choice[] {
	const alive = repositories.filter(({ archived }) => archived !== true);
	const own = alive.filter(({ owner }) => owner?.login === login);
	const chosen = new Set((own.length > 0 ? own : alive).slice(0, PRESELECTED));
	return repositories.map((repository) => ({
		value: repository.full_name,
		label: repository.full_name,
		detail: [repository.private ? 'private' : 'public', repository.archived ? 'archived' : '']
			.filter(Boolean)
			.join(', '),
		preselected: chosen.has(repository)
	}));
}
