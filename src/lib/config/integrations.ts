// Made by `npm run generate` from src/lib/server/integrations. Do not edit.

import type { MetricDefinition } from '../metrics/types.ts';
import type { Catalogued } from './catalogue.ts';

export { CATEGORIES } from './catalogue.ts';
export type { FieldConfig } from './catalogue.ts';

export type IntegrationId = 'github' | 'google-analytics' | 'prometheus' | 'sample' | 'stripe';

export type IntegrationConfig = Catalogued<IntegrationId>;

export const INTEGRATION_CONFIGS: Record<IntegrationId, IntegrationConfig> = {
	github: {
		id: 'github',
		name: 'GitHub',
		description: 'Stars, issues, pull requests, releases and traffic of your repositories.',
		category: 'Developer tools',
		icon: '/integrations/github.svg',
		authType: 'api_key',
		oauthProvider: null,
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
	'google-analytics': {
		id: 'google-analytics',
		name: 'Google Analytics',
		description: 'Users, sessions, conversions and revenue of a GA4 property, by channel and country.',
		category: 'Analytics',
		icon: '/integrations/google-analytics.svg',
		authType: 'oauth2',
		oauthProvider: 'google',
		credentialFields: [],
		settingsFields: [
			{
				key: 'property',
				label: 'Property',
				help: 'Its time zone and currency count. Connect another property as a connection of its own.',
				input: 'choice',
				identifies: true,
				secret: false,
				required: false
			}
		],
		metrics: [
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.users',
				name: 'Users',
				description:
					'Active users of the day. The same person on two days counts on both, so a range shows the daily average, never a sum.',
				aggregation: 'average',
				group: 'totals',
				rank: 1
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.sessions',
				name: 'Sessions',
				description: 'Sessions that began on the day.',
				aggregation: 'sum',
				group: 'totals',
				rank: 2
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.views',
				name: 'Views',
				description: 'Pages and app screens seen, the same one twice counts twice.',
				aggregation: 'sum',
				group: 'totals',
				rank: 3
			},
			{
				unit: 'number',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.conversions',
				name: 'Conversions',
				description: 'Key events: what the property calls a conversion. Google may attribute them in fractions.',
				aggregation: 'sum',
				group: 'totals',
				rank: 4
			},
			{
				unit: 'money',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.revenue',
				name: 'Revenue',
				description: 'Purchases, subscriptions and ads, less refunds, in the currency of the property.',
				dimension: { key: 'currency', label: 'Currency' },
				aggregation: 'sum',
				group: 'totals',
				rank: 5
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.new_users',
				name: 'New users',
				description: 'People who were there for the first time, as far as Google can tell.',
				aggregation: 'sum',
				group: 'totals',
				rank: 6
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.engaged_sessions',
				name: 'Engaged sessions',
				description: 'Sessions of more than ten seconds, or with a key event, or with two views or more.',
				aggregation: 'sum',
				group: 'totals',
				rank: 7
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.events',
				name: 'Events',
				description: 'Everything that was recorded: views, clicks, purchases and the rest.',
				aggregation: 'sum',
				group: 'totals'
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.sessions_by_channel',
				name: 'Sessions by channel',
				description: 'Sessions by the default channel group that they came from.',
				dimension: { key: 'channel', label: 'Channel' },
				aggregation: 'sum',
				group: 'channels',
				rank: 8
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.users_by_channel',
				name: 'Users by channel',
				description: 'Active users by the channel of their session; somebody who came by two counts in both.',
				dimension: { key: 'channel', label: 'Channel' },
				aggregation: 'average',
				group: 'channels'
			},
			{
				unit: 'number',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.conversions_by_channel',
				name: 'Conversions by channel',
				description: 'Key events by the channel of their session.',
				dimension: { key: 'channel', label: 'Channel' },
				aggregation: 'sum',
				group: 'channels',
				rank: 9
			},
			{
				unit: 'count',
				direction: 'up',
				source: 'events',
				historyDays: null,
				scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
				id: 'google-analytics.sessions_by_country',
				name: 'Sessions by country',
				description: 'Sessions by the country that they came from.',
				dimension: { key: 'country', label: 'Country' },
				aggregation: 'sum',
				group: 'countries',
				rank: 10
			}
		],
		dataStrategy: 'events',
		shouldBackfill: true,
		historicalDays: 730,
		allowedHosts: ['analyticsdata.googleapis.com', 'analyticsadmin.googleapis.com'],
		docsUrl: 'https://developers.google.com/analytics/devguides/reporting/data/v1',
		sample: false
	},
	prometheus: {
		id: 'prometheus',
		name: 'Prometheus',
		description: 'Targets, samples, and any PromQL expression you care about, day by day.',
		category: 'Monitoring',
		icon: '/integrations/prometheus.svg',
		authType: 'api_key',
		oauthProvider: null,
		credentialFields: [
			{
				key: 'baseUrl',
				label: 'Address',
				help: 'Where the web page of Prometheus (or VictoriaMetrics, Thanos, Mimir) is. This server must be able to reach it.',
				placeholder: 'https://prometheus.example.com',
				input: 'url',
				secret: false,
				required: true,
				pattern: '^https?:\\/\\/[^\\s/]+'
			},
			{
				key: 'username',
				label: 'User name',
				help: 'Only if the address asks for a user name and password.',
				input: 'text',
				secret: false,
				required: false,
				pattern: '^\\P{Cc}*$'
			},
			{
				key: 'password',
				label: 'Password',
				help: 'Goes with the user name.',
				input: 'secret',
				secret: true,
				required: false,
				pattern: '^\\P{Cc}*$'
			},
			{
				key: 'token',
				label: 'Bearer token',
				help: 'Only if the address asks for a token instead.',
				input: 'secret',
				secret: true,
				required: false,
				pattern: '^[\\x21-\\x7e]*$'
			}
		],
		settingsFields: [
			{
				key: 'queries',
				label: 'Your own metrics',
				help: 'One PromQL expression each that gives a single series; its value at the end of the day counts. Write $day for the length of the day: increase(orders_total[$day]).',
				input: 'rows',
				columns: [
					{ key: 'name', label: 'Name', placeholder: 'Orders' },
					{ key: 'query', label: 'PromQL', placeholder: 'sum(increase(orders_total[$day]))' }
				],
				secret: false,
				required: false
			}
		],
		metrics: [
			{
				id: 'prometheus.targets_up',
				name: 'Targets up',
				description: 'Scrape targets that answered, on average over the day, looked at every 5 minutes.',
				unit: 'number',
				aggregation: 'average',
				direction: 'up',
				group: 'server',
				rank: 2,
				source: 'events',
				historyDays: null
			},
			{
				id: 'prometheus.targets_down',
				name: 'Targets down',
				description: 'The most scrape targets that failed at the same moment of the day, looked at every 5 minutes.',
				unit: 'count',
				aggregation: 'max',
				direction: 'down',
				group: 'server',
				rank: 3,
				source: 'events',
				historyDays: null
			},
			{
				id: 'prometheus.samples_ingested',
				name: 'Samples ingested',
				description:
					'Samples taken in that day, from the counters of every Prometheus that is scraped (by itself, as a rule).',
				unit: 'count',
				aggregation: 'sum',
				direction: 'neutral',
				group: 'server',
				rank: 5,
				source: 'events',
				historyDays: null
			},
			{
				id: 'prometheus.head_series',
				name: 'Series in memory',
				description:
					'Active series at the end of the day, from every Prometheus that is scraped (by itself, as a rule).',
				unit: 'count',
				aggregation: 'last',
				direction: 'neutral',
				group: 'server',
				rank: 4,
				source: 'events',
				historyDays: null
			},
			{
				id: 'prometheus.custom',
				name: 'Your own metrics',
				description: 'The value of each of your PromQL expressions at the end of the day; today, the value now.',
				unit: 'number',
				aggregation: 'last',
				direction: 'neutral',
				group: 'custom',
				dimension: { key: 'name', label: 'Name' },
				rank: 1,
				source: 'events',
				historyDays: null
			}
		],
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 90,
		allowedHosts: [],
		docsUrl: 'https://prometheus.io/docs/prometheus/latest/querying/api/',
		sample: false
	},
	sample: {
		id: 'sample',
		name: 'Sample data',
		description: 'A made-up coffee shop, to look around before you connect anything.',
		category: 'Sample data',
		icon: '/integrations/sample.svg',
		authType: 'none',
		oauthProvider: null,
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
	},
	stripe: {
		id: 'stripe',
		name: 'Stripe',
		description: 'Revenue, subscriptions, refunds, fees and balance, per currency.',
		category: 'Payments',
		icon: '/integrations/stripe.svg',
		authType: 'api_key',
		oauthProvider: null,
		credentialFields: [
			{
				key: 'apiKey',
				label: 'Restricted key',
				help: 'Make a restricted key with read access to Charges and Refunds, Customers, Disputes, Subscriptions, Prices, Coupons, Balance and Balance transaction sources. A test key (rk_test_…) shows test data.',
				helpUrl: 'https://dashboard.stripe.com/apikeys/create',
				placeholder: 'rk_live_…',
				input: 'secret',
				secret: true,
				required: true,
				pattern: '^[\\x21-\\x7e]*$'
			}
		],
		settingsFields: [],
		metrics: [
			{
				id: 'stripe.mrr',
				name: 'MRR',
				description:
					'What active and past-due subscriptions bring in a month: every interval turned into months, quantities, tiers and running discounts applied. Left out: metered items, trials, paused collection, one-time discounts, taxes. Its history grows from the day you connect.',
				unit: 'money',
				aggregation: 'last',
				direction: 'up',
				group: 'subscriptions',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Subscriptions: Read', 'Prices: Read', 'Coupons: Read'],
				rank: 1,
				source: 'snapshot',
				historyDays: 0
			},
			{
				id: 'stripe.gross_volume',
				name: 'Gross volume',
				description:
					'Captured charges by the day they were made, in the currency the customer paid, before refunds and fees. A day with pending charges or uncaptured authorisations is provisional.',
				unit: 'money',
				aggregation: 'sum',
				direction: 'up',
				group: 'payments',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Charges and Refunds: Read'],
				rank: 2,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.net_volume',
				name: 'Net volume',
				description:
					'What stayed in the balance: payments less refunds, disputes and fees, in the currency it is settled in. Payouts, top-ups and reserves are not counted.',
				unit: 'money',
				aggregation: 'sum',
				direction: 'up',
				group: 'balance_transactions',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Balance transaction sources: Read'],
				rank: 3,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.successful_payments',
				name: 'Successful payments',
				description: 'Captured charges by the day they were made, in all currencies.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'up',
				group: 'payments',
				scopes: ['Charges and Refunds: Read'],
				rank: 5,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.failed_payments',
				name: 'Failed payments',
				description: 'Charges that failed, by the day they were tried; every retry counts.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'down',
				group: 'payments',
				scopes: ['Charges and Refunds: Read'],
				rank: 8,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.refunds',
				name: 'Refunds',
				description:
					'Money given back, by the day of the refund, in the currency of the charge. Failed refunds do not count.',
				unit: 'money',
				aggregation: 'sum',
				direction: 'down',
				group: 'refunds',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Charges and Refunds: Read'],
				rank: 9,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.fees',
				name: 'Fees',
				description: 'What Stripe took, on payments and billed apart, in the currency it is settled in.',
				unit: 'money',
				aggregation: 'sum',
				direction: 'down',
				group: 'balance_transactions',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Balance transaction sources: Read'],
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.new_customers',
				name: 'New customers',
				description: 'Customers created on the day. Customers deleted before they were read are not counted.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'up',
				group: 'customers',
				scopes: ['Customers: Read'],
				rank: 6,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.disputes',
				name: 'Disputes',
				description: 'Disputes opened on the day, whatever became of them.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'down',
				group: 'disputes',
				scopes: ['Disputes: Read'],
				rank: 10,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.active_subscriptions',
				name: 'Active subscriptions',
				description:
					'Subscriptions that bill now: active or past due, collection not paused. Trials are counted apart.',
				unit: 'count',
				aggregation: 'last',
				direction: 'up',
				group: 'subscriptions',
				scopes: ['Subscriptions: Read'],
				rank: 4,
				source: 'snapshot',
				historyDays: 0
			},
			{
				id: 'stripe.trials',
				name: 'Trials',
				description: 'Subscriptions in their trial now.',
				unit: 'count',
				aggregation: 'last',
				direction: 'up',
				group: 'subscriptions',
				scopes: ['Subscriptions: Read'],
				source: 'snapshot',
				historyDays: 0
			},
			{
				id: 'stripe.churned_subscriptions',
				name: 'Churned subscriptions',
				description: 'Subscriptions that ended on the day, trials that were cancelled included.',
				unit: 'count',
				aggregation: 'sum',
				direction: 'down',
				group: 'churn',
				scopes: ['Subscriptions: Read'],
				rank: 7,
				source: 'events',
				historyDays: null
			},
			{
				id: 'stripe.balance_available',
				name: 'Available balance',
				description: 'Money at Stripe that can be paid out now. It can be negative.',
				unit: 'money',
				aggregation: 'last',
				direction: 'neutral',
				group: 'balance',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Balance: Read'],
				rank: 11,
				source: 'snapshot',
				historyDays: 0
			},
			{
				id: 'stripe.balance_pending',
				name: 'Pending balance',
				description: 'Money at Stripe that becomes available later.',
				unit: 'money',
				aggregation: 'last',
				direction: 'neutral',
				group: 'balance',
				dimension: { key: 'currency', label: 'Currency' },
				scopes: ['Balance: Read'],
				source: 'snapshot',
				historyDays: 0
			}
		],
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 730,
		allowedHosts: ['api.stripe.com'],
		docsUrl: 'https://docs.stripe.com/api',
		sample: false
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
