import { z } from 'zod';
import { fetchPrometheusMetrics, testPrometheusConnection } from '../../../convex/integrations/prometheus.ts';
import type { FetchRequest, IntegrationContext } from '../../../convex/lib/contract.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { BaseIntegration } from './base.ts';
import { passwordField, rowsField, secretField, textField, urlField } from './fields.ts';
import { integrationRegistry } from './registry.ts';

const credentials = z.object({
	baseUrl: urlField({
		label: 'Address',
		help: 'Where the web page of Prometheus (or VictoriaMetrics, Thanos, Mimir) is. This server must be able to reach it.',
		placeholder: 'https://prometheus.example.com'
	}),
	username: textField({
		label: 'User name',
		help: 'Only if the address asks for a user name and password.'
	}).optional(),
	password: passwordField({ label: 'Password', help: 'Goes with the user name.' }).optional(),
	token: secretField({ label: 'Bearer token', help: 'Only if the address asks for a token instead.' }).optional()
});

const settings = z.object({
	queries: rowsField(['name', 'query'], {
		label: 'Your own metrics',
		help:
			'One PromQL expression each that gives a single series; its value at the end of the day counts. ' +
			'Write $day for the length of the day: increase(orders_total[$day]).',
		columns: [
			{ key: 'name', label: 'Name', placeholder: 'Orders' },
			{ key: 'query', label: 'PromQL', placeholder: 'sum(increase(orders_total[$day]))' }
		]
	})
});

const shared = { source: 'events', historyDays: null } as const;

const metrics: readonly MetricDefinition[] = [
	{
		id: 'prometheus.targets_up',
		name: 'Targets up',
		description: 'Scrape targets that answered, on average over the day, looked at every 5 minutes.',
		unit: 'number',
		aggregation: 'average',
		direction: 'up',
		group: 'server',
		rank: 2,
		...shared
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
		...shared
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
		...shared
	},
	{
		id: 'prometheus.head_series',
		name: 'Series in memory',
		description: 'Active series at the end of the day, from every Prometheus that is scraped (by itself, as a rule).',
		unit: 'count',
		aggregation: 'last',
		direction: 'neutral',
		group: 'server',
		rank: 4,
		...shared
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
		...shared
	}
];

class PrometheusIntegration extends BaseIntegration<typeof credentials, typeof settings> {
	readonly id = 'prometheus';
	readonly name = 'Prometheus';
	readonly description = 'Targets, samples, and any PromQL expression you care about, day by day.';
	readonly category = 'Monitoring';
	readonly authType = 'api_key';
	readonly credentials = credentials;
	readonly settings = settings;
	readonly metrics = metrics;

	testConnection(given: z.infer<typeof credentials>, context: IntegrationContext) {
		return testPrometheusConnection(given, context);
	}

	fetchMetrics(given: z.infer<typeof credentials>, request: FetchRequest<z.infer<typeof settings>>) {
		return fetchPrometheusMetrics(given, request);
	}
}

integrationRegistry.register(new PrometheusIntegration());
