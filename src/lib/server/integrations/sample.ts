import { z } from 'zod';
import { fetchSampleMetrics, testSampleConnection } from '../../../convex/integrations/sample.ts';
import type { FetchRequest } from '../../../convex/lib/contract.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { BaseIntegration } from './base.ts';
import { integrationRegistry } from './registry.ts';

const credentials = z.object({});
const settings = z.object({});
type Settings = z.infer<typeof settings>;

const currency = { key: 'currency', label: 'Currency' };
const past = { source: 'events', historyDays: 400 } as const;

const metrics: readonly MetricDefinition[] = [
	{
		id: 'sample.revenue',
		name: 'Revenue',
		description: 'Paid orders, before refunds. The last three days may still be restated.',
		unit: 'money',
		aggregation: 'sum',
		direction: 'up',
		group: 'business',
		dimension: currency,
		rank: 1,
		...past
	},
	{
		id: 'sample.mrr',
		name: 'MRR',
		description: 'What the coffee subscriptions bring in a month.',
		unit: 'money',
		aggregation: 'last',
		direction: 'up',
		group: 'business',
		dimension: currency,
		rank: 2,
		...past
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
		...past
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
		...past
	},
	{
		id: 'sample.refunds',
		name: 'Refunds',
		description: 'Money given back. Days without a refund say so.',
		unit: 'money',
		aggregation: 'sum',
		direction: 'down',
		group: 'business',
		dimension: currency,
		rank: 8,
		...past
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
		...past
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
		...past
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
		...past
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
		...past
	},
	{
		id: 'sample.requests',
		name: 'Requests per second',
		description: 'Mean load of the shop.',
		unit: 'rate',
		aggregation: 'average',
		direction: 'neutral',
		group: 'product',
		...past
	},
	{
		id: 'sample.storage',
		name: 'Storage',
		description: 'Disk space in use.',
		unit: 'bytes',
		aggregation: 'last',
		direction: 'neutral',
		group: 'product',
		...past
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
];

class SampleIntegration extends BaseIntegration<typeof credentials, typeof settings> {
	readonly id = 'sample';
	readonly name = 'Sample data';
	readonly description = 'A made-up coffee shop, to look around before you connect anything.';
	readonly category = 'Sample data';
	readonly authType = 'none';
	readonly credentials = credentials;
	readonly settings = settings;
	readonly metrics = metrics;

	testConnection() {
		return testSampleConnection();
	}

	fetchMetrics(given: z.infer<typeof credentials>, request: FetchRequest<Settings>) {
		return fetchSampleMetrics(given, request);
	}
}

integrationRegistry.register(new SampleIntegration());
