// Made by `npm run generate` from src/lib/server/integrations. Do not edit.

import type { MetricDefinition } from '../metrics/types.ts';
import type { Catalogued } from './catalogue.ts';

export { CATEGORIES } from './catalogue.ts';
export type { FieldConfig } from './catalogue.ts';

export type IntegrationId = 'github' | 'sample';

export type IntegrationConfig = Catalogued<IntegrationId>;

export const INTEGRATION_CONFIGS: Record<IntegrationId, IntegrationConfig> = {
	github: {
		id: 'github',
		name: 'GitHub',
		description: 'Stars, issues, pull requests, releases and traffic of your repositories.',
		category: 'Developer tools',
		icon: '/integrations/github.svg',
		authType: 'api_key',
		credentialFields: [
			{
				key: 'token',
				label: 'Personal access token',
				help: 'Fine-grained, with read access to Metadata, Issues, Pull requests and Contents; add Administration: read for views and clones. A classic token needs the scope "repo".',
				helpUrl: 'https://github.com/settings/personal-access-tokens/new',
				placeholder: 'github_pat_…',
				input: 'secret',
				secret: true,
				required: true,
				pattern: '^[\\x21-\\x7e]*$'
			}
		],
		settingsFields: [
			{
				key: 'repositories',
				label: 'Repositories',
				help: 'Each one becomes a series of every metric.',
				input: 'choices',
				secret: false,
				required: false
			}
		],
		metrics: [
			{
				id: 'github.stars',
				name: 'Stars',
				description:
					'Stars of the repository at the end of the day. Today is the count GitHub shows; past days are worked back from it by the stars added since, so a star that was taken back later is not in them.',
				aggregation: 'last',
				direction: 'up',
				source: 'events',
				group: 'stars',
				historyDays: null,
				rank: 1,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Metadata: read']
			},
			{
				id: 'github.new_stars',
				name: 'New stars',
				description: 'Stars added on the day (UTC). Stars taken back are not subtracted.',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'stars',
				historyDays: null,
				rank: 2,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Metadata: read']
			},
			{
				id: 'github.forks',
				name: 'Forks',
				description: 'Forks of the repository as GitHub counts them now.',
				aggregation: 'last',
				direction: 'up',
				source: 'snapshot',
				group: 'repository',
				historyDays: 0,
				rank: 9,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Metadata: read']
			},
			{
				id: 'github.watchers',
				name: 'Watchers',
				description: 'People who asked to be told of everything in the repository. Stars are not watchers.',
				aggregation: 'last',
				direction: 'up',
				source: 'snapshot',
				group: 'repository',
				historyDays: 0,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Metadata: read']
			},
			{
				id: 'github.open_issues',
				name: 'Open issues',
				description: 'Issues open now; pull requests are not among them.',
				aggregation: 'last',
				direction: 'down',
				source: 'snapshot',
				group: 'repository',
				historyDays: 0,
				rank: 7,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Pull requests: read']
			},
			{
				id: 'github.open_pull_requests',
				name: 'Open pull requests',
				description: 'Pull requests open now, drafts included.',
				aggregation: 'last',
				direction: 'neutral',
				source: 'snapshot',
				group: 'repository',
				historyDays: 0,
				rank: 8,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Pull requests: read']
			},
			{
				id: 'github.issues_opened',
				name: 'Issues opened',
				description: 'Issues opened on the day (UTC); pull requests are not among them.',
				aggregation: 'sum',
				direction: 'neutral',
				source: 'events',
				group: 'issues',
				historyDays: null,
				rank: 3,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Issues: read']
			},
			{
				id: 'github.issues_closed',
				name: 'Issues closed',
				description: 'Issues whose latest closing fell on the day (UTC); one that was opened again is not counted.',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'issues',
				historyDays: null,
				rank: 4,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Issues: read']
			},
			{
				id: 'github.pull_requests_opened',
				name: 'Pull requests opened',
				description: 'Pull requests opened on the day (UTC), drafts included.',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'pulls',
				historyDays: null,
				rank: 5,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Pull requests: read']
			},
			{
				id: 'github.pull_requests_merged',
				name: 'Pull requests merged',
				description: 'Pull requests merged on the day (UTC); closed without a merge does not count.',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'pulls',
				historyDays: null,
				rank: 6,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Pull requests: read']
			},
			{
				id: 'github.releases',
				name: 'Releases',
				description: 'Releases published on the day (UTC), pre-releases included, drafts not.',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'releases',
				historyDays: null,
				rank: 12,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Contents: read']
			},
			{
				id: 'github.views',
				name: 'Views',
				description:
					'Page views of the repository (UTC days). GitHub keeps fourteen days; older days are what was collected.',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'traffic',
				historyDays: 14,
				rank: 10,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Administration: read']
			},
			{
				id: 'github.unique_visitors',
				name: 'Unique visitors',
				description:
					'Different visitors of the day (UTC). The same person on two days counts on both, so a range shows the daily average, never a sum.',
				aggregation: 'average',
				direction: 'up',
				source: 'events',
				group: 'traffic',
				historyDays: 14,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Administration: read']
			},
			{
				id: 'github.clones',
				name: 'Clones',
				description: 'Times the repository was cloned, by people and machines (UTC days; GitHub keeps fourteen).',
				aggregation: 'sum',
				direction: 'up',
				source: 'events',
				group: 'traffic',
				historyDays: 14,
				rank: 11,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Administration: read']
			},
			{
				id: 'github.unique_cloners',
				name: 'Unique cloners',
				description: 'Different cloners of the day (UTC); a range shows the daily average, never a sum.',
				aggregation: 'average',
				direction: 'up',
				source: 'events',
				group: 'traffic',
				historyDays: 14,
				unit: 'count',
				dimension: { key: 'repository', label: 'Repository' },
				scopes: ['Administration: read']
			}
		],
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 730,
		allowedHosts: ['api.github.com'],
		docsUrl: 'https://docs.github.com/rest',
		sample: false
	},
	sample: {
		id: 'sample',
		name: 'Sample data',
		description: 'A made-up coffee shop, to look around before you connect anything.',
		category: 'Sample data',
		icon: '/integrations/sample.svg',
		authType: 'none',
		credentialFields: [],
		settingsFields: [],
		metrics: [
			{
				id: 'sample.revenue',
				name: 'Revenue',
				description: 'Paid orders, before refunds. The last three days may still be restated.',
				unit: 'money',
				aggregation: 'sum',
				direction: 'up',
				group: 'business',
				dimension: { key: 'currency', label: 'Currency' },
				rank: 1,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.mrr',
				name: 'MRR',
				description: 'What the coffee subscriptions bring in a month.',
				unit: 'money',
				aggregation: 'last',
				direction: 'up',
				group: 'business',
				dimension: { key: 'currency', label: 'Currency' },
				rank: 2,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.signups',
				name: 'New customers',
				description: 'People who ordered for the first time.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'up',
				group: 'business',
				rank: 3,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.conversion',
				name: 'Conversion',
				description: 'Share of visits that ended in an order.',
				unit: 'percent',
				aggregation: 'average',
				direction: 'up',
				group: 'business',
				rank: 4,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.refunds',
				name: 'Refunds',
				description: 'Money given back. Days without a refund say so.',
				unit: 'money',
				aggregation: 'sum',
				direction: 'down',
				group: 'business',
				dimension: { key: 'currency', label: 'Currency' },
				rank: 8,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.visits',
				name: 'Visits',
				description: 'Visits to the shop by country. The counter was broken now and then, and those days are missing.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'up',
				group: 'product',
				dimension: { key: 'country', label: 'Country' },
				rank: 5,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.active_users',
				name: 'Active users',
				description: 'People who used the subscription app that day.',
				unit: 'count',
				aggregation: 'average',
				direction: 'up',
				group: 'product',
				rank: 6,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.response_time',
				name: 'Response time',
				description: 'Median time the shop takes to answer.',
				unit: 'duration',
				aggregation: 'average',
				direction: 'down',
				group: 'product',
				rank: 7,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.errors',
				name: 'Errors',
				description: 'Requests that failed. Days on which nothing was measured say so.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'down',
				group: 'product',
				rank: 9,
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.requests',
				name: 'Requests per second',
				description: 'Mean load of the shop.',
				unit: 'rate',
				aggregation: 'average',
				direction: 'neutral',
				group: 'product',
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.storage',
				name: 'Storage',
				description: 'Disk space in use.',
				unit: 'bytes',
				aggregation: 'last',
				direction: 'neutral',
				group: 'product',
				source: 'events',
				historyDays: 400
			},
			{
				id: 'sample.open_tickets',
				name: 'Open tickets',
				description:
					'Support requests waiting for an answer. Only the number now is known, so its history grows from today.',
				unit: 'count',
				aggregation: 'last',
				direction: 'down',
				source: 'snapshot',
				group: 'support',
				historyDays: 0
			}
		],
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 400,
		allowedHosts: [],
		docsUrl: 'https://en.wikipedia.org/wiki/Synthetic_data',
		sample: true
	}
};

export function isIntegrationId(text: string): text is IntegrationId {
	return Object.hasOwn(INTEGRATION_CONFIGS, text);
}

const METRICS: ReadonlyMap<string, MetricDefinition> = new Map(
	Object.values(INTEGRATION_CONFIGS).flatMap((config) => config.metrics.map((metric) => [metric.id, metric]))
);

export function metricDefinition(metricId: string): MetricDefinition | undefined {
	return METRICS.get(metricId);
}
