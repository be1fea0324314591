import { z } from 'zod';
import { fetchGithubMetrics, testGithubConnection } from '../../../convex/integrations/github.ts';
import { GITHUB_PERMISSIONS } from '../../../convex/integrations/githubApi.ts';
import { TRAFFIC_DAYS } from '../../../convex/integrations/githubLevels.ts';
import type { FetchRequest, IntegrationContext } from '../../../convex/lib/contract.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { BaseIntegration } from './base.ts';
import { choicesField, secretField } from './fields.ts';
import { integrationRegistry } from './registry.ts';

const credentials = z.object({
	token: secretField({
		label: 'Personal access token',
		help:
			'Fine-grained, with read access to Metadata, Issues, Pull requests and Contents; add Administration: read ' +
			'for views and clones. A classic token needs the scope "repo".',
		helpUrl: 'https://github.com/settings/personal-access-tokens/new',
		placeholder: 'github_pat_…'
	})
});

const settings = z.object({
	repositories: choicesField({ label: 'Repositories', help: 'Each one becomes a series of every metric.' })
});

const dimension = { key: 'repository', label: 'Repository' };

type Varying = Pick<
	MetricDefinition,
	'id' | 'name' | 'description' | 'aggregation' | 'direction' | 'source' | 'group'
> & {
	historyDays: number | null;
	permission: string;
	rank?: number;
};

const metric = ({ permission, ...rest }: Varying): MetricDefinition => ({
	...rest,
	unit: 'count',
	dimension,
	scopes: [permission]
});

const metrics: readonly MetricDefinition[] = [
	metric({
		id: 'github.stars',
		name: 'Stars',
		description:
			'Stars of the repository at the end of the day. Today is the count GitHub shows; past days are worked back from ' +
			'it by the stars added since, so a star that was taken back later is not in them.',
		aggregation: 'last',
		direction: 'up',
		source: 'events',
		group: 'stars',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.metadata,
		rank: 1
	}),
	metric({
		id: 'github.new_stars',
		name: 'New stars',
		description: 'Stars added on the day (UTC). Stars taken back are not subtracted.',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'stars',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.metadata,
		rank: 2
	}),
	metric({
		id: 'github.forks',
		name: 'Forks',
		description: 'Forks of the repository as GitHub counts them now.',
		aggregation: 'last',
		direction: 'up',
		source: 'snapshot',
		group: 'repository',
		historyDays: 0,
		permission: GITHUB_PERMISSIONS.metadata,
		rank: 9
	}),
	metric({
		id: 'github.watchers',
		name: 'Watchers',
		description: 'People who asked to be told of everything in the repository. Stars are not watchers.',
		aggregation: 'last',
		direction: 'up',
		source: 'snapshot',
		group: 'repository',
		historyDays: 0,
		permission: GITHUB_PERMISSIONS.metadata
	}),
	metric({
		id: 'github.open_issues',
		name: 'Open issues',
		description: 'Issues open now; pull requests are not among them.',
		aggregation: 'last',
		direction: 'down',
		source: 'snapshot',
		group: 'repository',
		historyDays: 0,
		permission: GITHUB_PERMISSIONS.pulls,
		rank: 7
	}),
	metric({
		id: 'github.open_pull_requests',
		name: 'Open pull requests',
		description: 'Pull requests open now, drafts included.',
		aggregation: 'last',
		direction: 'neutral',
		source: 'snapshot',
		group: 'repository',
		historyDays: 0,
		permission: GITHUB_PERMISSIONS.pulls,
		rank: 8
	}),
	metric({
		id: 'github.issues_opened',
		name: 'Issues opened',
		description: 'Issues opened on the day (UTC); pull requests are not among them.',
		aggregation: 'sum',
		direction: 'neutral',
		source: 'events',
		group: 'issues',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.issues,
		rank: 3
	}),
	metric({
		id: 'github.issues_closed',
		name: 'Issues closed',
		description: 'Issues whose latest closing fell on the day (UTC); one that was opened again is not counted.',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'issues',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.issues,
		rank: 4
	}),
	metric({
		id: 'github.pull_requests_opened',
		name: 'Pull requests opened',
		description: 'Pull requests opened on the day (UTC), drafts included.',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'pulls',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.pulls,
		rank: 5
	}),
	metric({
		id: 'github.pull_requests_merged',
		name: 'Pull requests merged',
		description: 'Pull requests merged on the day (UTC); closed without a merge does not count.',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'pulls',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.pulls,
		rank: 6
	}),
	metric({
		id: 'github.releases',
		name: 'Releases',
		description: 'Releases published on the day (UTC), pre-releases included, drafts not.',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'releases',
		historyDays: null,
		permission: GITHUB_PERMISSIONS.contents,
		rank: 12
	}),
	metric({
		id: 'github.views',
		name: 'Views',
		description:
			'Page views of the repository (UTC days). GitHub keeps fourteen days; older days are what was collected.',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'traffic',
		historyDays: TRAFFIC_DAYS,
		permission: GITHUB_PERMISSIONS.traffic,
		rank: 10
	}),
	metric({
		id: 'github.unique_visitors',
		name: 'Unique visitors',
		description:
			'Different visitors of the day (UTC). The same person on two days counts on both, so a range shows the daily ' +
			'average, never a sum.',
		aggregation: 'average',
		direction: 'up',
		source: 'events',
		group: 'traffic',
		historyDays: TRAFFIC_DAYS,
		permission: GITHUB_PERMISSIONS.traffic
	}),
	metric({
		id: 'github.clones',
		name: 'Clones',
		description: 'Times the repository was cloned, by people and machines (UTC days; GitHub keeps fourteen).',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'traffic',
		historyDays: TRAFFIC_DAYS,
		permission: GITHUB_PERMISSIONS.traffic,
		rank: 11
	}),
	metric({
		id: 'github.unique_cloners',
		name: 'Unique cloners',
		description: 'Different cloners of the day (UTC); a range shows the daily average, never a sum.',
		aggregation: 'average',
		direction: 'up',
		source: 'events',
		group: 'traffic',
		historyDays: TRAFFIC_DAYS,
		permission: GITHUB_PERMISSIONS.traffic
	})
];

/** GitHub, by a personal access token: development and traffic of chosen repositories. */
export class GithubIntegration extends BaseIntegration<typeof credentials, typeof settings> {
	readonly id = 'github';
	readonly name = 'GitHub';
	readonly description = 'Stars, issues, pull requests, releases and traffic of your repositories.';
	readonly category = 'Developer tools';
	readonly authType = 'api_key';
	readonly credentials = credentials;
	readonly settings = settings;
	readonly metrics = metrics;

	testConnection(values: z.infer<typeof credentials>, context: IntegrationContext) {
		return testGithubConnection(values, context);
	}

	fetchMetrics(values: z.infer<typeof credentials>, request: FetchRequest<z.infer<typeof settings>>) {
		return fetchGithubMetrics(values, request);
	}
}

integrationRegistry.register(new GithubIntegration());
